"""Exporting the audit log: oldest first, as it is read, in JSON Lines or CSV."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from core.audit import AuditEvent
from core.audit_days import oldest_first
from core.audit_search import BEGINNING, today
from core.errors import Invalid

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
"""What an export has of an event, in this order."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
"""What a cell must not begin with: spreadsheets would run it.

`'` is among them so that `unescape_formula` gives every text back.
Source: https://owasp.org/www-community/attacks/CSV_Injection
"""


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
        """Return the range of whole days, both included; it ends with today at the latest."""
        begin = datetime.combine(first, time.min, UTC)
        last_begin = datetime.combine(min(last, today()), time.min, UTC)
        return cls(begin, last_begin + timedelta(days=1))

    def checked(self) -> "TimeRange":
        """Return this range; raise Invalid when it ends before it begins."""
        if self.until <= self.since:
            raise Invalid("The end has to be after the beginning.", field="until")
        return self

    def days(self) -> Iterator[date]:
        """Yield the days that it touches and that can have events."""
        day = max(self.since.date(), BEGINNING)
        last_day = min(self.until.date(), today())
        while day <= last_day:
            yield day
            day += timedelta(days=1)

    def events_on(self, day: date) -> Iterator[AuditEvent]:
        """Return the range's events of a day, oldest first, as they are read."""
        since = self.since.isoformat(timespec="microseconds")
        until = self.until.isoformat(timespec="microseconds")
        return oldest_first(day, since, until)

    def events(self) -> Iterator[AuditEvent]:
        """Yield the range's events, oldest first, as they are read."""
        for day in self.days():
            yield from self.events_on(day)

    def facts(self) -> dict[str, str]:
        """Return what the event of an export says of the range."""
        return {"since": self.since.isoformat(), "until": self.until.isoformat()}


def export_lines(
    events: Iterable[AuditEvent], export_format: Format, *, header: bool = True
) -> Iterator[str]:
    """Yield the lines of an export, one event each; CSV begins with its `header`."""
    if export_format is Format.JSON_LINES:
        for event in events:
            row = _row(event) | {"details": event.facts}
            yield json.dumps(row, ensure_ascii=False) + "\n"
        return

    if header:
        yield csv_line(COLUMNS)
    for event in events:
        yield csv_line(csv_cell(value) for value in _row(event).values())


def _row(event: AuditEvent) -> dict[str, Any]:
    """Return an event's columns."""
    row = {"id": event.pk}
    for name in ATTRIBUTES:
        row[name] = getattr(event, name)

    # the id behind the time is in `id` already
    row["at"] = event.moment.isoformat()
    row["details"] = event.details or "{}"
    return row


def csv_cell(value: Any) -> str:
    """Return a value as a cell that no spreadsheet runs."""
    return "" if value is None else escape_formula(str(value))


def escape_formula(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: with `'` before it where needed."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def unescape_formula(cell: str) -> str:
    """Return the text that `escape_formula` was given."""
    return cell.removeprefix("'")


def csv_line(cells: Iterable[str]) -> str:
    """Return cells as a line of CSV."""
    # every cell is quoted, whatever character a spreadsheet takes for the separator
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(cells)
    return line.getvalue()
