"""When targets were become last, from the audit log; remembered for a minute."""

import logging
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple

from core.audit import Event
from core.audit_history import outlines_of
from core.carried_context import carrying_context
from core.errors import CooperError

logger = logging.getLogger(__name__)

FRESH = 60.0
"""Seconds that an answer is remembered."""

NEWEST_EVENTS = 50
"""Events of a target that are looked at; a use behind them counts as not lately."""

AT_ONCE = 8
"""Targets that are asked for at the same time: a page shows 50, each takes a query of its own."""


class _LastUse(NamedTuple):
    read_at: float
    moment: datetime | None


_remembered: dict[str, _LastUse] = {}


def last_used(names: Iterable[str]) -> dict[str, datetime | None]:
    """Return when each of these targets was become last (UTC), or None: never, or not lately."""
    targets = list(names)
    now = time.monotonic()
    unknown = [name for name in targets if not _is_fresh(name, now)]

    if unknown:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            moments = list(pool.map(carrying_context(_read_last_use), unknown))
        for name, moment in zip(unknown, moments, strict=True):
            _remembered[name] = _LastUse(now, moment)

    return {name: _remembered[name].moment for name in targets}


def read_for_list(names: Iterable[str]) -> None:
    """Read these all at once for `remembered`; a list is shown without them where that fails."""
    try:
        last_used(names)
    except CooperError as error:
        logger.warning("a list goes without the last uses: %s", error.detail)


def remembered(name: str) -> datetime | None:
    """Return when a target was become last as it was read for the list; raise KeyError."""
    return _remembered[name].moment


def forget() -> None:
    """Drop what is remembered."""
    _remembered.clear()


def _is_fresh(name: str, now: float) -> bool:
    return name in _remembered and _remembered[name].read_at >= now - FRESH


def _read_last_use(name: str) -> datetime | None:
    """Return the moment of a target's newest grant."""
    events = outlines_of(name, scan_index_forward=False, limit=NEWEST_EVENTS)
    for event in events:
        if event.event == Event.GRANT_DONE:
            return event.moment
    return None
