"""The ways to establish an identity: a file or folder each, listed in the setting COOPER_PROVIDERS."""

from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.identity import PROVIDER_ID
from accounts.providers.base import (
    Address,
    Answer,
    AuthResult,
    Provider,
    ProviderFamily,
    SignInRefused,
)
from core.errors import CooperError

__all__ = [
    "Address",
    "Answer",
    "AuthResult",
    "Provider",
    "ProviderFamily",
    "SignInRefused",
    "addresses",
    "fixed_ids",
    "provider_for",
    "providers",
]


@lru_cache(maxsize=8)
def _made(paths: tuple[str, ...]) -> tuple[Provider | ProviderFamily, ...]:
    """Make what the setting names; raise CooperError when an id is odd or there twice."""
    made: tuple[Provider | ProviderFamily, ...] = tuple(import_string(path)() for path in paths)
    ids = [each.id for each in made if isinstance(each, Provider)]
    if len(set(ids)) != len(ids) or not all(PROVIDER_ID.fullmatch(each) for each in ids):
        raise CooperError(
            f"COOPER_PROVIDERS names providers with odd or equal ids: {', '.join(ids)}"
        )
    return made


def _entries() -> tuple[Provider | ProviderFamily, ...]:
    """Return what the setting names: providers, and kinds of them."""
    return _made(tuple(settings.COOPER_PROVIDERS))


def providers() -> list[Provider]:
    """Return the providers of this installation, in the order of the setting; some seconds old at most."""
    listed = [[each] if isinstance(each, Provider) else each.listed() for each in _entries()]
    return [provider for each in listed for provider in each]


def provider_for(provider_id: str) -> Provider | None:
    """Return the provider with this id as it is now, or None."""
    for each in _entries():
        if isinstance(each, Provider) and each.id == provider_id:
            return each
    kinds = [each for each in _entries() if isinstance(each, ProviderFamily)]
    return next((found for kind in kinds if (found := kind.named(provider_id))), None)


def fixed_ids() -> set[str]:
    """Return the provider ids that the setting itself takes."""
    return {each.id for each in _entries() if isinstance(each, Provider)}


def addresses() -> list[Address]:
    """Return the addresses that kinds of providers answer themselves."""
    return [
        address
        for each in _entries()
        if isinstance(each, ProviderFamily)
        for address in each.addresses
    ]
