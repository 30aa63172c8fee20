"""The ways to sign in: a file or folder each, listed in the setting COOPER_PROVIDERS."""

from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.providers.base import (
    AuthResult,
    Provider,
    ProviderFamily,
    ProviderRoute,
    SignInRefused,
    SignInStep,
    SignInThrottled,
)
from core.errors import CooperError
from core.groups import PROVIDER_ID

__all__ = [
    "AuthResult",
    "Provider",
    "ProviderFamily",
    "ProviderRoute",
    "SignInRefused",
    "SignInStep",
    "SignInThrottled",
    "configured_ids",
    "provider_for",
    "provider_ids",
    "provider_routes",
    "providers",
]

Entry = Provider | ProviderFamily
"""What a dotted path of the setting names."""


def providers() -> list[Provider]:
    """Return all providers in the order of the setting, some seconds old at most."""
    result: list[Provider] = []
    for entry in _entries():
        if isinstance(entry, ProviderFamily):
            result.extend(entry.providers())
        else:
            result.append(entry)
    return result


def provider_for(provider_id: str) -> Provider | None:
    """Return the provider with this id as it is now, or None."""
    # the setting's own first: no provider of a family may stand in for one of them
    for configured in _configured_providers():
        if configured.id == provider_id:
            return configured

    for family in _families():
        provider = family.find(provider_id)
        if provider is not None:
            return provider
    return None


def provider_ids() -> frozenset[str]:
    """Return the ids of all providers, some seconds old at most."""
    return frozenset(provider.id for provider in providers())


def configured_ids() -> set[str]:
    """Return the ids of the providers that the setting names one by one."""
    return {provider.id for provider in _configured_providers()}


def provider_routes() -> list[ProviderRoute]:
    """Return the URLs that families of providers answer themselves."""
    return [route for family in _families() for route in family.routes]


def _configured_providers() -> list[Provider]:
    return [entry for entry in _entries() if isinstance(entry, Provider)]


def _families() -> list[ProviderFamily]:
    return [entry for entry in _entries() if isinstance(entry, ProviderFamily)]


def _entries() -> tuple[Entry, ...]:
    # by its value, so that a changed setting counts at once (tests change it)
    paths: tuple[str, ...] = tuple(settings.COOPER_PROVIDERS)
    return _load(paths)


@lru_cache(maxsize=8)
def _load(paths: tuple[str, ...]) -> tuple[Entry, ...]:
    """Make what the dotted paths name; raise CooperError when an id is odd or there twice."""
    entries: tuple[Entry, ...] = tuple(import_string(path)() for path in paths)

    ids = [entry.id for entry in entries if isinstance(entry, Provider)]
    has_duplicates = len(set(ids)) != len(ids)
    if has_duplicates or not all(PROVIDER_ID.fullmatch(provider_id) for provider_id in ids):
        raise CooperError(
            f"COOPER_PROVIDERS names providers with invalid or equal ids: {', '.join(ids)}"
        )
    return entries
