"""The events of people and of targets, of many at once: newest first, as far back as one likes.

From indexes, which are a moment behind; for showing.
"""

import heapq
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from pynamodb.expressions.condition import Condition

from core import audit_history
from core.audit import AuditEvent
from core.carried_context import carrying_context

NAMES_AT_ONCE = 8
"""Names that are asked for at the same time: each takes a query of its own."""

FIRST_PAGE_SIZE = 60
"""Events of each name in its first call: a page that people see needs few of each."""

PAGE_SIZE = 500


class Range(NamedTuple):
    """Which events: with `at` from `oldest` to `newest`, and matching the condition."""

    oldest: str
    newest: str
    filter_condition: Condition | None = None


class Step(NamedTuple):
    """A place (`AuditEvent.at`) and its event, or None: all names have been read down to it."""

    place: str
    event: AuditEvent | None
    is_outline: bool = False


def newest_first(targets: Iterable[str], people: Iterable[str], within: Range) -> Iterator[Step]:
    """Yield the events about the targets and by the people, each once, and the places reached.

    What an event is about may be a person too. Raise CooperError.
    """
    index = audit_history.index_of_targets()
    is_outline = audit_history.has_slim_index()
    about = [_newest_first_of(index, name, within, is_outline=is_outline) for name in targets]
    by = [_newest_first_of(AuditEvent.by_person, person, within) for person in people]

    steps = heapq.merge(*_begun([*about, *by]), key=itemgetter(0), reverse=True)
    return _whole(_each_once(steps))


def _newest_first_of(
    index: Any, name: str, within: Range, *, is_outline: bool = False
) -> Iterator[Step]:
    last_key = None
    page_size = FIRST_PAGE_SIZE
    while True:
        results = index.query(
            name,
            range_key_condition=AuditEvent.at.between(within.oldest, within.newest),
            filter_condition=within.filter_condition,
            scan_index_forward=False,
            last_evaluated_key=last_key,
            page_size=page_size,
        )
        for item in next(results.page_iter)["Items"]:
            event = AuditEvent.from_raw_data(item)
            yield Step(str(event.at), event, is_outline)

        last_key = results.page_iter.last_evaluated_key
        if not last_key:
            return
        yield Step(str(last_key["at"]["S"]), None)
        page_size = min(page_size * 2, PAGE_SIZE)


def _begun(sources: list[Iterator[Step]]) -> list[Iterator[Step]]:
    """Return the sources with the first page of each read, some of them at the same time."""
    if len(sources) <= 1:
        return sources

    with ThreadPoolExecutor(NAMES_AT_ONCE) as pool:
        first_steps = list(pool.map(carrying_context(_first_of), sources))
    return [chain(first, rest) for first, rest in zip(first_steps, sources, strict=True)]


def _first_of(source: Iterator[Step]) -> list[Step]:
    for step in source:
        return [step]
    return []


def _each_once(steps: Iterable[Step]) -> Iterator[Step]:
    """Leave out the events that another index has yielded already."""
    last_place = ""
    for step in steps:
        if step.event and step.place == last_place:
            continue
        if step.event:
            last_place = step.place
        yield step


def _whole(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps with their events whole, which takes a call for many of them."""
    pending: list[Step] = []
    for step in steps:
        if not step.event:
            yield from _read(pending)
            yield step
            pending = []
            continue

        pending.append(step)
        if len(pending) == audit_history.AT_ONCE:
            yield from _read(pending)
            pending = []
    yield from _read(pending)


def _read(steps: list[Step]) -> Iterator[Step]:
    outlines = [step.event for step in steps if step.event and step.is_outline]
    # in the same order
    whole_events = audit_history.read_whole(outlines)
    for step in steps:
        event = next(whole_events) if step.is_outline else step.event
        yield Step(step.place, event)
