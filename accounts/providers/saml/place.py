"""Where cooper is for identity providers: COOPER_PUBLIC_URL; on this machine alone, the address that was asked for."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from accounts.providers.saml.pysaml2_client import ServiceProvider
from core.errors import Unavailable


def place_of(request: HttpRequest | None = None) -> ServiceProvider:
    """Return where cooper is; a Host header counts where it names this machine. Raise Unavailable."""
    if settings.COOPER_PUBLIC_URL:
        return ServiceProvider(str(settings.COOPER_PUBLIC_URL))
    origin = (
        f"{request.scheme}://{request.get_host()}"
        if request is not None
        else f"http://{settings.COOPER_BIND}"
    )
    if urlsplit(origin).hostname not in settings.COOPER_LOOPBACK_HOSTS:
        raise Unavailable(
            "SAML needs cooper's public address (COOPER_PUBLIC_URL).",
            f"asked for as {origin[:100]}",
        )
    return ServiceProvider(origin)
