"""Who gains and who loses what, before it is done: a pure function of what it is given."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from brokers.entitlements import Rule

NAMED = 10
"""People that a line names; more are counted."""


@dataclass(frozen=True)
class KnownPerson:
    """Somebody who has signed in, with the groups of the newest sign-in, written `provider:name`."""

    person: str
    groups: frozenset[str]


class PeopleByGroup:
    """Everybody who was seen, by group."""

    def __init__(self, people: Iterable[KnownPerson]) -> None:
        """Sort the people by group."""
        self._by_group: dict[str, list[KnownPerson]] = {}
        for each in people:
            for group in each.groups:
                self._by_group.setdefault(group, []).append(each)

    def within(self, groups: Iterable[str]) -> list[KnownPerson]:
        """Return everybody who is in any of the groups, by name."""
        found = {each.person: each for group in groups for each in self._by_group.get(group, ())}
        return [found[name] for name in sorted(found)]


@dataclass(frozen=True)
class AccessState:
    """What decides who may become a target: whether it is enabled, and its associations."""

    enabled: bool
    rules: tuple[Rule, ...] = ()

    def groups(self, now: datetime) -> frozenset[str]:
        """Return the groups that may become it at `now`."""
        return frozenset(self.ends(now)) if self.enabled else frozenset()

    def ends(self, now: datetime) -> dict[str, datetime | None]:
        """Return until when each group whose association holds at `now` may become it, once it is enabled."""
        return {
            str(rule.group): rule.until
            for rule in self.rules
            if rule.until is None or now < rule.until
        }


@dataclass(frozen=True)
class Impact:
    """What a change does to one target: groups and people seen in them that gain it, and that lose it."""

    target: str
    groups_gain: tuple[str, ...]
    groups_lose: tuple[str, ...]
    gain: tuple[str, ...]
    lose: tuple[str, ...]
    moved: tuple[tuple[str, datetime | None, datetime | None], ...] = ()
    """Groups that keep it, but until another moment: (group, end before, end after), None for good."""

    def __bool__(self) -> bool:
        """Return whether anything changes."""
        return bool(self.groups_gain or self.groups_lose or self.moved)


def effect(
    target: str, before: AccessState, after: AccessState, crowd: PeopleByGroup, now: datetime
) -> Impact:
    """Return what the change does: a person gains or loses a target when no other group of theirs gives it already."""
    had, has = before.groups(now), after.groups(now)
    touched = crowd.within(had ^ has)
    gain = tuple(each.person for each in touched if not each.groups & had)
    lose = tuple(each.person for each in touched if not each.groups & has)
    first, last = before.ends(now), after.ends(now)
    moved = tuple(
        (group, first[group], last[group])
        for group in sorted(had & has)
        if first[group] != last[group]
    )
    return Impact(target, tuple(sorted(has - had)), tuple(sorted(had - has)), gain, lose, moved)


def named(people: Iterable[str]) -> str:
    """Return how many people there are, and the first of them by name."""
    every = list(people)
    more = f" and {len(every) - NAMED} more" if len(every) > NAMED else ""
    count = "1 person" if len(every) == 1 else f"{len(every)} people"
    return f"{count}: {', '.join(every[:NAMED])}{more}" if every else "nobody seen so far"


def told(found: Impact) -> list[str]:
    """Return the lines that say an effect."""
    lines = []
    if found.groups_gain:
        lines.append(
            f"{found.target}: {', '.join(found.groups_gain)} may become it. Gains it: {named(found.gain)}."
        )
    if found.groups_lose:
        lines.append(
            f"{found.target}: {', '.join(found.groups_lose)} may no longer become it. Loses it: {named(found.lose)}."
        )
    lines += [
        f"{found.target}: {group} may become it {_said(after)}, so far {_said(before)}."
        for group, before, after in found.moved
    ]
    return lines


def _said(end: datetime | None) -> str:
    """Say an end."""
    return f"until {end:%Y-%m-%d %H:%M} UTC" if end else "for good"
