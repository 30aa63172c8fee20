"""The pages on which a person types the code of a host without a browser, and decides.

Nothing is decided by a GET, and no address has a code in it.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_http_methods

from accounts import reauthentication, stepup, throttle
from accounts.reauthentication import PasswordForm
from accounts.sessions import hash_session_key
from core import audit
from core.audit import Event
from core.error_pages import error_response, name_request
from core.errors import CooperError, Invalid, Unavailable
from core.http import login_redirect, post_only
from core.requests import CooperRequest
from sso_portal import device_codes
from sso_portal.device_codes import Waiting

View = Callable[[CooperRequest], HttpResponse]

TOO_SLOW = "That took more than 5 minutes. Type the code again."
ALLOWED = "Allowed. The tool goes on by itself within some seconds; look there."
DENIED = "Denied. The tool that showed the code gets nothing, and the code is good no more."


class CodeForm(forms.Form):
    """The code that the tool shows."""

    user_code = stepup.letters_field(
        "Code", "8 letters, as in BCDF-GHJK, that the tool shows. The hyphen does not matter."
    )


def for_members(view: View) -> View:
    """Let a view be for members of the groups that may allow by a code; others are told so."""

    @wraps(view)
    def guarded(request: CooperRequest) -> HttpResponse:
        if request.identity is None:
            return login_redirect(resolve_url("device-code"))
        refusal = device_codes.why_not_for(request.identity)
        if refusal:
            return error_response(request, 403, refusal)
        return view(request)

    return guarded


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def device_code(request: CooperRequest) -> HttpResponse:
    """Ask for the code; by POST, show who waits for it, and ask for a yes."""
    if request.method != "POST":
        return _code_page(request, CodeForm(), _password_form(request))

    form = CodeForm(request.POST)
    password = _password_form(request, request.POST)
    if not form.is_valid():
        return _code_page(request, form, password, 400)

    try:
        _demand_fresh(request, password)
        waiting = _waiting(request)
    except Unavailable:
        # nothing was looked at
        raise
    except CooperError as error:
        return _refused(request, form, password, error)
    return _question(request, waiting)


@post_only("device-code")
@for_members
def decide(request: CooperRequest) -> HttpResponse:
    """Write the person's yes or no."""
    decision = request.POST.get("decision")
    if decision == "allow" and not reauthentication.signed_in_recently(request):
        messages.warning(request, TOO_SLOW)
        return HttpResponseRedirect(resolve_url("device-code"))

    try:
        if decision not in ("allow", "deny"):
            raise Invalid("Choose Allow or Deny.", "no decision")
        _write_decision(request, _waiting(request), is_allowed=decision == "allow")
    except Unavailable:
        # whether it was written is not known: the tool will tell
        raise
    except CooperError as error:
        return _refused(request, CodeForm(request.POST), _password_form(request), error)

    messages.success(request, ALLOWED if decision == "allow" else DENIED)
    return HttpResponseRedirect(resolve_url("command-line"))


# -- the code --------------------------------------------------------------------------------------
def _waiting(request: CooperRequest) -> Waiting:
    typed = request.POST.get("user_code", "")
    return device_codes.find_waiting(typed, request.identity, request.client_address)


def _write_decision(request: CooperRequest, waiting: Waiting, *, is_allowed: bool) -> None:
    device_codes.decide(
        waiting,
        request.identity,
        is_allowed=is_allowed,
        web_session=hash_session_key(str(request.session.session_key)),
        authenticated_at=_authenticated_at(request),
        address=request.client_address,
    )


def _authenticated_at(request: CooperRequest) -> datetime:
    moment = reauthentication.authenticated_at(request)
    if not moment:
        raise Invalid("Sign in again.", "nothing says when the person signed in")
    return moment


# -- a fresh sign-in -------------------------------------------------------------------------------
def _password_form(request: CooperRequest, data: object = None) -> PasswordForm | None:
    """Return the form that asks for the password, None where none is needed, or there is none."""
    if reauthentication.signed_in_recently(request):
        return None
    return reauthentication.password_form(request.identity, data)


def _demand_fresh(request: CooperRequest, password: PasswordForm | None) -> None:
    """Demand a sign-in of the last minutes, or the password now; raise Invalid."""
    if reauthentication.signed_in_recently(request):
        return
    if not password:
        raise Invalid("You signed in too long ago for this. Sign in again.", "sign-in is not fresh")
    reauthentication.take_password(request, request.identity, password)


# -- pages -----------------------------------------------------------------------------------------
def _code_page(
    request: CooperRequest, form: CodeForm, password: PasswordForm | None, status: int = 200
) -> HttpResponse:
    here = resolve_url("device-code")
    is_fresh = reauthentication.signed_in_recently(request)
    context = {
        "form": form,
        "password_form": password,
        "must_sign_in_again": not is_fresh and not password,
        "sign_in_again_url": reauthentication.sign_in_again_url(request, request.identity, here),
    }
    return render(request, "sso_portal/device_code.html", context, status=status)


def _refused(
    request: CooperRequest, form: CodeForm, password: PasswordForm | None, error: CooperError
) -> HttpResponse:
    """Show the error on the field that it is about."""
    name_request(request, error)
    field_name = getattr(error, "field", "")
    if password and field_name == "password":
        # its own check has said so, where nothing was typed
        if not password.errors:
            password.add_error("password", error.message)
        audit.record(Event.COMMAND_LINE_REFUSED, target=request.identity.person, why=error.detail)
    else:
        form.add_error(field_name or None, error.message)
    return _code_page(request, form, password, error.status)


def _question(request: CooperRequest, waiting: Waiting) -> HttpResponse:
    here = throttle.source_of(request.client_address)
    there = throttle.source_of(waiting.address)
    context = {
        "waiting": waiting,
        "address": request.client_address,
        "is_same_address": here == there != throttle.UNKNOWN_SOURCE,
    }
    return render(request, "sso_portal/device_code_question.html", context)
