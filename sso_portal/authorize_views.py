"""The page on which a person allows a command line to sign in as them."""

import time
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts import reauthentication
from accounts.reauthentication import PasswordForm
from accounts.sessions import hash_session_key
from core import audit
from core.audit import Event
from core.error_pages import error_response
from core.errors import Invalid
from core.http import login_redirect
from core.requests import CooperRequest
from sso_portal import registrations, signing_in
from sso_portal.protocol_errors import OidcRefusal
from sso_portal.signing_in import CHALLENGE, Authorization

LEAST_SECONDS = 3_600
"""A command line that would end before takes a sign-in anew, unless one has just been."""

STATE_LIMIT = 1_024
"""Characters of a client's `state`, which is given back as it came."""


WRONG_REDIRECT = (
    "This client did not register the address that it wants to be led back to. Where you started "
    "it yourself, remove the folder ~/.aws/sso/cache and run `aws sso login` again."
)


@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: CooperRequest) -> HttpResponse:
    """Ask the person; by POST, go back to the client with a code, or with the refusal.

    The question is all in the address, so that it is the same before and after signing in.
    """
    try:
        client = registrations.client_with(_parameter(request, "client_id"), int(time.time()))
    except OidcRefusal as refusal:
        return error_response(request, 400, refusal.description)

    redirect_uri = _parameter(request, "redirect_uri")
    if not client.may_redirect_to(redirect_uri):
        return error_response(request, 400, WRONG_REDIRECT)

    challenge = _challenge(request)
    if not challenge:
        return _back(request, redirect_uri, {"error": "invalid_request"})
    if request.identity is None:
        return login_redirect(request.get_full_path())

    return _answer(request, Authorization(client, redirect_uri, challenge))


def _challenge(request: CooperRequest) -> str:
    """Return the challenge of an S256 request for a code, "" for any other request."""
    challenge = _parameter(request, "code_challenge")
    is_code = _parameter(request, "response_type") == "code"
    is_s256 = _parameter(request, "code_challenge_method") == "S256"
    return challenge if is_code and is_s256 and CHALLENGE.fullmatch(challenge) else ""


def _answer(request: CooperRequest, authorization: Authorization) -> HttpResponse:
    """Ask the person, or do what they have said; whatever is no yes is a no."""
    is_allowed = request.POST.get("decision") == "allow"
    is_password = "password" in request.POST and "decision" not in request.POST
    if request.method == "POST" and not is_allowed and not is_password:
        return _denied(request, authorization)
    if _ends_soon(request):
        return _sign_in_anew(request, authorization)
    if is_allowed:
        return _allowed(request, authorization)
    return _question(request, authorization)


def _question(request: CooperRequest, authorization: Authorization) -> HttpResponse:
    # the answer to the form leads to the client, by redirect
    request.form_action = _origins(authorization.redirect_uri)

    context = {
        "client": authorization.client,
        "address": request.client_address,
        "ends_at": datetime.fromtimestamp(signing_in.end_for(_authenticated_at(request)), UTC),
    }
    return render(request, "sso_portal/authorize.html", context)


# -- a sign-in that is too old ---------------------------------------------------------------------
def _ends_soon(request: CooperRequest) -> bool:
    """Return whether the command line would end so soon that a sign-in comes first."""
    if reauthentication.signed_in_recently(request):
        return False
    return signing_in.end_for(_authenticated_at(request)) - time.time() < LEAST_SECONDS


def _sign_in_anew(request: CooperRequest, authorization: Authorization) -> HttpResponse:
    """Ask for a sign-in; a password that is right leads back to the question."""
    # a no leads to the client, by redirect
    request.form_action = _origins(authorization.redirect_uri)
    form = reauthentication.password_form(request.identity)
    status = 200

    if form and "password" in request.POST:
        form = PasswordForm(request.POST)
        try:
            reauthentication.take_password(request, request.identity, form)
            return HttpResponseRedirect(request.get_full_path())
        except Invalid as error:
            status = error.status
            # its own check has said so, where nothing was typed
            if not form.errors:
                form.add_error("password", error.message)

    here = request.get_full_path()
    seconds_left = signing_in.end_for(_authenticated_at(request)) - time.time()
    context = {
        "form": form,
        "minutes_left": max(0, int(seconds_left) // 60),
        "sign_in_again_url": reauthentication.sign_in_again_url(request, request.identity, here),
    }
    return render(request, "sso_portal/sign_in_anew.html", context, status=status)


# -- decided ---------------------------------------------------------------------------------------
def _denied(request: CooperRequest, authorization: Authorization) -> HttpResponse:
    audit.record(
        Event.COMMAND_LINE_DENIED,
        target=request.identity.person,
        client=authorization.client.name,
        why="denied by the person",
    )
    denial = {
        "error": "access_denied",
        "error_description": "You did not allow it.",
    }
    return _back(request, authorization.redirect_uri, denial)


def _allowed(request: CooperRequest, authorization: Authorization) -> HttpResponse:
    code = signing_in.allow(
        authorization,
        request.identity,
        hash_session_key(str(request.session.session_key)),
        _authenticated_at(request),
        request.client_address,
    )
    return _back(request, authorization.redirect_uri, {"code": code})


def _authenticated_at(request: CooperRequest) -> datetime:
    moment = reauthentication.authenticated_at(request)
    # without it nothing says when a command line would end: it would have ended long ago
    return moment or datetime.fromtimestamp(0, UTC)


def _back(request: CooperRequest, redirect_uri: str, answer: dict[str, str]) -> HttpResponse:
    """Go back to the client, on this very machine: its address was checked."""
    state = _parameter(request, "state")[:STATE_LIMIT]
    onward = f"{redirect_uri}?{urlencode({**answer, 'state': state})}"
    if request.method == "POST" and not _origins(redirect_uri):
        return render(request, "sso_portal/back.html", {"onward": onward})

    request.form_action = _origins(redirect_uri)
    return HttpResponseRedirect(onward)


def _origins(redirect_uri: str) -> list[str]:
    """Return what a Content-Security-Policy calls the client, nothing for an IPv6 address.

    Its grammar has none, and browsers would stop the redirect that answers a form.
    Source: https://www.w3.org/TR/CSP3/#grammardef-host-part
    """
    parts = urlsplit(redirect_uri)
    if ":" in (parts.hostname or ""):
        return []
    return [f"{parts.scheme}://{parts.netloc}"]


def _parameter(request: CooperRequest, name: str) -> str:
    return str(request.GET.get(name, ""))
