"""Signing in and out over HTTP."""

import logging
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts import administrators, login, throttle
from accounts.models import User
from accounts.providers import (
    AuthResult,
    Provider,
    ProviderRoute,
    SignInRefused,
    SignInStep,
    provider_for,
    providers,
)
from core import audit
from core.audit import Event
from core.errors import CooperError
from core.http import safe_next

logger = logging.getLogger(__name__)

FROM_ONE_SOURCE = 600
"""Steps of signing in at other providers that one source may take in a minute: many people share an address."""


def _next(request: HttpRequest) -> str:
    """Return the page of ours to go on to, or the first page."""
    return safe_next(request) or resolve_url("home")


def _form_provider() -> Provider | None:
    """Return the provider whose form is on the sign-in page itself."""
    return next((each for each in providers() if each.form_class), None)


def _page(request: HttpRequest, form: forms.Form | None, status: int = 200) -> HttpResponse:
    """Return the sign-in page."""
    buttons = [each for each in providers() if not each.form_class]
    return render(
        request,
        "accounts/login.html",
        {"form": form, "buttons": buttons, "next": _next(request)},
        status=status,
    )


def _elsewhere(request: HttpRequest) -> str:
    """Return where a visitor of the sign-in page goes at once: on when signed in, to the only way in, or ""."""
    if request.method == "POST":
        return ""
    if request.user.is_authenticated:
        return _next(request)
    used = [each for each in providers() if each.is_in_use()]
    if "signed-out" in request.GET or len(used) != 1 or used[0].form_class:
        return ""
    return f"{resolve_url('login-with', used[0].id)}?{urlencode({'next': _next(request)})}"


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the ways to sign in; POST is the form of local accounts."""
    elsewhere = _elsewhere(request)
    if elsewhere:
        return HttpResponseRedirect(elsewhere)
    provider = _form_provider()
    if provider is None or provider.form_class is None:
        return _page(request, None)
    if request.method != "POST":
        return _page(request, provider.form_class())
    form = provider.form_class(request.POST)
    if not form.is_valid():
        return _page(request, form, 400)
    try:
        _welcome(request, login.sign_in(request, provider.authenticate(request, form)))
    except SignInRefused as refused:
        return _refused(request, form, refused)
    return HttpResponseRedirect(_next(request))


def _welcome(request: HttpRequest, user: User) -> None:
    """Tell somebody who signed in what happened to their device meanwhile."""
    if user.stored_person.notice:
        messages.warning(request, str(user.stored_person.notice))
        login.clear_notice(user.stored_person)


def _refused(request: HttpRequest, form: forms.Form, refused: SignInRefused) -> HttpResponse:
    """Record the refusal and show the form again with its reason."""
    audit.record(Event.SIGN_IN_REFUSED, why=refused.detail)
    form.add_error(None, refused.message)
    return _page(request, form, 429 if refused.detail.startswith("throttled") else 403)


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_with(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Let a provider without a form answer; once it vouches, the web session begins."""
    provider = provider_for(provider_id)
    if provider is None or provider.form_class:
        raise Http404
    return _led(request, provider.start, provider=provider.id)


def _led(
    request: HttpRequest, ask: Callable[[HttpRequest], SignInStep], **facts: str
) -> HttpResponse:
    """Return where a provider leads; once it vouches, begin the web session. A refusal is recorded and has one page."""
    if throttle.count(f"led#{throttle.source_of(audit.context().source)}", 60) > FROM_ONE_SOURCE:
        # not recorded one by one: each writes, and nobody has proved anything yet
        slow = SignInRefused(
            f"Too many sign-ins from where you are. Wait {throttle.seconds_left(60)} s.",
            "throttled",
        )
        return _refusal(request, slow, 429)
    try:
        answer = ask(request)
        if isinstance(answer, HttpResponse):
            return answer
        vouched = answer if isinstance(answer, AuthResult) else AuthResult(answer)
        _welcome(request, login.sign_in(request, vouched))
    except SignInRefused as refused:
        audit.record(Event.SIGN_IN_REFUSED, why=refused.detail[:500], **facts)
        return _refusal(request, refused)
    if vouched.notice:
        messages.warning(request, vouched.notice)
    return HttpResponseRedirect(vouched.next_page or _next(request))


def _refusal(request: HttpRequest, refused: SignInRefused, status: int = 0) -> HttpResponse:
    """Return the one page for a sign-in that failed: what to do, a number, a way to try again; log the reason."""
    number = getattr(request, "id", "")
    logger.warning("request %s: sign-in refused: %r", number, refused.detail[:500])
    shown = {"message": refused.message, "number": number}
    return render(request, "accounts/refused.html", shown, status=status or refused.status)


def provider_view(route: ProviderRoute) -> Callable[[HttpRequest], HttpResponse]:
    """Return the view of an address that a kind of providers answers itself."""

    def view(request: HttpRequest) -> HttpResponse:
        """Let the providers answer."""
        return _led(request, route.handler)

    return csrf_exempt(view) if route.cross_site_post else view


@require_POST
def administrators_seen(request: HttpRequest) -> HttpResponse:
    """Note that an administrator was shown the new administrators up to a place in the record."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect(resolve_url("login"))
    if not request.user.is_admin:
        raise PermissionDenied
    administrators.acknowledge_new_admins(request.user.stored_person, request.POST.get("until", ""))
    return HttpResponseRedirect(resolve_url("admin:index"))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the web session here first, then lead on to the provider's own; the browser forgets what it kept."""
    identity, facts = request.identity, dict(request.session.get(login.SIGN_OUT_FACTS, {}))  # type: ignore[attr-defined]
    login.sign_out(request)
    provider, onward = None, ""
    try:
        provider = provider_for(identity.provider) if identity else None
        onward = provider.sign_out_url(request, facts) if provider and facts else ""
    except CooperError as error:
        logger.warning(
            "request %s: no sign-out at the provider: %s", getattr(request, "id", ""), error.detail
        )
    if onward and provider:
        response = render(
            request, "accounts/signed_out.html", {"onward": onward, "label": provider.label}
        )
    else:
        suffix = "" if provider is None or provider.form_class else "?signed-out=1"
        response = HttpResponseRedirect(resolve_url("login") + suffix)
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response
