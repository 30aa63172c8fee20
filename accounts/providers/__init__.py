"""The ways to establish an identity: a file or folder each, listed in the setting COOPER_PROVIDERS."""

from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.identity import PROVIDER_ID
from accounts.providers.base import Provider, SignInRefused
from cooper_project.errors import CooperError

__all__ = ["Provider", "SignInRefused", "provider_for", "providers"]


@lru_cache(maxsize=8)
def _made(paths: tuple[str, ...]) -> tuple[Provider, ...]:
    """Make the providers that the setting names; raise CooperError when an id is odd or there twice."""
    made = tuple(import_string(path)() for path in paths)
    ids = [provider.id for provider in made]
    if len(set(ids)) != len(ids) or not all(PROVIDER_ID.fullmatch(each) for each in ids):
        raise CooperError(f"COOPER_PROVIDERS names providers with odd or equal ids: {', '.join(ids)}")
    return made


def providers() -> tuple[Provider, ...]:
    """Return the providers of this installation, in the order of the setting."""
    return _made(tuple(settings.COOPER_PROVIDERS))


def provider_for(provider_id: str) -> Provider | None:
    """Return the provider with this id, or None."""
    return next((each for each in providers() if each.id == provider_id), None)
