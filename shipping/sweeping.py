"""Comparing whole days with what was sent: what came too late for the overlap, and what changed.

It runs once an hour, over the days since the one before the last time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from shipping.events import SentEvent, events_of, text_of
from shipping.models import Head
from shipping.reading import AHEAD, OVERLAP, digests_by_day

PAUSE = timedelta(hours=1)
"""Time between two comparisons."""


@dataclass
class Sweep:
    """What a comparison came upon."""

    late: list[SentEvent] = field(default_factory=list)
    """Events that were not sent, and that no reading will come upon any more."""
    tampered: dict[str, str] = field(default_factory=dict)
    """`changed` or `missing`, by the id of an event that was sent."""


def is_due(head: Head, now: datetime) -> bool:
    """Return whether it is time for the next comparison."""
    return text_of(now - PAUSE) >= head.swept


def sweep(head: Head, now: datetime, before_each_day: Callable[[], None]) -> Sweep:
    """Compare the days since the last time, and the one before; raise CooperError."""
    last_sweep = datetime.fromisoformat(head.swept)
    first_day = last_sweep.date() - timedelta(days=1)

    result = Sweep()
    for day, digests in digests_by_day(first_day, now.date()):
        before_each_day()
        compare(day, digests, head.position_moment, result)

    result.late.sort(key=lambda event: event.at)
    return result


def compare(day: date, digests: Mapping[str, str], position: datetime, result: Sweep) -> None:
    """Compare a day of the log with the digests of what was sent of it, by the events' ids."""
    missing = set(digests)
    for event in events_of(day):
        missing.discard(event.id)

        digest = digests.get(event.id)
        if digest is None:
            if not _will_be_read(event, position):
                result.late.append(event)
        elif event.digest != digest:
            result.tampered[event.id] = "changed"

    for event_id in missing:
        result.tampered[event_id] = "missing"


def _will_be_read(event: SentEvent, position: datetime) -> bool:
    """Return whether an event is where the next readings look."""
    return text_of(position - OVERLAP) <= event.at <= text_of(position + AHEAD + PAUSE)
