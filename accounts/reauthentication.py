"""How long ago somebody authenticated, and where they can do it again."""

from datetime import UTC, datetime

from django.http import HttpRequest

from accounts.identity import Identity
from accounts.providers import provider_for
from accounts.sessions import AUTHENTICATED_AT

FRESH_FOR = 300
"""Seconds that a sign-in counts as proof where there is no password to ask for.

OWASP ASVS 5.0, 7.5.3.
"""


def signed_in_recently(request: HttpRequest) -> bool:
    """Return whether the person authenticated at their provider within the last minutes."""
    text = request.session.get(AUTHENTICATED_AT)
    if text is None:
        return False

    age = datetime.now(UTC) - datetime.fromisoformat(text)
    return age.total_seconds() <= FRESH_FOR


def sign_in_again_url(request: HttpRequest, identity: Identity, next_page: str) -> str:
    """Return the URL that signs the person in again and leads to `next_page`.

    "" where a password can be asked for instead, or the sign-in is recent enough.
    """
    provider = provider_for(identity.provider)
    if provider is None or provider.asks_password or signed_in_recently(request):
        return ""
    return provider.reauthentication_url(next_page)
