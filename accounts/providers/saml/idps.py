"""The identity providers that are connected, cached in the process and kept true by a stamp."""

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


# the last list with the time (monotonic) at which it was known to be true; empty before the first
_cache: list[tuple[ConnectedIdps, float]] = []
_lock = threading.Lock()


def current(max_age: float = 0.0) -> ConnectedIdps:
    """Return the connected identity providers.

    One read compares the stamp, unless that was done within the last `max_age` seconds.
    """
    now = time.monotonic()
    if _cache:
        idps, checked_at = _cache[0]
        if now - checked_at <= max_age:
            return idps

    with _lock:
        # the stamp is read first: what changes meanwhile comes with the next look
        stamp = keys.stamp()
        idps = _cache[0][0] if _cache else ConnectedIdps()
        if idps.stamp != stamp:
            idps = _read(stamp)
        _cache[:] = [(idps, now)]
    return idps


def _read(stamp: int) -> ConnectedIdps:
    connected = list_connected()
    return ConnectedIdps(stamp, {str(idp.name): idp for idp in connected})


def list_connected() -> list[SamlIdp]:
    """Return the stored identity providers that were not removed, by name."""
    connected = [idp for idp in SamlIdp.everything() if not idp.removed]
    return sorted(connected, key=lambda idp: str(idp.name))


def clear_cache() -> None:
    """Read the identity providers anew at the next look; for tests."""
    _cache.clear()


def is_valid(idp: SamlIdp) -> bool:
    """Return whether the identity provider's metadata has not expired."""
    return idp.valid_until is None or idp.valid_until > datetime.now(UTC)
