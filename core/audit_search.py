"""Searching the audit log, newest first and never for long; a search can be taken further back."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from time import monotonic
from typing import Any

from pynamodb.expressions.condition import Condition

from core import request_ids
from core.audit import AuditEvent
from core.audit_days import PAGE_SIZE, newest_first
from core.audit_history import events_of
from core.dynamo.sizes import HASH_KEY_LIMIT, fits

BEGINNING = date(2026, 1, 1)
"""There was no cooper before."""

EMPTY_DAYS = 31
"""Days without a match after which a search ends."""

PATIENCE = 2.0
"""Seconds after which a search ends."""

LONGEST_REQUEST = timedelta(minutes=2)
"""Time after its beginning in which a request writes events: four times what AWS's calls may take.

`core.aws.deadlines.LONG` is the longest deadline.
"""

CLOCK_STEP = timedelta(seconds=5)
"""How far a server's clock may be set back while it answers a request."""

HISTORY_LIMIT = 200
"""Events of a history at most; the search has all."""


def today() -> date:
    """Return the day (UTC)."""
    return datetime.now(UTC).date()


def end_of(day: date) -> str:
    """Return a value of `at` that sorts behind all events of a day: in theirs a T follows it."""
    return f"{day}U"


def _day_of(place: str) -> date:
    return date.fromisoformat(place[: len("2026-01-01")])


@dataclass(frozen=True)
class Search:
    """What to look for; all of it has to match. Days are UTC and both included."""

    name: str = ""
    """A person, or what an event was about."""
    event: str = ""
    """A kind of event, or a noun with its colon (`grant:`) for all of its events."""
    request_id: str = ""
    since: date = BEGINNING
    until: date | None = None
    before: str = ""
    """The `at` of the event to go on from: older ones are searched."""

    @property
    def filter(self) -> Condition | None:
        """The condition by which DynamoDB leaves events out."""
        of_event = self._event_filter()
        if not self.request_id:
            return of_event

        of_request: Condition = AuditEvent.request_id == self.request_id
        if of_event is None:
            return of_request
        combined: Condition = of_event & of_request
        return combined

    def _event_filter(self) -> Condition | None:
        if not self.event:
            return None
        if self.event.endswith(":"):
            return AuditEvent.event.startswith(self.event)
        return AuditEvent.event == self.event

    @property
    def request_moment(self) -> datetime | None:
        """When the request began, where its id says it: its events are in the minutes after."""
        return request_ids.moment_of(self.request_id)

    @property
    def newest(self) -> str:
        """The `at` to search downwards from."""
        newest = self.before or end_of(self.until or today())
        began = self.request_moment
        if not began:
            return newest
        return min(newest, (began + LONGEST_REQUEST).isoformat())

    @property
    def oldest(self) -> str:
        """The `at` to search down to."""
        oldest = f"{max(self.since, BEGINNING)}T"
        began = self.request_moment
        if not began:
            return oldest
        return max(oldest, (began - CLOCK_STEP).isoformat())

    @property
    def first_day(self) -> date:
        """The oldest day to search."""
        return _day_of(self.oldest)

    @property
    def last_day(self) -> date:
        """The day to begin with."""
        return _day_of(self.newest)


class AuditSearch:
    """The events that match a search, newest first; iterating reads them.

    When it ended early, `reached` is the `before` of a search that goes on.
    """

    def __init__(self, search: Search) -> None:
        self.search = search
        self.reached = ""
        self._timed_out = False

    def __iter__(self) -> Iterator[AuditEvent]:
        # a person's or target's events are in an index
        if self.search.name:
            return self._events_by_name()
        return self._events_by_day()

    def _events_by_name(self) -> Iterator[AuditEvent]:
        """Yield the events of a person (`local:` may be left out) and of what has that name."""
        name = self.search.name
        person = name if ":" in name else f"local:{name}"
        if not fits(person, HASH_KEY_LIMIT):
            # no event has such a name
            return
        if self.search.newest < self.search.oldest:
            # DynamoDB refuses such a range
            return

        query: dict[str, Any] = {
            "range_key_condition": AuditEvent.at.between(self.search.oldest, self.search.newest),
            "filter_condition": self.search.filter,
            "page_size": PAGE_SIZE,
            "scan_index_forward": False,
        }
        # a name with a provider is the person itself: the same index need not be read twice
        names = dict.fromkeys([name, person])
        results = [events_of(name, **query) for name in names]
        results.append(iter(AuditEvent.by_person.query(person, **query)))

        last_at = ""
        for event in heapq.merge(*results, key=lambda event: str(event.at), reverse=True):
            # an event may be in several indexes; `between` includes the event to go on from
            if event.at not in (last_at, self.search.before):
                yield event
            last_at = str(event.at)

    def _events_by_day(self) -> Iterator[AuditEvent]:
        deadline = monotonic() + PATIENCE
        day = self.search.last_day
        before = self.search.newest
        empty_days = 0
        while day >= self.search.first_day:
            if empty_days >= EMPTY_DAYS:
                self.reached = end_of(day)
                return

            empty_days += 1
            for event in self._events_of(day, before, deadline):
                empty_days = 0
                yield event
            if self._timed_out:
                return

            day -= timedelta(days=1)
            before = ""

    def _events_of(self, day: date, before: str, deadline: float) -> Iterator[AuditEvent]:
        """Yield a day's events; note how far it came when time is over."""
        since = self.search.oldest if day == self.search.first_day else ""
        if before and before < since:
            # DynamoDB refuses such a range
            return

        steps = newest_first(day, before=before, since=since, filter_condition=self.search.filter)
        for place, event in steps:
            if event is not None:
                yield event
            elif monotonic() > deadline:
                self._stop_at(place)
                return

        if monotonic() > deadline:
            is_first_day = day <= self.search.first_day
            self._stop_at("" if is_first_day else end_of(day - timedelta(days=1)))

    def _stop_at(self, place: str) -> None:
        self._timed_out = True
        self.reached = place


def history_for(key: str) -> list[AuditEvent]:
    """Return the newest events of a person or target, by whoever did them, newest first."""
    return list(islice(AuditSearch(Search(name=key)), HISTORY_LIMIT))
