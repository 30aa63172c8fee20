"""Signing in and out over HTTP."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from accounts import administrators, login
from accounts.identity import Identity
from accounts.models import User
from accounts.providers import Provider, SignInRefused, provider_for, providers
from cooper_project import audit
from cooper_project.audit import Event


def _next(request: HttpRequest) -> str:
    """Return the page of ours to go on to, or the first page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    fits = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if fits and wanted.startswith("/") else resolve_url("home")


def _form_provider() -> Provider | None:
    """Return the provider whose form is on the sign-in page itself."""
    return next((each for each in providers() if each.form_class), None)


def _page(request: HttpRequest, form: forms.Form | None, status: int = 200) -> HttpResponse:
    """Return the sign-in page."""
    buttons = [each for each in providers() if not each.form_class]
    return render(
        request, "accounts/login.html", {"form": form, "buttons": buttons, "next": _next(request)}, status=status
    )


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the ways to sign in; POST is the form of local accounts."""
    if request.user.is_authenticated and request.method != "POST":
        return HttpResponseRedirect(_next(request))
    provider = _form_provider()
    if provider is None or provider.form_class is None:
        return _page(request, None)
    if request.method != "POST":
        return _page(request, provider.form_class())
    form = provider.form_class(request.POST)
    if not form.is_valid():
        return _page(request, form, 400)
    try:
        _welcome(request, login.sign_in(request, provider.vouch(request, form)))
    except SignInRefused as refused:
        return _refused(request, form, refused)
    return HttpResponseRedirect(_next(request))


def _welcome(request: HttpRequest, user: User) -> None:
    """Tell somebody who signed in what happened to their device meanwhile."""
    if user.record.notice:
        messages.warning(request, str(user.record.notice))
        login.forget_notice(user.record)


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
    try:
        answer = provider.answer(request)
        if not isinstance(answer, Identity):
            return answer
        _welcome(request, login.sign_in(request, answer))
    except SignInRefused as refused:
        audit.record(Event.SIGN_IN_REFUSED, why=refused.detail, provider=provider.id)
        raise
    return HttpResponseRedirect(_next(request))


@require_POST
def administrators_seen(request: HttpRequest) -> HttpResponse:
    """Note that an administrator was shown the new administrators up to a place in the record."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect(resolve_url("login"))
    if not request.user.is_admin:
        raise PermissionDenied
    administrators.mark_seen(request.user.record, request.POST.get("until", ""))
    return HttpResponseRedirect(resolve_url("admin:index"))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the web session and tell the browser to forget what it kept."""
    login.sign_out(request)
    response = HttpResponseRedirect(resolve_url("login"))
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response
