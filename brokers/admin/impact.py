"""Before the deed: who gains and who loses what, and who may become a target now."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from accounts.models import Person
from brokers import catalogue
from brokers.entitlements import is_active
from brokers.impact import AccessState, Impact, KnownPerson, PeopleByGroup, impact_lines, impact_of
from brokers.models import Target
from core import audit
from core.errors import Invalid

SHOWN = 200
"""Lines that a page shows; more are counted."""


class ImpactNotConfirmed(Invalid):
    """What a change does was not looked at yet, or is different by now; `mark` proves having seen its `lines`."""

    status = HTTPStatus.OK

    def __init__(self, lines: list[str]) -> None:
        """Keep the lines."""
        super().__init__(
            "This changes who may become it. Nothing is saved yet.", "effects not seen yet"
        )
        self.lines, self.mark = lines, mark_of(lines)


@dataclass(frozen=True)
class Way:
    """One group that may become a target: until when, and who was seen in it."""

    group: str
    until: datetime | None
    people: list[str]


def mark_of(lines: Iterable[str]) -> str:
    """Return what stands for lines that somebody has seen."""
    return hashlib.sha256(json.dumps(list(lines)).encode()).hexdigest()[:32]


def crowd() -> PeopleByGroup:
    """Return everybody who has signed in and may come in (a scan: for the management plane alone)."""
    people = (each for each in Person.everything() if not each.disabled)
    return PeopleByGroup(KnownPerson(str(each.person), frozenset(each.groups)) for each in people)


def of_change(target: Target, after: AccessState, was_enabled: bool, seen: PeopleByGroup) -> Impact:
    """Return what a change of one target does."""
    rules = tuple(catalogue.latest().rules.get(str(target.name), ()))
    return impact_of(str(target.name), AccessState(was_enabled, rules), after, seen, audit.now())


def demand_seen(found: Impact, mark: str) -> None:
    """Raise Unseen unless whoever does it has seen what it does."""
    lines = impact_lines(found)
    if lines and mark != mark_of(lines):
        raise ImpactNotConfirmed(lines)


def _most(verb: str, sides: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the line that says how many people gain (or lose) up to how many targets; none for nobody."""
    counts = Counter(person for side in sides for person in side)
    if not counts:
        return []
    people = f"1 person {verb}s" if len(counts) == 1 else f"{len(counts)} people {verb}"
    return [f"{people} up to {max(counts.values())} of these targets."]


def summed_up(effects: list[Impact]) -> list[str]:
    """Return the lines for a change of many targets: first who gains or loses how many, then target by target."""
    lines = [
        *_most("gain", (each.people_gaining for each in effects)),
        *_most("lose", (each.people_losing for each in effects)),
    ]
    every = [line for found in effects for line in impact_lines(found)]
    if not every:
        return ["Nobody gains or loses anything by this."]
    more = [f"And {len(every) - SHOWN} more lines like these."] if len(every) > SHOWN else []
    return [*lines, *every[:SHOWN], *more]


def ways_into(target: Target) -> list[Way]:
    """Return who may become a target now, by group."""
    now, seen = audit.now(), crowd()
    rules = [
        rule
        for rule in catalogue.current().rules.get(str(target.name), ())
        if is_active(rule.until, now)
    ]
    ways = (
        Way(str(rule.group), rule.until, [each.person for each in seen.in_any_of([rule.group])])
        for rule in rules
    )
    return sorted(ways, key=lambda way: way.group)
