"""Signing in and out over HTTP."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import end_notices, login, notices, passwords, throttle
from accounts.identity import Identity
from accounts.models import User
from accounts.providers import (
    AuthResult,
    Provider,
    ProviderRoute,
    SignInRefused,
    SignInStep,
    SignInThrottled,
    provider_for,
    providers,
)
from core import audit, error_pages, metrics
from core.audit import Event
from core.errors import CooperError
from core.http import post_only, safe_next
from core.requests import CooperRequest

logger = logging.getLogger(__name__)

STEPS_PER_MINUTE = 600
"""Steps of signing in at other providers that one source may take in a minute.

So many, because all people of a company may share one address. The steps of a sign-in that
succeeds are given back.
"""

STEPS_OF_A_SIGN_IN = 2
"""There, and back."""

FORM_TOO_OLD = (
    "This form was too old, or came from another site. Type your password and send it again."
)

DETAIL_LIMIT = 500
"""Characters of an engineer's message in the log: it may quote what an identity provider sent."""


# -- the sign-in page ------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: CooperRequest) -> HttpResponse:
    """Show the ways to sign in; POST is the form of local accounts."""
    if request.method == "POST" and request.user.is_authenticated:
        return _lead_on(request)
    if request.method != "POST":
        url = _redirect_url(request)
        if url:
            return HttpResponseRedirect(url)

    provider = _form_provider()
    if provider is None or provider.form_class is None:
        return _sign_in_page(request, None)
    if request.method != "POST":
        return _sign_in_page(request, provider.form_class())

    form = provider.form_class(request.POST)
    if not form.is_valid():
        return _sign_in_page(request, form, 400)
    return _sign_in_by_form(request, provider, form)


def _sign_in_by_form(request: CooperRequest, provider: Provider, form: forms.Form) -> HttpResponse:
    """Begin the web session of the person whom the valid form proves, or say why not."""
    try:
        identity = provider.authenticate(request, form)
        user = login.sign_in(request, identity)
    except SignInRefused as refused:
        metrics.count_sign_in(provider.id, "refused")
        audit.record(Event.SIGN_IN_REFUSED, why=refused.detail, **refused.facts)
        form.add_error(None, refused.message)
        return _sign_in_page(request, form, refused.status)
    except passwords.Busy as busy:
        # not on the audit log: that is a write each, and nobody was looked at
        return _busy_page(request, form, busy)

    _show_stored_notice(request, user)
    return HttpResponseRedirect(_next_page(request))


def _lead_on(request: CooperRequest) -> HttpResponse:
    """Lead somebody who is signed in to where they wanted; the form makes them nobody else."""
    messages.info(
        request,
        f"You are signed in already, as {request.identity}. "
        "To sign in as somebody else, sign out first.",
    )
    return HttpResponseRedirect(_next_page(request))


def csrf_failure(request: CooperRequest, reason: str = "") -> HttpResponse:
    """Answer for a form whose token is not this browser's.

    Signing in gives the browser another one, so the sign-in form of a second tab, and the one
    behind Back, have the old one. Nothing of a form is done here.
    """
    provider = _form_provider()
    if request.path != resolve_url("login") or provider is None or provider.form_class is None:
        return error_pages.csrf_failure(request, reason)
    if request.user.is_authenticated:
        return _lead_on(request)

    form = provider.form_class(request.POST)
    form.add_error(None, FORM_TOO_OLD)
    return _sign_in_page(request, form, HTTPStatus.FORBIDDEN)


def _redirect_url(request: CooperRequest) -> str:
    """Return where a visitor has to go without seeing the sign-in page, or "".

    Whoever is signed in goes on; where there is one way to sign in, and it has no form, it starts.
    """
    if request.user.is_authenticated:
        return _next_page(request)
    reason = end_notices.end_reason_of(request)
    is_ended_on_purpose = reason and not reason.is_by_time
    if "signed-out" in request.GET or is_ended_on_purpose:
        # the only way in would sign them in again at once
        return ""

    in_use = [provider for provider in providers() if provider.is_in_use()]
    if len(in_use) != 1 or in_use[0].form_class:
        return ""
    query = urlencode({"next": _next_page(request)})
    return f"{resolve_url('login-with', in_use[0].id)}?{query}"


def _form_provider() -> Provider | None:
    """Return the provider whose form is on the sign-in page itself."""
    for provider in providers():
        if provider.form_class:
            return provider
    return None


def _sign_in_page(
    request: CooperRequest, form: forms.Form | None, status: int = 200
) -> HttpResponse:
    buttons = [provider for provider in providers() if not provider.form_class]
    has_error = bool(form and form.is_bound)
    ended = end_notices.notice_of_end(request)
    context = {
        "form": form,
        "buttons": buttons,
        "is_folded": bool(buttons) and not has_error and "local" not in request.GET,
        "is_signed_out": "signed-out" in request.GET,
        "ended": ended,
        "next": _next_page(request),
        "has_kept_form": request.kept_forms.are_waiting,
    }
    return render(request, "accounts/login.html", context, status=status)


def _busy_page(request: CooperRequest, form: forms.Form, busy: passwords.Busy) -> HttpResponse:
    """Show the form with the name that was typed, and say when to try again."""
    logger.warning("request %s: sign-in: %s", request.id, busy.detail)
    form.add_error(None, busy.message)
    response = _sign_in_page(request, form, busy.status)
    response["Retry-After"] = str(busy.retry_after)
    return response


def _next_page(request: HttpRequest) -> str:
    return safe_next(request) or resolve_url("home")


def _show_stored_notice(request: CooperRequest, user: User) -> None:
    """Show what happened to the person's device since they last signed in, once."""
    person = str(user.stored_person.person)
    notice = notices.waiting_for(person)
    if notice:
        messages.warning(request, notice)
        notices.forget(person)


# -- providers without a form ----------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_with(request: CooperRequest, provider_id: str) -> HttpResponse:
    """Let a provider without a form answer `/login/<id>/`."""
    provider = provider_for(provider_id)
    if provider is None or provider.form_class:
        raise Http404
    return _take_step(request, provider.start, provider=provider.id)


def provider_view(route: ProviderRoute) -> Callable[[CooperRequest], HttpResponse]:
    """Return the view of a URL that a family of providers answers itself."""

    def view(request: CooperRequest) -> HttpResponse:
        return _take_step(request, route.handler)

    return csrf_exempt(view) if route.cross_site_post else view


def _take_step(
    request: CooperRequest, step: Callable[[HttpRequest], SignInStep], **facts: str
) -> HttpResponse:
    """Let a provider answer; once it has authenticated somebody, begin the web session.

    A refusal is an event on the audit log, with `facts`, and has one page.
    """
    source = throttle.source_of(audit.context().source)
    if throttle.count(f"led#{source}", 60) > STEPS_PER_MINUTE:
        # not on the audit log: that is a write each, and nobody has proved anything yet
        seconds = throttle.seconds_left(60)
        message = f"Too many sign-ins from your network address. Try again in {seconds} seconds."
        return _refused_page(request, SignInThrottled(message, "throttled"))

    try:
        answer = step(request)
        if isinstance(answer, HttpResponse):
            return answer

        result = AuthResult(answer) if isinstance(answer, Identity) else answer
        throttle.count(f"led#{source}", 60, by=-STEPS_OF_A_SIGN_IN)
        user = login.sign_in(request, result)
    except SignInRefused as refused:
        # a step may not say whose it is, but no local account signs in by one
        metrics.count_sign_in("", "refused")
        why = refused.detail[:DETAIL_LIMIT]
        audit.record(Event.SIGN_IN_REFUSED, why=why, **facts, **refused.facts)
        return _refused_page(request, refused)

    _show_stored_notice(request, user)
    if result.notice:
        messages.warning(request, result.notice)
    return HttpResponseRedirect(result.next_page or _next_page(request))


def _refused_page(request: CooperRequest, refused: SignInRefused) -> HttpResponse:
    """Log why a sign-in was refused, and show what to do, a number, a way to try again."""
    logger.warning("request %s: sign-in refused: %r", request.id, refused.detail[:DETAIL_LIMIT])
    context = {"message": refused.message, "number": request.id, "onward": ""}
    if refused.signed_in_page:
        # a cross-site post has no web session's cookie with it; the next request has
        query = urlencode({"next": refused.signed_in_page})
        context["onward"] = f"{resolve_url('login')}?{query}"
    return render(request, "accounts/refused.html", context, status=refused.status)


# -- signed in -------------------------------------------------------------------------------------
@post_only("home")
def sign_out(request: CooperRequest) -> HttpResponse:
    """End the web session, then lead on to where the provider's own session ends."""
    identity = request.identity
    facts = dict(request.session.get(login.SIGN_OUT_FACTS, {}))

    # first of all: whatever happens with the provider, the person is signed out here
    login.sign_out(request)
    request.kept_forms.forget_all()

    provider = None
    provider_url = ""
    try:
        if identity is not None:
            provider = provider_for(identity.provider)
        if provider is not None and facts:
            provider_url = provider.sign_out_url(request, facts)
    except CooperError as error:
        logger.warning("request %s: no sign-out at the provider: %s", request.id, error.detail)

    response = _signed_out_response(request, provider, provider_url)
    # the browser forgets what it kept of the person
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _signed_out_response(
    request: CooperRequest, provider: Provider | None, provider_url: str
) -> HttpResponse:
    if provider is not None and provider_url:
        context = {"onward": provider_url, "label": provider.label}
        return render(request, "accounts/signed_out.html", context)

    # the page says so, and the only way to sign in does not start again at once
    return HttpResponseRedirect(f"{resolve_url('login')}?signed-out=1")
