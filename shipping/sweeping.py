"""Comparing whole days with what was sent: what came too late for the overlap, and what changed.

It runs once an hour, over the days since the one before the last time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import attrgetter

from shipping.events import SentEvent, events_of, text_of
from shipping.models import Head
from shipping.reading import AHEAD, OVERLAP, digests_by_day

PAUSE = timedelta(hours=1)
"""Time between two comparisons."""


@dataclass
class Sweep:
    """A comparison with the head at `position`, and what it came upon."""

    position: datetime
    late: list[SentEvent] = field(default_factory=list)
    """Events that were not sent, and that no reading will come upon any more."""
    tampered: dict[str, str] = field(default_factory=dict)
    """`changed` or `missing`, by the id of an event that was sent."""

    def compare(self, day: date, digests: Mapping[str, str]) -> None:
        """Compare a day of the log with the digests of what was sent of it, by the events' ids."""
        missing_ids = set(digests)
        for event in events_of(day):
            missing_ids.discard(event.id)
            self._compare_event(event, digests.get(event.id, ""))

        for event_id in missing_ids:
            self.tampered[event_id] = "missing"

    def _compare_event(self, event: SentEvent, digest: str) -> None:
        was_sent = bool(digest)
        if was_sent and digest != event.digest:
            self.tampered[event.id] = "changed"

        if not was_sent and not self._will_be_read(event):
            self.late.append(event)

    def _will_be_read(self, event: SentEvent) -> bool:
        """Return whether an event is where the next readings look."""
        first = self.position - OVERLAP
        last = self.position + AHEAD + PAUSE
        return text_of(first) <= event.at <= text_of(last)


def is_due(head: Head, now: datetime) -> bool:
    """Return whether it is time for the next comparison."""
    return text_of(now - PAUSE) >= head.swept


def sweep(head: Head, now: datetime, before_each_day: Callable[[], None]) -> Sweep:
    """Compare the days since the last time, and the one before; raise CooperError."""
    first_day = head.swept_moment.date() - timedelta(days=1)

    result = Sweep(head.position_moment)
    for day, digests in digests_by_day(first_day, now.date()):
        before_each_day()
        result.compare(day, digests)

    result.late.sort(key=attrgetter("at"))
    return result
