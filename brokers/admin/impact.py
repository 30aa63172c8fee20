"""Who gains and who loses what by a change in the admin, and who may become a target now.

What a change does is computed by `brokers.impact`; here is where its data come from.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from brokers.admin.known_people import known_people
from brokers.catalogue_rows import AnyTarget
from brokers.catalogue_state import Catalogue
from brokers.entitlements import Rule, is_active
from brokers.impact import AccessState, Impact, PeopleByGroup, impact_lines, impact_of
from brokers.request_catalogue import catalogue_of
from core import audit
from core.requests import once_per_request

MOST_LINES = 200
"""Lines that a page shows; more are counted."""


@dataclass(frozen=True)
class GroupAccess:
    """One group that may become a target: until when (None: for good), and its known people."""

    group: str
    until: datetime | None
    people: list[str]


def all_people() -> PeopleByGroup:
    """Return everybody who has signed in and is not disabled, as of the last minute."""
    return known_people().by_group


def people_for(request: HttpRequest) -> PeopleByGroup:
    """Return everybody who has signed in: the same ones all through a request."""
    return once_per_request(request, "people by group", all_people)


def impact_on(
    target: AnyTarget,
    rules: Iterable[Rule],
    after: AccessState,
    *,
    was_enabled: bool,
    people: PeopleByGroup,
) -> Impact:
    """Return what a change of one target does, which has these associations now."""
    before = AccessState(was_enabled, tuple(rules))
    return impact_of(target.name, before, after, people, audit.now())


def losses(
    request: HttpRequest, target: AnyTarget | None, removed_groups: Iterable[str] | None = None
) -> list[str]:
    """Return who loses a target, a line each, when the associations of these groups go.

    None stands for all its groups. Nobody loses anything while it is disabled.
    """
    if target is None or not target.enabled:
        return []

    rules = catalogue_of(request).associations_by_target.get(target.name, ())
    remaining = []
    if removed_groups is not None:
        removed = set(removed_groups)
        remaining = [rule for rule in rules if rule.group not in removed]

    after = AccessState(True, tuple(remaining))
    impact = impact_on(target, rules, after, was_enabled=True, people=people_for(request))
    return impact_lines(impact)


def summary_lines(impacts: list[Impact]) -> list[str]:
    """Return the lines for a change of many targets: a summary, then target by target."""
    lines: list[str] = []
    for impact in impacts:
        lines += impact_lines(impact)
    if not lines:
        return ["Nobody gains or loses anything by this."]

    summary = [
        *_people_line("gain", (impact.people_gaining for impact in impacts)),
        *_people_line("lose", (impact.people_losing for impact in impacts)),
    ]
    summary += lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        summary.append(f"And {len(lines) - MOST_LINES} more lines like these.")
    return summary


def _people_line(verb: str, people_by_target: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the line that says how many people gain (or lose) how many targets, if any do."""
    targets_by_person: Counter[str] = Counter()
    for people in people_by_target:
        targets_by_person.update(people)
    if not targets_by_person:
        return []

    count = len(targets_by_person)
    subject_and_verb = f"{count} people {verb}"
    if count == 1:
        subject_and_verb = f"1 person {verb}s"
    return [f"{subject_and_verb} up to {max(targets_by_person.values())} of these targets."]


def access_context(current: Catalogue, target: AnyTarget) -> dict[str, Any]:
    """Return, for a target's page, who may become it now, and when people were read for that."""
    access = access_by_group(current, target)
    return {"access_by_group": access, "people_read_at": known_people().read_at}


def access_by_group(current: Catalogue, target: AnyTarget) -> list[GroupAccess]:
    """Return who may become a target now, by group."""
    now = audit.now()
    people = all_people()

    access = []
    for rule in current.associations_by_target.get(target.name, ()):
        if is_active(rule.until, now):
            members = [person.person for person in people.in_any_of([rule.group])]
            access.append(GroupAccess(rule.group, rule.until, members))
    return sorted(access, key=lambda entry: entry.group)
