"""How long ago somebody proved who they are, and where they can do it again."""

from datetime import UTC, datetime

from django.http import HttpRequest

from accounts.identity import Identity
from accounts.providers import provider_for

FRESH = 300
"""Seconds that a sign-in counts as fresh proof where there is no password to ask for (OWASP ASVS 5.0, 7.5.3)."""


def signed_in_recently(request: HttpRequest) -> bool:
    """Return whether the provider saw the person prove who they are within the last minutes."""
    signed_in = datetime.fromisoformat(
        request.session.get("authenticated_at", "1970-01-01T00:00:00+00:00")
    )
    return (datetime.now(UTC) - signed_in).total_seconds() <= FRESH


def sign_in_again_url(request: HttpRequest, identity: Identity, back: str) -> str:
    """Return where to sign in afresh and come back, or "" where a password is the proof or the sign-in is fresh."""
    provider = provider_for(identity.provider)
    if provider is None or provider.asks_password or signed_in_recently(request):
        return ""
    return provider.reauthentication_url(back)
