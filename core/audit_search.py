"""Searching the audit log, newest first and never for long; a search can be taken further back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from math import inf
from time import monotonic

from pynamodb.expressions.condition import Condition

from core import request_ids
from core.audit import AuditEvent
from core.audit_days import is_empty_until, newest_first
from core.audit_names import Range
from core.audit_names import newest_first as newest_first_of_names
from core.dynamo.sizes import HASH_KEY_LIMIT, fits
from core.event_words import WAYS, same_words

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

MOST_TARGETS = 200
"""Targets that are searched by their names, which takes a query each."""

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
    """A kind of event, with all that are called the same; or a noun with its colon (`grant:`)."""
    request_id: str = ""
    way: str = ""
    """One of `core.event_words.WAYS`."""
    targets: frozenset[str] = frozenset()
    """More targets than `name`, such as those of an AWS account."""
    aws_accounts: frozenset[str] = frozenset()
    """With `former_targets`: of their events, those in these AWS accounts."""
    former_targets: frozenset[str] = frozenset()
    """Targets that may have been in it, and are deleted."""
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
        # refusals before and after an intent are one to whoever searches
        return AuditEvent.event.is_in(*(same_words(self.event) or (self.event,)))

    @property
    def person(self) -> str:
        """The person whom the name may mean."""
        return self.name if ":" in self.name else f"local:{self.name}"

    @property
    def filter_of_days(self) -> Condition | None:
        """The same with the way, for whole events: an index may have outlines alone."""
        if not self.way:
            return self.filter
        of_way: Condition = AuditEvent.details.contains(WAYS[self.way])
        return of_way if self.filter is None else self.filter & of_way

    def is_of_way(self, event: AuditEvent) -> bool:
        """Return whether an event came about in the way that is looked for."""
        return not self.way or WAYS[self.way] in str(event.details or "")

    def includes(self, event: AuditEvent) -> bool:
        """Return whether an event is of one of the names."""
        if event.person == self.person or event.target in (self.name, self.person):
            return True
        return event.target in self.targets or event.aws_account in self.aws_accounts

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
        search = self.search
        if not search.name:
            return self._events_by_day()

        names = search.targets | search.former_targets
        if len(names) > MOST_TARGETS:
            # to read whole days takes fewer calls
            return filter(search.includes, self._events_by_day())
        of_names = filter(search.includes, self._events_by_name())
        return filter(search.is_of_way, of_names)

    def _events_by_name(self) -> Iterator[AuditEvent]:
        """Yield the events of a person (`local:` may be left out) and of what has that name.

        Of further targets too; then it ends when time is over.
        """
        search = self.search
        if not fits(search.person, HASH_KEY_LIMIT):
            # no event has such a name
            return
        if search.newest < search.oldest:
            # DynamoDB refuses such a range
            return

        further = search.targets | search.former_targets
        deadline = monotonic() + PATIENCE if further else inf
        # a name with a provider is the person itself: the same index need not be read twice
        names = dict.fromkeys([search.name, search.person, *sorted(further)])
        within = Range(search.oldest, search.newest, search.filter)

        for place, event, _ in newest_first_of_names(names, [search.person], within):
            if not event and monotonic() > deadline:
                self._stop_at(place)
                return
            # the range includes the event to go on from
            if event and place != search.before:
                yield event

    def _events_by_day(self) -> Iterator[AuditEvent]:
        deadline = monotonic() + PATIENCE
        day = self.search.last_day
        before = self.search.newest
        empty_days = 0
        while day >= self.search.first_day:
            if empty_days >= EMPTY_DAYS:
                # a young log ends here, and that is worth a call: nobody looks for what is not
                is_end = is_empty_until(end_of(day))
                self.reached = "" if is_end else end_of(day)
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

        steps = newest_first(
            day, before=before, since=since, filter_condition=self.search.filter_of_days
        )
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
