"""Who gains and who loses what by a change, before it is made.

A pure function of what it is given.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from brokers.entitlements import Rule, describe_past_end, is_active

MOST_NAMED = 10
"""People that a line names; more are counted."""


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody who has signed in, with the groups (`provider:name`) of the newest sign-in."""

    person: str
    groups: Collection[str]


class PeopleByGroup:
    """Everybody who has signed in, by group."""

    def __init__(self, people: Iterable[KnownPerson]) -> None:
        self._by_group: dict[str, list[KnownPerson]] = {}
        for person in people:
            for group in person.groups:
                self._by_group.setdefault(group, []).append(person)

    @property
    def groups(self) -> Collection[str]:
        """The groups that anybody is in."""
        return self._by_group.keys()

    def in_any_of(self, groups: Iterable[str]) -> list[KnownPerson]:
        """Return everybody who is in at least one of the groups, each once, sorted."""
        people: dict[str, KnownPerson] = {}
        for group in groups:
            for person in self._by_group.get(group, ()):
                people[person.person] = person
        return [people[name] for name in sorted(people)]


@dataclass(frozen=True)
class AccessState:
    """What decides who may become a target: whether it is enabled, and its associations."""

    enabled: bool
    rules: tuple[Rule, ...] = ()

    def entitled_groups(self, now: datetime) -> frozenset[str]:
        """Return the groups whose people may become it at `now`."""
        if not self.enabled:
            return frozenset()
        return frozenset(self.ends(now))

    def ends(self, now: datetime) -> dict[str, datetime | None]:
        """Return each group with an active association, with its end.

        They entitle once it is enabled.
        """
        return {str(rule.group): rule.until for rule in self.rules if is_active(rule.until, now)}


@dataclass(frozen=True)
class NewEnd:
    """A group that keeps a target, but until another moment (None: for good)."""

    group: str
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True)
class Impact:
    """What a change does to one target.

    Groups, and people known to be in them, that gain it and that lose it.
    """

    target: str
    groups_gaining: tuple[str, ...]
    groups_losing: tuple[str, ...]
    people_gaining: tuple[str, ...]
    people_losing: tuple[str, ...]
    new_ends: tuple[NewEnd, ...] = ()
    past_ends: tuple[str, ...] = ()
    """Warnings about associations that the change makes, and that have ended already."""

    def __bool__(self) -> bool:
        """Return whether the change changes anything for anybody."""
        return bool(self.groups_gaining or self.groups_losing or self.new_ends)


def impact_of(
    target: str, before: AccessState, after: AccessState, people: PeopleByGroup, now: datetime
) -> Impact:
    """Return what a change of one target does.

    A person gains (or loses) it only when no other group of theirs gives it before (or after).
    """
    groups_before = before.entitled_groups(now)
    groups_after = after.entitled_groups(now)

    affected = people.in_any_of(groups_before ^ groups_after)
    gaining = [person.person for person in affected if groups_before.isdisjoint(person.groups)]
    losing = [person.person for person in affected if groups_after.isdisjoint(person.groups)]

    return Impact(
        target,
        groups_gaining=tuple(sorted(groups_after - groups_before)),
        groups_losing=tuple(sorted(groups_before - groups_after)),
        people_gaining=tuple(gaining),
        people_losing=tuple(losing),
        new_ends=_new_ends(groups_before & groups_after, before.ends(now), after.ends(now)),
        past_ends=tuple(_past_ends(before, after, now)),
    )


def _past_ends(before: AccessState, after: AccessState, now: datetime) -> list[str]:
    rules_before = {(rule.group, rule.until) for rule in before.rules}

    warnings = []
    for rule in after.rules:
        is_new = (rule.group, rule.until) not in rules_before
        if is_new and rule.until and not is_active(rule.until, now):
            warnings.append(describe_past_end(rule.group, rule.until))
    return sorted(warnings)


def _new_ends(
    groups: Iterable[str],
    ends_before: dict[str, datetime | None],
    ends_after: dict[str, datetime | None],
) -> tuple[NewEnd, ...]:
    new_ends = []
    for group in sorted(groups):
        before = ends_before[group]
        after = ends_after[group]
        if before != after:
            new_ends.append(NewEnd(group, before, after))
    return tuple(new_ends)


# -- in words --------------------------------------------------------------------------------------
def describe_people(names: Iterable[str]) -> str:
    """Return how many people there are, and the first of them by name."""
    people = list(names)
    if not people:
        return "nobody known so far"

    count = "1 person" if len(people) == 1 else f"{len(people)} people"
    text = f"{count}: {', '.join(people[:MOST_NAMED])}"
    if len(people) > MOST_NAMED:
        text += f" and {len(people) - MOST_NAMED} more"
    return text


def impact_lines(impact: Impact) -> list[str]:
    """Return the lines that tell an administrator what a change does."""
    lines = []
    if impact.groups_gaining:
        groups = ", ".join(impact.groups_gaining)
        people = describe_people(impact.people_gaining)
        lines.append(f"{impact.target}: {groups} may become it. Gains it: {people}.")
    if impact.groups_losing:
        groups = ", ".join(impact.groups_losing)
        people = describe_people(impact.people_losing)
        lines.append(f"{impact.target}: {groups} may no longer become it. Loses it: {people}.")
    for new_end in impact.new_ends:
        after = _describe_end(new_end.after)
        before = _describe_end(new_end.before)
        lines.append(f"{impact.target}: {new_end.group} may become it {after}, so far {before}.")
    lines += [f"{impact.target}: {warning}" for warning in impact.past_ends]
    return lines


def _describe_end(end: datetime | None) -> str:
    return f"until {end:%Y-%m-%d %H:%M} UTC" if end else "for good"
