"""What was done to one target or person: found by an index, and read whole by its keys.

The index has no more of an event than what searches go by: its long reasons would cost a write unit
more each, in a partition that all events of one target share.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from core import installation
from core.audit import AuditEvent
from core.dynamo import DocumentKey, batch_read
from core.errors import Unavailable

VERSION = 2
"""The version of the tables that has the slim index for certain."""

AT_ONCE = 100
"""Events that are read whole in one call: as many as BatchGetItem takes."""


def events_of(name: str, **query: Any) -> Iterator[AuditEvent]:
    """Yield the events about a target, or a person, as they are read; oldest first.

    `query` is as PynamoDB takes it: `range_key_condition` by `at`, `filter_condition` by `event`
    and `request_id`, `scan_index_forward`, `limit`, `page_size`. Raise CooperError.
    """
    outlines = outlines_of(name, **query)
    if not has_slim_index():
        # the index of version 1 has all of each event
        yield from outlines
        return

    while some := list(islice(outlines, AT_ONCE)):
        yield from read_whole(some)


def outlines_of(name: str, **query: Any) -> Iterator[AuditEvent]:
    """Yield the same events with nothing but their keys, `event`, `target` and `request_id`."""
    return iter(index_of_targets().query(name, **query))


def index_of_targets() -> Any:
    """Return the index of targets that the tables have."""
    if has_slim_index():
        return AuditEvent.outlines_by_target
    return AuditEvent.by_target


def has_slim_index() -> bool:
    """Return whether the index of targets has outlines, which are to be read whole."""
    return installation.recent_version() >= VERSION


def read_whole(outlines: list[AuditEvent]) -> Iterator[AuditEvent]:
    """Yield the events in the order of their outlines, 100 at most; raise Unavailable."""
    keys: list[DocumentKey] = [(AuditEvent, *outline.key) for outline in outlines]
    events = batch_read(keys)
    for outline in outlines:
        event = events.get(AuditEvent, *outline.key)
        if event is None:
            # nothing ever leaves the audit log
            raise Unavailable("DynamoDB did not answer. Try again.", f"no event {outline.pk}")
        yield event
