"""Comparing whole days with what was sent: what came too late for the overlap, and what changed.

It runs once an hour, over the days since the one before the last time.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from shipping.events import SentEvent, events_of, text_of
from shipping.models import Head
from shipping.reading import AHEAD, OVERLAP, SentIds, days_between

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


def sweep(head: Head, now: datetime) -> Sweep:
    """Compare the days since the last time, and the one before; raise CooperError."""
    first_day = datetime.fromisoformat(head.swept).date() - timedelta(days=1)
    sent = SentIds.since(datetime.combine(first_day, time.min, UTC)).digests()
    result = Sweep()

    for day in days_between(first_day, now.date()):
        expected = {name for name in sent if name.startswith(day.isoformat())}
        for event in events_of(day):
            expected.discard(event.id)
            if event.id in sent:
                _compare(event, sent[event.id], result)
            elif not _will_be_read(event, head):
                result.late.append(event)

        result.tampered.update(dict.fromkeys(expected, "missing"))
    return result


def _compare(event: SentEvent, digest: str, result: Sweep) -> None:
    if event.digest != digest:
        result.tampered[event.id] = "changed"


def _will_be_read(event: SentEvent, head: Head) -> bool:
    """Return whether an event is where the next readings look."""
    position = head.position_moment
    return text_of(position - OVERLAP) <= event.at <= text_of(position + AHEAD + PAUSE)
