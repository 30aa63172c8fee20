"""What a person did, for their own eyes: newest first, a page at a time."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.utils.text import capfirst

from brokers.errors import TargetNotAccessible
from brokers.grants.active import ActiveGrant
from brokers.grants.events import KINDS, is_intent, may_have_been_issued, newest_of_each_grant
from core.audit import AuditEvent, Event
from core.dynamo import DocumentKey, batch_read
from core.event_words import MAY_HAVE_BEEN_ISSUED, way_in_words, words_of

PER_PAGE = 40
"""Events that a page reads; a grant has two, and is one row."""

PLACE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00#[0-9A-Za-z_-]{1,100}", re.ASCII)
"""Where a page begins: the place of an event on the audit log."""

OUTCOME = "#outcome"
"""What the place of an outcome has after that of its intent."""


@dataclass(frozen=True)
class HistoryRow:
    """One thing that the person did."""

    event: AuditEvent
    what: str
    ends: datetime | None
    """When its AWS session ends, while it is active."""

    @property
    def way(self) -> str:
        """How they used, or wanted to use, the target."""
        return way_in_words(self.event.facts)

    @property
    def answer(self) -> str:
        """What they were told when they were refused; "" where the event does not say it."""
        return str(self.event.facts.get("answer") or "")

    @property
    def target(self) -> str:
        """The target of a grant, or ""."""
        is_of_grant = self.event.event.startswith("grant:")
        return str(self.event.target or "") if is_of_grant else ""


@dataclass(frozen=True)
class HistoryPage:
    """Some of a person's history, newest first; `older` is where the next page begins, or ""."""

    rows: list[HistoryRow]
    older: str


def own_history(person: str, now: datetime, before: str = "") -> HistoryPage:
    """Return what the person (`provider:subject`) did before a place, the newest first.

    A place that is none means the newest. Raise CooperError.
    """
    query: dict[str, Any] = {"scan_index_forward": False, "page_size": PER_PAGE + 1}
    if PLACE.fullmatch(before):
        query["range_key_condition"] = AuditEvent.at < before

    events = list(islice(AuditEvent.by_person.query(person, **query), PER_PAGE + 1))
    shown = [event for event in events[:PER_PAGE] if not _tells_of_a_target(event)]
    older = ""
    if len(events) > PER_PAGE:
        # an outcome comes with its intent, whose place is just before it
        older = str(events[PER_PAGE - 1].at).removesuffix(OUTCOME)
    return HistoryPage([_row(event, now) for event in _one_of_each(shown)], older)


def _tells_of_a_target(event: AuditEvent) -> bool:
    """Return whether an event would tell that there is a target which its person has no access to.

    A name that is no target's leaves no event: the two must look alike here as well. What an
    earlier cooper refused does not say how it was answered.
    """
    answer = event.facts.get("answer")
    is_told = bool(answer) and answer != TargetNotAccessible("").message
    return bool(event.event == Event.GRANT_REFUSED) and not is_told


def _one_of_each(events: Sequence[AuditEvent]) -> list[AuditEvent]:
    """Return the events with one of each grant, its outcome if there is one, newest first."""
    of_grants = [event for event in events if event.event in KINDS]
    others = [event for event in events if event.event not in KINDS]

    grants = newest_of_each_grant(of_grants)
    # the index lags: an outcome that it lacks may be there
    outcomes = _outcomes_of(filter(is_intent, grants))
    rows = [*others, *newest_of_each_grant([*grants, *outcomes])]
    return sorted(rows, key=lambda event: str(event.at), reverse=True)


def _outcomes_of(intents: Iterable[AuditEvent]) -> Iterator[AuditEvent]:
    keys: list[DocumentKey] = [
        (AuditEvent, intent.day, f"{intent.at}{OUTCOME}") for intent in intents
    ]
    outcomes = batch_read(keys)
    for key in keys:
        outcome = outcomes.get(AuditEvent, *key[1:])
        if outcome:
            yield outcome


def _row(event: AuditEvent, now: datetime) -> HistoryRow:
    words = words_of(str(event.event))
    if event.event in KINDS and _is_in_doubt(event):
        words = words._replace(result=MAY_HAVE_BEEN_ISSUED)
    return HistoryRow(event, capfirst(str(words)), _end_of(event, now))


def _is_in_doubt(event: AuditEvent) -> bool:
    """Return whether AWS may have issued a session, and nobody knows."""
    return may_have_been_issued(event) and event.event != Event.GRANT_DONE


def _end_of(event: AuditEvent, now: datetime) -> datetime | None:
    if event.event not in KINDS or not may_have_been_issued(event):
        return None
    ends = ActiveGrant.from_event(event).ends
    return ends if ends > now else None
