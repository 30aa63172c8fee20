"""Somebody with a local account changes their own password."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_http_methods

from accounts import local_accounts, own_sessions, reauthentication
from accounts.end_reasons import EndReason
from accounts.identity import Identity
from accounts.providers import provider_for
from accounts.reauthentication import PASSWORD_LIMIT
from core import audit
from core.audit import Event
from core.errors import Invalid, Refused
from core.http import login_redirect
from core.requests import CooperRequest


class NewPasswordForm(reauthentication.PasswordForm):
    """Asks for the password of now, and twice for the one to come."""

    new_password = forms.CharField(
        label="New password",
        strip=False,
        max_length=PASSWORD_LIMIT,
        help_text="10 characters or more, of any kind; a few words are good, and easy to type.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="New password, once more",
        strip=False,
        max_length=PASSWORD_LIMIT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = "Your password now"

    def clean_again(self) -> str:
        """Refuse two new passwords that differ."""
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("new_password", again):
            raise forms.ValidationError("This is not what you typed above.")
        return again


@require_http_methods(["GET", "HEAD", "POST"])
def password(request: CooperRequest) -> HttpResponse:
    """Show the form, and take it: the password of now, and a new one (OWASP ASVS 5.0, 6.2.3)."""
    identity = request.identity
    if identity is None:
        return login_redirect(resolve_url("password"))
    _refuse_who_has_none(identity)

    if request.method != "POST":
        return _page(request, NewPasswordForm())

    form = NewPasswordForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 400)

    try:
        _change(request, identity, form)
    except Invalid as error:
        audit.record(Event.PASSWORD_REFUSED, why=error.detail)
        form.add_error(error.field, error.message)
        return _page(request, form, 400)

    messages.success(
        request, "Your password is changed. Your other web sessions and command lines are ended."
    )
    return HttpResponseRedirect(resolve_url("me"))


def _refuse_who_has_none(identity: Identity) -> None:
    """Raise Refused for somebody whose password is at an identity provider."""
    provider = provider_for(identity.provider)
    if provider is not None and provider.asks_password:
        return

    place = provider.label if provider else identity.provider
    raise Refused(f"Your password is at {place}: change it there.", "no local account")


def _page(request: CooperRequest, form: NewPasswordForm, status: int = 200) -> HttpResponse:
    return render(request, "accounts/password.html", {"form": form}, status=status)


def _change(request: CooperRequest, identity: Identity, form: NewPasswordForm) -> None:
    """Set the new password, and let this web session alone go on; raise Invalid on a field."""
    reauthentication.take_password(request, identity, form)
    try:
        person = local_accounts.set_password(
            identity.subject, form.cleaned_data["new_password"], EndReason.PASSWORD
        )
    except Invalid as error:
        raise Invalid(error.message, error.detail, field="new_password") from error
    own_sessions.keep_this_one(request, person)
