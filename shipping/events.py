"""Events as the shipper reads them: lines of JSON, of whatever is in the table.

What can be read as an event is in the form of an export. An item that cannot, because somebody put
it there by hand, goes out as it is: nothing in the table may stop the shipper.
"""

import heapq
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter

from core.audit import AuditEvent, partitions_of
from core.audit_days import PAGE_SIZE
from core.audit_export import Format, export_lines
from core.dynamo import RawItem, pk_of
from shipping.batches import pointer_line, sha256

LARGEST_EVENT = 200_000
"""Bytes of an event's line; a larger one goes as its hash with a pointer.

A batch is stored in one item of DynamoDB (400 KB), and EventBridge takes entries of 256 KB.
"""


@dataclass(frozen=True)
class SentEvent:
    """An event of the audit log as it leaves: its line has no line break."""

    partition: str
    at: str
    line: bytes

    @property
    def id(self) -> str:
        """Its primary key as one text, as in exports."""
        return pk_of((self.partition, self.at))

    @property
    def digest(self) -> str:
        """SHA-256 of its line, in hex."""
        return sha256(self.line)


def events_of(day: date, since: str = "", until: str = "") -> Iterator[SentEvent]:
    """Yield a day's events with `at` from `since` to `until`, in order, as they are read.

    Consistent reads; without limits all that is in the day's partitions. Raise CooperError.
    """
    partitions = [_events_of(partition, since, until) for partition in partitions_of(day)]
    return heapq.merge(*partitions, key=attrgetter("at"))


def events_between(
    since: datetime, until: datetime, before_each_day: Callable[[], None]
) -> Iterator[SentEvent]:
    """Yield the events between two moments (UTC), both included, in order, as they are read."""
    day = since.date()
    while day <= until.date():
        before_each_day()
        yield from events_of(day, text_of(since), text_of(until))
        day += timedelta(days=1)


def text_of(moment: datetime) -> str:
    """Return a moment as `at` begins with it."""
    return moment.isoformat(timespec="microseconds")


def _events_of(partition: str, since: str, until: str) -> Iterator[SentEvent]:
    within = AuditEvent.at.between(since, until) if since else None
    results = AuditEvent.query(
        partition, range_key_condition=within, consistent_read=True, page_size=PAGE_SIZE
    )
    for page in results.page_iter:
        for item in page["Items"]:
            yield event_of(item)


def event_of(item: RawItem) -> SentEvent:
    """Return an item of the audit table as an event that can be sent."""
    line = _line_of(item)
    if len(line) > LARGEST_EVENT:
        line = pointer_line(line)

    return SentEvent(str(item["day"]["S"]), str(item["at"]["S"]), line)


def _line_of(item: RawItem) -> bytes:
    try:
        event = AuditEvent.from_raw_data(dict(item))
        dict(json.loads(event.details or "{}"))
        [line] = export_lines([event], Format.JSON_LINES)
    except Exception:  # noqa: BLE001 - whatever somebody has put there
        line = json.dumps(_unreadable(item), default=str, sort_keys=True)

    # details may hold half of a pair of surrogates, which UTF-8 has not, and JSON escapes
    return line.rstrip("\n").encode(errors="backslashreplace")


def _unreadable(item: RawItem) -> dict[str, object]:
    """Return what is sent of an item that is no event."""
    day, at = item["day"]["S"], item["at"]["S"]
    return {"id": pk_of((day, at)), "at": at.split("#")[0], "unreadable": item}
