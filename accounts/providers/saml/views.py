"""What `/saml2/...` answers: our metadata, the assertion consumer service, the way back from a sign-out."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from djangosaml2.views import MetadataView
from saml2.config import SPConfig

from accounts import entitlement_hooks
from accounts.identity import parse_groups
from accounts.models import SamlIdp
from accounts.providers.base import AuthResult, SignInRefused, SignInStep
from accounts.providers.saml import idps, keys, message_guard, requests
from accounts.providers.saml.attributes import identity_of, notice_of
from accounts.providers.saml.constants import qname
from accounts.providers.saml.place import place_of
from accounts.providers.saml.pysaml2_client import engine_for, sp_config
from accounts.providers.saml.safe_xml import Rejected, parse, text_in
from accounts.providers.saml.validation import Assertion, ExpectedResponse
from accounts.providers.saml.xmlsec import folder_for
from core import audit
from core.audit import Event
from core.errors import Refused

BODY_LIMIT = 2_300_000
"""Bytes of a posted form: a message of the largest size in base64, with what the form's coding adds."""

LONGEST = timedelta(hours=8)
"""How long a web session lasts at most: SAML tells nobody that somebody was removed from a group."""

LOOP = 120
"""Seconds in which a second answer without a request is a loop."""

NO = "This sign-in did not hold. Try again; if it stays so, tell an administrator the number below."
NOT_ASKED = "cooper did not ask for this sign-in in this browser, or it took longer than 15 minutes. Sign in again."
LOOPING = (
    "{label} does not say which request it answers. An administrator has to look at its settings."
)
FROM_ELSEWHERE = "cooper ends nothing because another site says so. Sign out in cooper itself."


class _Metadata(MetadataView):  # type: ignore[misc]
    """djangosaml2's metadata of us."""

    def get_sp_config(self, request: HttpRequest) -> SPConfig:
        """Return pysaml2's configuration of us."""
        stamp = keys.stamp()
        if not stamp or not keys.stored():
            raise Http404
        return sp_config(place_of(request), folder_for(stamp), None)


def metadata(request: HttpRequest) -> HttpResponse:
    """Describe us to identity providers, without the list of (weak) algorithms that xmlsec1 knows."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    root = parse(_Metadata.as_view()(request).content)
    for extensions in root.findall(qname("md:Extensions")):
        root.remove(extensions)
    return HttpResponse(
        ET.tostring(root, xml_declaration=True, encoding="utf-8"), content_type="application/xml"
    )


def signed_out(request: HttpRequest) -> HttpResponse:
    """Take the way back from an identity provider's sign-out; nothing that comes here changes anything."""
    if "SAMLRequest" in request.GET or request.method not in ("GET", "HEAD"):
        raise Refused(FROM_ELSEWHERE, "a sign-out from elsewhere")
    return HttpResponseRedirect(f"{resolve_url('login')}?signed-out=1")


def acs(request: HttpRequest) -> SignInStep:
    """Take an identity provider's answer; a message that breaks any rule gets one page, and its reason is logged."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        return _taken(request)
    except Rejected as error:
        raise SignInRefused(NO, str(error)) from error


def posted(request: HttpRequest) -> tuple[str, str]:
    """Return the SAMLResponse and RelayState that were posted; raise Rejected."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > BODY_LIMIT:
        raise Rejected("size", f"a form of {length[:20]} bytes")
    if request.content_type != "application/x-www-form-urlencoded":
        raise Rejected("form", f"a form of type {(request.content_type or '')[:60]!r}")
    try:
        fields = parse_qsl(
            request.read(int(length)).decode("ascii"), keep_blank_values=True, max_num_fields=20
        )
    except ValueError as error:
        raise Rejected("form", "a form that cannot be read") from error
    messages = [value for name, value in fields if name == "SAMLResponse"]
    states = [value for name, value in fields if name == "RelayState"]
    if len(messages) != 1 or len(states) > 1:
        raise Rejected("form", f"{len(messages)} messages, {len(states)} states")
    return messages[0], states[0] if states else ""


def _taken(request: HttpRequest) -> SignInStep:
    """Return who is vouched for, or where to go on; raise Rejected or SignInRefused."""
    message, state = posted(request)
    raw = message_guard.decoded(message)
    root = message_guard.guarded(raw)
    answered = root.get("InResponseTo")
    if not answered:
        return _bounced(request, root, state)
    wanted = requests.pending(request).get(answered)
    if wanted is None:
        raise SignInRefused(
            NOT_ASKED, f"request: in response to {answered[:100]!r}, not of this browser"
        )
    known = idps.current()
    idp = known.by_name.get(wanted.provider)
    if idp is None or not idps.is_valid(idp):
        raise SignInRefused(
            NOT_ASKED, f"the identity provider {wanted.provider} is gone, or its metadata ended"
        )
    try:
        said = _judged(request, raw, root, idp, known.stamp, wanted)
    except Rejected as error:
        if wanted.trying:
            return _tried(request, idp, None, str(error))
        raise
    requests.use_up(str(idp.name), answered, said.assertion_id)
    requests.forget(request, answered)
    return _tried(request, idp, said, "") if wanted.trying else _vouched(idp, said, wanted)


def _judged(
    request: HttpRequest,
    raw: bytes,
    root: ET.Element,
    idp: SamlIdp,
    stamp: int,
    wanted: requests.Request,
) -> Assertion:
    """Return what a message says, once its signatures hold and it is meant for us, now, and for this request."""
    place, answered = place_of(request), root.get("InResponseTo", "")
    expected = ExpectedResponse(
        entity_id=str(idp.entity_id),
        audience=place.entity_id,
        acs=place.acs,
        request_id=answered,
        asked_at=datetime.fromtimestamp(wanted.at, UTC),
        fresh=wanted.fresh,
    )
    return engine_for(place, idp, stamp).verified(raw, root, expected, datetime.now(UTC))


def _bounced(request: HttpRequest, root: ET.Element, state: str) -> HttpResponse:
    """Lead a tile at the identity provider to our own sign-in there; the message itself is used for nothing."""
    issuer = text_in(root.find(qname("saml:Issuer")))
    idp = idps.current(oldest=idps.LISTED_FOR).named(issuer)
    if idp is None:
        raise SignInRefused(NOT_ASKED, f"unsolicited, from {issuer[:100]!r}")
    now = datetime.now(UTC).timestamp()
    if any(
        each.bounced and each.provider == idp.name and now - each.at < LOOP
        for each in requests.pending(request).values()
    ):
        raise SignInRefused(LOOPING.format(label=idp.label), "a second answer without InResponseTo")
    target = reverse("login-with", args=[str(idp.name)])
    return HttpResponseRedirect(f"{target}?{urlencode({'bounced': '1', 'next': state})}")


def _vouched(idp: SamlIdp, said: Assertion, wanted: requests.Request) -> AuthResult:
    """Return the person with what this sign-in means for their web session."""
    longest = datetime.now(UTC) + LONGEST
    facts = {"subject": said.subject, "session_index": said.session_index, **said.name_id}
    return AuthResult(
        identity_of(idp, said),
        next_page=wanted.next,
        session_ends_at=min(said.ends_at or longest, longest),
        notice=notice_of(idp, said.attributes),
        sign_out_facts=tuple(facts.items()),
    )


def _tried(
    request: HttpRequest, idp: SamlIdp, said: Assertion | None, refused: str
) -> HttpResponse:
    """Show what an assertion said and what it would entitle to, or why it was refused; nobody is signed in."""
    audit.record(Event.IDP_TRIED, object=idp.name, why=refused or None)
    shown: dict[str, Any] = {"idp": idp, "said": said, "refused": refused}
    if said is not None:
        identity, admins = identity_of(idp, said), parse_groups(settings.COOPER_ADMIN_GROUPS)
        shown |= {
            "identity": identity,
            "groups": [(str(group), group in admins) for group in sorted(identity.groups)],
            "targets": entitlement_hooks.target_names_of(identity),
            "notice": notice_of(idp, said.attributes),
        }
    return render(request, "accounts/saml_try.html", shown, status=400 if refused else 200)
