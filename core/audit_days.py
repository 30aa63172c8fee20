"""A day of the audit log, read from all of its partitions in one order."""

import heapq
from collections.abc import Iterator
from datetime import date
from operator import itemgetter

from pynamodb.expressions.condition import Condition

from core.audit import AuditEvent, partitions_of

PAGE_SIZE = 500
"""Events that DynamoDB reads in one call.

A whole megabyte, its own limit, could take too long to arrive.
"""

FIRST_PAGE_SIZE = 60
"""Events of each partition in its first call: a page that people see needs few of each."""

Step = tuple[str, AuditEvent | None]
"""A place (`at`) and its event, or None: every partition has been read as far as this place."""


def newest_first(
    day: date, *, before: str = "", since: str = "", filter_condition: Condition | None = None
) -> Iterator[Step]:
    """Yield the events of a day, newest first, and in between the places reached (consistent).

    Those with `at` below `before`, and not below `since`. Whoever stops at such a place has seen
    all matches that are newer, and goes on with `before` it. Where few events match, these places
    are all that comes for a while.
    """
    within = _within(since, before)
    partitions = [
        _newest_first_of(partition, within, filter_condition) for partition in partitions_of(day)
    ]
    for place, event in heapq.merge(*partitions, key=itemgetter(0), reverse=True):
        # `between` includes both of its ends
        if place != before:
            yield place, event


def _within(since: str, before: str) -> Condition | None:
    """Return the condition for places between two; "" is no limit."""
    if since and before:
        return AuditEvent.at.between(since, before)
    if since:
        return AuditEvent.at >= since
    return AuditEvent.at < before if before else None


def _newest_first_of(
    partition: str, range_key_condition: Condition | None, filter_condition: Condition | None
) -> Iterator[Step]:
    last_key = None
    page_size = FIRST_PAGE_SIZE
    while True:
        results = AuditEvent.query(
            partition,
            range_key_condition=range_key_condition,
            filter_condition=filter_condition,
            consistent_read=True,
            scan_index_forward=False,
            last_evaluated_key=last_key,
            page_size=page_size,
        )
        for item in next(results.page_iter)["Items"]:
            event = AuditEvent.from_raw_data(item)
            yield str(event.at), event

        last_key = results.page_iter.last_evaluated_key
        if not last_key:
            return
        yield str(last_key["at"]["S"]), None
        page_size = min(page_size * 2, PAGE_SIZE)


def is_empty_until(place: str) -> bool:
    """Return whether one call shows that no event of the log is older than a place.

    False for a log that is too large for it (a megabyte): it may have older ones, or not.
    """
    results = AuditEvent.scan(filter_condition=AuditEvent.at < place, consistent_read=True)
    older = next(results.page_iter)["Items"]
    return not older and not results.page_iter.last_evaluated_key


def oldest_first(
    day: date, since: str, until: str, *, filter_condition: Condition | None = None
) -> Iterator[AuditEvent]:
    """Yield the events of a day with `at` from `since` to `until`, as they are read (consistent).

    Both are moments in ISO 8601 with microseconds. An event's `at` goes on behind its moment, so
    one at `until` itself is left out.
    """
    partitions = [
        AuditEvent.under(
            partition,
            range_key_condition=AuditEvent.at.between(since, until),
            filter_condition=filter_condition,
            page_size=PAGE_SIZE,
        )
        for partition in partitions_of(day)
    ]
    yield from heapq.merge(*partitions, key=lambda event: str(event.at))
