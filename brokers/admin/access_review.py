"""The access review as CSV: who may become what, through which group, since when, last used."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from brokers.admin.last_used import NEWEST_EVENTS, last_used
from brokers.catalogue import not_deleted
from brokers.catalogue_rows import CatalogueAssociation, CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.impact import PeopleByGroup
from core.audit import AuditEvent, Event
from core.audit_export import csv_cell, csv_line
from core.audit_history import events_of

COLUMNS = (
    "target",
    "title",
    "aws_account",
    "state",
    "group",
    "since",
    "until",
    "person",
    "target_last_used",
)

GIVING_EVENTS = (Event.TARGET_ADDED, Event.TARGET_CHANGED, Event.ASSOCIATION_ADDED)
"""Events that tell when an association began."""

NOT_KNOWN = "not known"
NOT_LATELY = f"not among its newest {NEWEST_EVENTS} events"
END = "end of the review"
"""The first cell of the last line: a file without it was cut."""


def review_lines(
    current: Catalogue, people: PeopleByGroup, only_target: str = "", only_person: str = ""
) -> Iterator[str]:
    """Yield the lines: one for each person who may become a target through a group.

    A group that nobody known is in has one line without a person, unless one person is asked for.
    Raise CooperError when AWS does not answer: what was sent then lacks the last line.
    """
    yield csv_line(COLUMNS)
    targets = sorted(not_deleted(current.targets.values()), key=lambda target: str(target.name))
    count = 0
    for target in targets:
        if only_target in ("", target.name):
            for row in _rows(current, people, target, only_person):
                count += 1
                yield csv_line(csv_cell(value) for value in row)
    yield csv_line([END, f"{count} lines", *[""] * (len(COLUMNS) - 2)])


def _rows(
    current: Catalogue, people: PeopleByGroup, target: CatalogueTarget, only_person: str
) -> Iterator[list[Any]]:
    """Yield a target's rows; its history is read once, and only where there are any."""
    members_by_rule: list[tuple[CatalogueAssociation, list[str]]] = []
    for rule in current.associations_by_target.get(target.name, ()):
        members = [member.person for member in people.in_any_of([str(rule.group)])]
        if only_person:
            members = [member for member in members if member == only_person]
        if members or not only_person:
            members_by_rule.append((rule, members))
    if not members_by_rule:
        return

    history = list(events_of(target.name, filter_condition=AuditEvent.event.is_in(*GIVING_EVENTS)))
    used = last_used([target.name])[target.name]
    account = current.accounts.get(str(target.aws_account), target.aws_account)
    for rule, members in members_by_rule:
        since = since_when(history, str(rule.group))
        for member in members or [""]:
            yield [
                target.name,
                target.title,
                account,
                target.state,
                rule.group,
                since.isoformat(timespec="seconds") if since else NOT_KNOWN,
                rule.until.isoformat(timespec="seconds") if rule.until else "",
                member,
                used.isoformat(timespec="seconds") if used else NOT_LATELY,
            ]


def since_when(history: list[AuditEvent], group: str) -> datetime | None:
    """Return when a group was associated last, by a target's events, oldest first; None: unknown.

    Imports say only how many associations they made.
    """
    moment = None
    for event in history:
        if _associates(event, group):
            moment = event.moment
    return moment


def _associates(event: AuditEvent, group: str) -> bool:
    facts = event.facts
    if event.event == Event.ASSOCIATION_ADDED and facts.get("group") == group:
        return True
    added = (facts.get("associations") or {}).get("added") or []
    return any(text == group or text.startswith(f"{group} until ") for text in added)
