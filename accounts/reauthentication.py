"""How long ago somebody authenticated, and where they can do it again."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import HttpRequest

from accounts.identity import Identity
from accounts.providers import SignInRefused, provider_for
from accounts.sessions import AUTHENTICATED_AT
from core.errors import Invalid

FRESH_FOR = 300
"""Seconds that a sign-in counts as proof where there is no password to ask for.

OWASP ASVS 5.0, 7.5.3.
"""

PASSWORD_TAKEN_AT = "password_taken_at"  # noqa: S105 - a key of the session
"""Where a web session keeps when its person last gave their password again (ISO 8601)."""

PASSWORD_LIMIT = 1_024
"""Characters."""


class PasswordForm(forms.Form):
    """Asks for the password again."""

    password = forms.CharField(
        strip=False,
        max_length=PASSWORD_LIMIT,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def authenticated_at(request: HttpRequest) -> datetime | None:
    """Return when the person last authenticated: by signing in, or by their password since."""
    moments = [request.session.get(key) for key in (AUTHENTICATED_AT, PASSWORD_TAKEN_AT)]
    return max((datetime.fromisoformat(moment) for moment in moments if moment), default=None)


def signed_in_recently(request: HttpRequest) -> bool:
    """Return whether the person authenticated within the last minutes."""
    moment = authenticated_at(request)
    if moment is None:
        return False

    age = datetime.now(UTC) - moment
    return age.total_seconds() <= FRESH_FOR


def sign_in_again_url(request: HttpRequest, identity: Identity, next_page: str) -> str:
    """Return the URL that signs the person in again and leads to `next_page`.

    "" where a password can be asked for instead, or the sign-in is recent enough.
    """
    provider = provider_for(identity.provider)
    if provider is None or provider.asks_password or signed_in_recently(request):
        return ""
    return provider.reauthentication_url(next_page)


def password_form(identity: Identity, data: Any = None) -> PasswordForm | None:
    """Return the form that asks for the person's password, None where there is none to ask for."""
    provider = provider_for(identity.provider)
    if not provider or not provider.asks_password:
        return None
    return PasswordForm(data)


def take_password(request: HttpRequest, identity: Identity, form: PasswordForm) -> None:
    """Let a password count as a sign-in of now; raise Invalid, on the field, for a wrong one.

    It makes the web session no longer, and brings no newer groups.
    """
    provider = provider_for(identity.provider)
    if not provider or not form.is_valid():
        raise Invalid("Type your password.", "no password", field="password")

    try:
        provider.reauthenticate(request, identity, form.cleaned_data["password"])
    except SignInRefused as error:
        raise Invalid(error.message, error.detail, field="password") from error
    request.session[PASSWORD_TAKEN_AT] = datetime.now(UTC).isoformat()
