"""The identity providers that are connected, cached in the process and kept true by a stamp."""

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from accounts.models import SamlIdp
from accounts.providers.saml import keys

LISTING_MAX_AGE = 5.0
"""Seconds that the list may be old where it is only shown."""


@dataclass(frozen=True)
class ConnectedIdps:
    """The connected identity providers as of a stamp, by provider id."""

    stamp: int = -1
    by_name: Mapping[str, SamlIdp] = field(default_factory=dict)

    def with_entity_id(self, entity_id: str) -> SamlIdp | None:
        for idp in self.by_name.values():
            if idp.entity_id == entity_id:
                return idp
        return None


@dataclass
class _Cache:
    idps: ConnectedIdps = field(default_factory=ConnectedIdps)
    checked_at: float = -math.inf
    """When `idps` were known to be true (monotonic)."""


_cache = _Cache()
_lock = threading.Lock()


def current(max_age: float = 0.0) -> ConnectedIdps:
    """Return the connected identity providers.

    One read compares the stamp, unless that was done within the last `max_age` seconds.
    """
    now = time.monotonic()
    if now - _cache.checked_at <= max_age:
        return _cache.idps

    with _lock:
        # the stamp is read first: what changes meanwhile comes with the next look
        stamp = keys.stamp()
        if _cache.idps.stamp != stamp:
            by_name = {str(idp.name): idp for idp in list_connected()}
            _cache.idps = ConnectedIdps(stamp, by_name)
        # after `idps`: other threads read these two without the lock, in the other order
        _cache.checked_at = now
        return _cache.idps


def list_connected() -> list[SamlIdp]:
    """Return the stored identity providers that were not removed, by name."""
    connected = [idp for idp in SamlIdp.everything() if not idp.removed]
    return sorted(connected, key=lambda idp: str(idp.name))


def clear_cache() -> None:
    """Read the identity providers anew at the next look; for tests."""
    _cache.checked_at = -math.inf
    _cache.idps = ConnectedIdps()


def is_valid(idp: SamlIdp) -> bool:
    """Return whether the identity provider's metadata has not expired."""
    return idp.valid_until is None or idp.valid_until > datetime.now(UTC)
