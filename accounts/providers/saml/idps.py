"""The identity providers that are connected, held in the process and kept true by a stamp."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from accounts.models import SamlIdp
from accounts.providers.saml import keys

LISTED_FOR = 5.0
"""Seconds that the list may be old where it is only shown."""


@dataclass(frozen=True)
class Idps:
    """The identity providers as of a stamp, by provider id; removed ones are not among them."""

    stamp: int = -1
    by_name: Mapping[str, SamlIdp] = field(default_factory=dict)

    def named(self, entity_id: str) -> SamlIdp | None:
        """Return the identity provider with this entityID, or None."""
        return next((each for each in self.by_name.values() if each.entity_id == entity_id), None)


_held: list[tuple[Idps, float]] = []
_lock = threading.Lock()


def current(oldest: float = 0.0) -> Idps:
    """Return the identity providers; what was read more than `oldest` seconds ago is looked at again (one read)."""
    held, at = _held[0] if _held else (Idps(), 0.0)
    now = time.monotonic()
    if held.stamp >= 0 and now - at <= oldest:
        return held
    with _lock:
        # the stamp is read first: what changes meanwhile comes with the next look
        stamp = keys.stamp()
        held = _held[0][0] if _held else Idps()
        if held.stamp != stamp:
            found = sorted(
                (each for each in SamlIdp.everything() if not each.removed),
                key=lambda each: str(each.name),
            )
            held = Idps(stamp, {str(each.name): each for each in found})
        _held[:] = [(held, now)]
    return held


def forget() -> None:
    """Drop what is held."""
    _held.clear()


def is_valid(idp: SamlIdp) -> bool:
    """Return whether the identity provider's metadata has not ended."""
    return idp.valid_until is None or idp.valid_until > datetime.now(UTC)
