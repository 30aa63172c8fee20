"""The record, read: searched newest first and never for long, or gone through oldest first for an export."""

import csv
import heapq
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from time import monotonic
from typing import Any

from pynamodb.expressions.condition import Condition

from core.audit import AuditEvent
from core.errors import Invalid

BEGINNING = date(2026, 1, 1)
"""There was no cooper before."""

EMPTY_DAYS = 31
"""Days in which nothing is found after which a search ends; it can be taken further back."""

PATIENCE = 2.0
"""Seconds after which a search ends; it can be taken further back."""

AT_ONCE = 500
"""Events that DynamoDB looks at in one call: a whole megabyte, its own limit, could take too long to arrive."""

HISTORY = 200
"""Events of a history at most; the search has all."""

ATTRIBUTES = (
    "at",
    "event",
    "person",
    "target",
    "aws_account",
    "grant",
    "why",
    "source",
    "request_id",
)
COLUMNS = ("id", *ATTRIBUTES, "details")
"""What an export says of an event, in this order."""

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
"""What a cell must not begin with: spreadsheets would run it. `'` is on the list so that none is lost on the way back.

Source: https://owasp.org/www-community/attacks/CSV_Injection
"""


def today() -> date:
    """Return the day (UTC)."""
    return datetime.now(UTC).date()


def end_of(day: date) -> str:
    """Return the place behind all events of a day: in theirs a T follows the date."""
    return f"{day}U"


@dataclass(frozen=True)
class Search:
    """What is looked for; all of it has to fit. Days are UTC and both included; `before` is a place in the record."""

    named: str = ""
    event: str = ""
    request_id: str = ""
    since: date = BEGINNING
    until: date | None = None
    before: str = ""

    @property
    def filter(self) -> Condition | None:
        """Return what DynamoDB leaves out; an event that ends in `:` stands for all of its noun."""
        found: Condition | None = None
        if self.event:
            noun = self.event.endswith(":")
            found = (
                AuditEvent.event.startswith(self.event) if noun else AuditEvent.event == self.event
            )
        if self.request_id:
            same = AuditEvent.request_id == self.request_id
            found = same if found is None else found & same
        return found

    @property
    def newest(self) -> str:
        """Return the place before which to look."""
        return self.before or end_of(self.until or today())

    @property
    def first_day(self) -> date:
        """Return the oldest day to look at."""
        return max(self.since, BEGINNING)


class AuditSearch:
    """The events that a search finds, newest first. When it ended early, `reached` is the place to go on before."""

    def __init__(self, search: Search) -> None:
        """Take the search; nothing is read yet."""
        self.search, self.reached, self.over = search, "", False

    def __iter__(self) -> Iterator[AuditEvent]:
        """Read: by index where a person or target is named, else day by day."""
        return self._named() if self.search.named else self._by_day()

    def _named(self) -> Iterator[AuditEvent]:
        """Return the events of a person (`local:` may be left out) and of what has that name."""
        text, oldest = self.search.named, f"{self.search.first_day}T"
        if self.search.newest < oldest:
            return
        person = text if ":" in text else f"local:{text}"
        within = AuditEvent.at.between(oldest, self.search.newest)
        asked: Any = {
            "range_key_condition": within,
            "filter_condition": self.search.filter,
            "page_size": AT_ONCE,
        }
        keys = [
            (AuditEvent.by_target, text),
            (AuditEvent.by_target, person),
            (AuditEvent.by_person, person),
        ]
        found = [
            index.query(key, scan_index_forward=False, **asked)
            for index, key in dict.fromkeys(keys)
        ]
        last = ""
        for event in heapq.merge(*found, key=lambda each: str(each.at), reverse=True):
            if event.at not in (last, self.search.before):
                yield event
            last = str(event.at)

    def _by_day(self) -> Iterator[AuditEvent]:
        """Return the events from a day on into the past."""
        end, empty, day, before = monotonic() + PATIENCE, 0, self._first_day(), self.search.before
        while day >= self.search.first_day:
            if empty >= EMPTY_DAYS:
                self.reached = end_of(day)
                return
            empty += 1
            for found in self._pages(day, before, end):
                empty = 0
                yield found
            if self.over:
                return
            day, before = day - timedelta(days=1), ""

    def _first_day(self) -> date:
        """Return the day to begin with."""
        return (
            date.fromisoformat(self.search.before[:10])
            if self.search.before
            else self.search.until or today()
        )

    def _pages(self, day: date, before: str, end: float) -> Iterator[AuditEvent]:
        """Return what is found in a day; note the place when time is over before all of it was looked at."""
        below = AuditEvent.at < before if before else None
        asked: Any = {
            "range_key_condition": below,
            "filter_condition": self.search.filter,
            "page_size": AT_ONCE,
        }
        found = AuditEvent.query(
            day.isoformat(), consistent_read=True, scan_index_forward=False, **asked
        )
        for page in found.page_iter:  # by the page: most of them may hold nothing that fits
            yield from (AuditEvent.from_raw_data(item) for item in page["Items"])
            if monotonic() > end:
                further = found.page_iter.last_evaluated_key
                older = end_of(day - timedelta(days=1)) if day > self.search.first_day else ""
                self.reached, self.over = further["at"]["S"] if further else older, True
                return


def history_for(key: str) -> list[AuditEvent]:
    """Return the newest events of a person or target, by whoever did them, newest first."""
    return list(islice(iter(AuditSearch(Search(key))), HISTORY))


class Format(StrEnum):
    """How an export is written."""

    JSON_LINES = "jsonl"
    CSV = "csv"


@dataclass(frozen=True)
class TimeRange:
    """What an export covers: from `since` on, up to and without `until` (UTC)."""

    since: datetime
    until: datetime

    @classmethod
    def of_days(cls, first: date, last: date) -> "TimeRange":
        """Return the span of whole days, both included; it ends with today, whatever the last one is."""
        begin, end = (datetime.combine(day, time.min, UTC) for day in (first, min(last, today())))
        return cls(begin, end + timedelta(days=1))

    def checked(self) -> "TimeRange":
        """Return this span; raise Invalid when it ends before it begins."""
        if self.until <= self.since:
            raise Invalid("The end has to be after the beginning.", field="until")
        return self

    def days(self) -> Iterator[date]:
        """Return the days that it touches and that can have events."""
        day, last = max(self.since.date(), BEGINNING), min(self.until.date(), today())
        while day <= last:
            yield day
            day += timedelta(days=1)

    def events_on(self, day: date) -> Iterator[AuditEvent]:
        """Return its events of a day, oldest first, as they are read."""
        edges = (each.isoformat(timespec="microseconds") for each in (self.since, self.until))
        within = AuditEvent.at.between(*edges)
        return AuditEvent.under(day.isoformat(), range_key_condition=within, page_size=AT_ONCE)

    def events(self) -> Iterator[AuditEvent]:
        """Return its events, oldest first, as they are read."""
        for day in self.days():
            yield from self.events_on(day)

    def facts(self) -> dict[str, str]:
        """Return what is recorded of it."""
        return {"since": self.since.isoformat(), "until": self.until.isoformat()}


def written(events: Iterable[AuditEvent], form: Format, *, header: bool = True) -> Iterator[str]:
    """Return the lines of an export, one event each; CSV begins with its `header`."""
    if form is Format.JSON_LINES:
        for event in events:
            yield json.dumps({**_row(event), "details": event.facts}, ensure_ascii=False) + "\n"
        return
    if header:
        yield _csv_line(COLUMNS)
    for event in events:
        yield _csv_line(
            ["" if value is None else harmless(str(value)) for value in _row(event).values()]
        )


def _row(event: AuditEvent) -> dict[str, Any]:
    """Return an event's columns."""
    known = {name: getattr(event, name) for name in ATTRIBUTES} | {"at": event.moment.isoformat()}
    return {"id": event.pk, **known, "details": event.details or "{}"}


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: `'` before it where need be."""
    return f"'{text}" if text.startswith(FORMULAS) else text


def original(cell: str) -> str:
    """Return what `harmless` was given."""
    return cell.removeprefix("'")


def _csv_line(cells: Iterable[str]) -> str:
    """Return a line of CSV with every cell quoted, whatever a spreadsheet thinks separates cells."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(cells)
    return out.getvalue()
