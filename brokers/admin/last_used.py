"""When targets were become last, from the record; remembered for a minute."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from core.audit import AuditEvent, Event

FRESH = 60.0
"""Seconds that an answer is remembered."""

LOOKED_AT = 50
"""Newest events of a target that are looked at; one whose last use is behind them counts as not used lately."""

AT_ONCE = 8

_known: dict[str, tuple[float, datetime | None]] = {}


def last_used(names: Iterable[str]) -> dict[str, datetime | None]:
    """Return when each of these targets was become last (UTC), or None: never, or not lately."""
    now, wanted = time.monotonic(), list(names)
    lacking = [name for name in wanted if name not in _known or _known[name][0] < now - FRESH]
    if lacking:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for name, found in zip(lacking, pool.map(_newest, lacking), strict=True):
                _known[name] = (now, found)
    return {name: _known[name][1] for name in wanted}


def forget() -> None:
    """Drop what is remembered."""
    _known.clear()


def _newest(name: str) -> datetime | None:
    """Return the moment of a target's newest grant."""
    events = AuditEvent.by_target.query(name, scan_index_forward=False, limit=LOOKED_AT)
    return next((each.moment for each in events if each.event == Event.GRANT_DONE), None)
