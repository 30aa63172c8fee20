"""`/saml2/acs/`, the assertion consumer service: what happens to an identity provider's response.

In this order, and the first that fails ends it (`_process_response` has the same numbers):

1. The form is read, its base64 decoded: `read_form`, `message_guard.decode_message`.
2. The XML is parsed with limits, without DOCTYPE or comments: `safe_xml`.
3. The message keeps to a small grammar; IDs, the places of signatures and all algorithms are
   checked: `message_guard.parse_response`.
4. It answers a request of this browser, to an identity provider that is connected.
5. Its signatures are that identity provider's: `SamlClient.verify_signatures`.
6. If it is encrypted, it is decrypted, and 2, 3 and 5 are done again with the result.
7. It is about us, and valid now: issuer, request, destination, confirmation, conditions,
   audience, age: `validation.validate`. Then pysaml2 does its own checks.
8. The request and the assertion are used up, for all processes: `requests.use_once`.
9. The assertion becomes an identity with groups: `attributes`.

Sources: SAML Bindings 3.5 (HTTP-POST), SAML Profiles 4.1.4 (web browser SSO).
"""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from accounts import entitlement_hooks
from accounts.identity import parse_groups
from accounts.models import SamlIdp
from accounts.providers.base import AuthResult, SignInRefused, SignInStep
from accounts.providers.saml import idps, last_look, message_guard, requests
from accounts.providers.saml.attributes import build_identity, groups_notice
from accounts.providers.saml.constants import NAMEID_PERSISTENT, qname
from accounts.providers.saml.idps import ConnectedIdps
from accounts.providers.saml.pysaml2_client import client_for
from accounts.providers.saml.requests import AuthnRequest
from accounts.providers.saml.safe_xml import Rejected, element_text
from accounts.providers.saml.service_provider import get_service_provider
from accounts.providers.saml.status import SignInFailed, explain
from accounts.providers.saml.validation import Assertion, ExpectedResponse
from core import audit
from core.audit import Event

BODY_LIMIT = 2_300_000
"""Bytes of a posted form: the largest message in base64, with what the form's encoding adds."""

FIELDS_LIMIT = 20

LONGEST_SESSION = timedelta(hours=8)
"""How long a web session lasts at most: SAML does not tell when somebody leaves a group."""

LOOP_SECONDS = 120
"""A third unsolicited response within this time is a loop."""

BOUNCES_LIMIT = 2

NOT_VERIFIED = (
    "Your sign-in could not be verified. Try again. If it fails again, give an administrator the "
    "number below."
)
NOT_STARTED_HERE = (
    "This sign-in was not started in this browser, or it took longer than 15 minutes. "
    "Sign in again."
)
NO_REQUEST_NAMED = (
    "{label} does not say which request it answers. Ask an administrator to check its settings."
)


def consume_assertion(request: HttpRequest) -> SignInStep:
    """Return who signed in, or a response that leads on. Raise SignInRefused.

    Whatever rule a message breaks, the person sees the same page; the rule is in the log.
    """
    if request.method in ("GET", "HEAD"):
        # reloaded, or typed: a response comes by POST alone
        return redirect("login")
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        return _process_response(request)
    except SignInFailed as failure:
        return _refuse_failure(request, failure)
    except Rejected as error:
        raise SignInRefused(NOT_VERIFIED, str(error)) from error


def _process_response(request: HttpRequest) -> SignInStep:
    """Take the steps of this module's docstring. Raise Rejected or SignInRefused."""
    # 1 to 3: form, XML, grammar
    encoded_message, relay_state = read_form(request)
    xml = message_guard.decode_message(encoded_message)
    response = message_guard.parse_response(xml)

    # 4: the request that it answers
    request_id = response.get("InResponseTo")
    if not request_id:
        return _restart_sign_in(request, response, relay_state)
    authn_request = _get_pending_request(request, request_id)
    connected = idps.current()
    idp = _get_idp(connected, authn_request)

    # 5 to 7: signatures, decryption, what it says
    try:
        assertion = _verify(request, xml, response, connected.stamp, idp, authn_request)
    except Rejected as error:
        if authn_request.trying:
            return _show_failed_test(request, idp, str(error))
        raise

    # 8: single use
    next_page = authn_request.next or reverse("home")
    requests.use_once(str(idp.name), request_id, assertion.assertion_id, next_page)

    # 9: the identity
    if authn_request.trying:
        return _show_test(request, idp, assertion)
    return _build_result(idp, assertion, authn_request)


def _refuse_failure(request: HttpRequest, failure: SignInFailed) -> HttpResponse:
    """Say why the identity provider signed nobody in. Raise SignInRefused.

    Nothing of such a response is verified, and nothing rests on it: it may choose between
    sentences of ours, for a browser that asked.
    """
    authn_request = _get_pending_request(request, failure.request_id)
    idp = _get_idp(idps.current(), authn_request)
    if authn_request.trying:
        return _show_failed_test(request, idp, str(failure))
    raise SignInRefused(explain(failure.status, str(idp.label)), str(failure))


# -- the form --


def read_form(request: HttpRequest) -> tuple[str, str]:
    """Return the posted SAMLResponse and RelayState, each there once at most. Raise Rejected.

    SAML Bindings 3.5.4. Django's own parser would take the last of several, and files.
    """
    content_length = request.META.get("CONTENT_LENGTH") or "0"
    if not content_length.isdecimal() or int(content_length) > BODY_LIMIT:
        raise Rejected("size", f"a form of {content_length[:20]} bytes")
    if request.content_type != "application/x-www-form-urlencoded":
        raise Rejected("form", f"a form of type {(request.content_type or '')[:60]!r}")

    try:
        body = request.read(int(content_length)).decode("ascii")
        fields = parse_qsl(body, keep_blank_values=True, max_num_fields=FIELDS_LIMIT)
    except ValueError as error:
        raise Rejected("form", "a form that cannot be read") from error

    messages = [value for name, value in fields if name == "SAMLResponse"]
    states = [value for name, value in fields if name == "RelayState"]
    if len(messages) != 1 or len(states) > 1:
        raise Rejected("form", f"{len(messages)} messages, {len(states)} states")
    return messages[0], states[0] if states else ""


# -- the request that it answers --


def _get_pending_request(request: HttpRequest, request_id: str) -> AuthnRequest:
    """Return this browser's request. Raise SignInRefused.

    A response to somebody else's request would sign this browser in as that person (login CSRF).
    """
    authn_request = requests.pending(request).get(request_id)
    if authn_request is None:
        raise SignInRefused(
            NOT_STARTED_HERE,
            f"request: in response to {request_id[:100]!r}, not of this browser",
        )
    return authn_request


def _get_idp(connected: ConnectedIdps, authn_request: AuthnRequest) -> SamlIdp:
    """Return the identity provider that was asked, if it is connected still and valid."""
    idp = connected.by_name.get(authn_request.provider)
    if idp is None or not idps.is_valid(idp):
        raise SignInRefused(
            NOT_STARTED_HERE,
            f"the identity provider {authn_request.provider} is gone, or its metadata ended",
        )
    return idp


def _restart_sign_in(request: HttpRequest, response: ET.Element, relay_state: str) -> HttpResponse:
    """Answer an unsolicited response (a tile at the identity provider) by a sign-in of our own.

    SAML Profiles 4.1.5. The message is not verified and used for nothing but the issuer's name.
    """
    issuer = element_text(response.find(qname("saml:Issuer")))
    idp = idps.current(max_age=idps.LISTING_MAX_AGE).with_entity_id(issuer)
    if idp is None:
        raise SignInRefused(NOT_STARTED_HERE, f"unsolicited, from {issuer[:100]!r}")

    # an identity provider that never sends InResponseTo would be asked for ever
    now = datetime.now(UTC).timestamp()
    bounces = 0
    for earlier in requests.pending(request).values():
        if earlier.bounced and earlier.provider == idp.name and now - earlier.at < LOOP_SECONDS:
            bounces += 1
    if bounces >= BOUNCES_LIMIT:
        raise SignInRefused(
            NO_REQUEST_NAMED.format(label=idp.label),
            "a third answer without InResponseTo",
        )

    sign_in_url = reverse("login-with", args=[str(idp.name)])
    query = urlencode({"bounced": "1", "next": relay_state})
    return HttpResponseRedirect(f"{sign_in_url}?{query}")


# -- signatures, decryption, validation --


def _verify(
    request: HttpRequest,
    xml: bytes,
    response: ET.Element,
    stamp: int,
    idp: SamlIdp,
    authn_request: AuthnRequest,
) -> Assertion:
    """Return the assertion if it is signed and valid for us, now, and this request."""
    sp = get_service_provider(request)
    expected = ExpectedResponse(
        entity_id=str(idp.entity_id),
        audience=sp.entity_id,
        acs=sp.acs,
        request_id=response.get("InResponseTo", ""),
        requested_at=datetime.fromtimestamp(authn_request.at, UTC),
        force_authn=authn_request.fresh,
    )
    client = client_for(sp, idp, stamp)
    return client.verify_response(xml, response, expected, datetime.now(UTC))


# -- the identity --


def _build_result(idp: SamlIdp, assertion: Assertion, authn_request: AuthnRequest) -> AuthResult:
    """Return the identity, and what this sign-in means for the web session."""
    latest_end = datetime.now(UTC) + LONGEST_SESSION
    session_ends_at = min(assertion.session_ends_at or latest_end, latest_end)
    # `SamlProvider.sign_out_url` gets these back
    sign_out_facts = {
        "subject": assertion.subject,
        "session_index": assertion.session_index,
        **assertion.name_id,
    }
    return AuthResult(
        build_identity(idp, assertion),
        # SAML Core 8.3.7: an opaque id, not a name
        subject_is_opaque=assertion.name_id.get("Format") == NAMEID_PERSISTENT,
        next_page=authn_request.next,
        session_ends_at=session_ends_at,
        notice=groups_notice(idp, assertion.attributes),
        sign_out_facts=tuple(sign_out_facts.items()),
        verified_by=last_look.fingerprint_of(idp),
    )


# -- test sign-ins (`cooper -saml try`): nobody is signed in --


def _show_test(request: HttpRequest, idp: SamlIdp, assertion: Assertion) -> HttpResponse:
    """Show what an assertion says, and what it would entitle to."""
    audit.record(Event.IDP_TRIED, object=idp.name, why=None)
    identity = build_identity(idp, assertion)
    admin_groups = parse_groups(settings.COOPER_ADMIN_GROUPS)
    context: dict[str, Any] = {
        "idp": idp,
        "assertion": assertion,
        "identity": identity,
        "groups": [(str(group), group in admin_groups) for group in sorted(identity.groups)],
        "targets": entitlement_hooks.target_names_of(identity),
        "notice": groups_notice(idp, assertion.attributes),
    }
    return render(request, "accounts/saml_try.html", context)


def _show_failed_test(request: HttpRequest, idp: SamlIdp, reason: str) -> HttpResponse:
    audit.record(Event.IDP_TRIED, object=idp.name, why=reason)
    context = {"idp": idp, "refused": reason}
    return render(request, "accounts/saml_try.html", context, status=400)
