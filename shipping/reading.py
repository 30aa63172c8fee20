"""Which events are new: `at` is when an event was made, and not the order in which it was written.

So each reading begins a while before the end of the one before it, and leaves out what was sent.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from core.audit_search import LONGEST_REQUEST
from shipping.descriptions import Description
from shipping.events import SentEvent, events_between, text_of
from shipping.ledger import newest_batches
from shipping.models import StoredBatch
from shipping.moments import moment_of

CLOCK_SKEW = timedelta(minutes=5)
"""How far a clock may be off: AWS refuses the signatures of one that is further.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html"""

AHEAD = 2 * CLOCK_SKEW
"""How far an event's time may be after the shipper's: one clock is fast and the other slow."""

MARGIN = timedelta(seconds=60)
"""For servers and calls that stand still for a while."""

OVERLAP = LONGEST_REQUEST + AHEAD + MARGIN
"""How long after its time (`at`) an event is written at the latest.

A grant's outcome has the time of its intent, and comes as late as the request may take. What is
later than that is found by comparing whole days (`shipping.sweeping`), and is an alarm.
"""


class SentIds:
    """The ids of events that were sent and may be read again."""

    def __init__(self) -> None:
        self._ids: set[str] = set()

    @classmethod
    def since(cls, moment: datetime) -> "SentIds":
        """Return those of all batches that may have events from a moment on."""
        ids = cls()
        for stored in newest_batches():
            if stored.position < _first_position(moment):
                break
            ids._ids.update(digests_of(stored))
        return ids

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def add_all(self, events: Iterable[SentEvent]) -> None:
        """Keep the ids of events."""
        self._ids.update(event.id for event in events)

    def forget_before(self, moment: datetime) -> None:
        """Drop what will not be read again."""
        first_at = text_of(moment)
        self._ids = {event_id for event_id in self._ids if at_of(event_id) >= first_at}


def _first_position(moment: datetime) -> str:
    """Return the least position of a batch that may have events from a moment on.

    No event of a batch is later than its position and AHEAD, and positions only grow.
    """
    return text_of(moment - AHEAD)


def at_of(event_id: str) -> str:
    """Return `at` of an id (`day|at`)."""
    return event_id.partition("|")[2]


def digests_of(stored: StoredBatch) -> dict[str, str]:
    """Return the digests of a batch's events by their ids."""
    return Description.of(stored.batch).digests


def digests_by_day(first: date, last: date) -> Iterator[tuple[date, dict[str, str]]]:
    """Yield the days, the newest first, with the digests of the events sent of each, by their ids.

    A day's events are in batches from its beginning on, the late ones in any later batch: so the
    newest batch is read first, and hardly more than a day's digests are in memory.
    """
    by_day: dict[date, dict[str, str]] = defaultdict(dict)
    day = last

    for stored in newest_batches():
        while day >= first and stored.position < _first_position(beginning_of(day)):
            yield day, by_day.pop(day, {})
            day -= timedelta(days=1)
        if day < first:
            return

        for event_id, digest in digests_of(stored).items():
            if first <= day_of(event_id) <= last:
                by_day[day_of(event_id)][event_id] = digest

    while day >= first:
        yield day, by_day.pop(day, {})
        day -= timedelta(days=1)


def beginning_of(day: date) -> datetime:
    """Return a day's first moment (UTC)."""
    return datetime.combine(day, time.min, UTC)


def day_of(event_id: str) -> date:
    """Return the day of an event's partition."""
    return date.fromisoformat(event_id[: len("2026-01-01")])


def new_events(
    position: datetime, now: datetime, sent: SentIds, before_each_day: Callable[[], None]
) -> Iterator[SentEvent]:
    """Yield the events since the last reading that were not sent, in order, as they are read.

    Call `before_each_day`: there may be years of days without an event.
    """
    for event in events_between(position - OVERLAP, now + AHEAD, before_each_day):
        if event.id not in sent:
            yield event


def latest(events: Sequence[SentEvent], default: datetime) -> datetime:
    """Return the time of the last event; `default` where somebody wrote no time there."""
    return moment_of(events[-1].at.split("#")[0]) or default


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield the days from the first to the last one."""
    while first <= last:
        yield first
        first += timedelta(days=1)
