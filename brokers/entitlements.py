"""What an identity may become, through which groups, until when.

Pure functions of what they are given.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from accounts.identity import Group, Identity

NEVER = datetime.max.replace(tzinfo=UTC)
"""Stands for "without end" where ends are compared."""


class Rule(Protocol):
    """An association as far as a decision needs it, so that deciding knows no table.

    `brokers.models.Association` is one; a planned or edited association may be another.
    """

    @property
    def target(self) -> str:
        """The target's name."""

    @property
    def group(self) -> str:
        """The group, written `provider:name`."""

    @property
    def until(self) -> datetime | None:
        """The moment from which it no longer entitles, if there is one."""


@dataclass(frozen=True)
class Entitlement:
    """This identity may become `target`, through these groups."""

    target: str
    through: tuple[Group, ...]
    until: datetime | None
    """The end of the association that ends last; None: without end."""

    last_group: Group
    """The group whose association ends last; the grant's intent checks that one again."""


def is_active(until: datetime | None, now: datetime) -> bool:
    """Return whether an association with this end (None: without end) still entitles at `now`.

    At the very moment of its end it does not. `brokers.grants.intent` has
    the same as a condition of DynamoDB.
    """
    return until is None or now < until


def ends_of(rules: Iterable[Rule]) -> tuple[datetime, ...]:
    """Return the moments at which rules end, each once, the first end first."""
    ends = set()
    for rule in rules:
        if rule.until is not None:
            ends.add(rule.until)
    return tuple(sorted(ends))


def next_end(ends: Sequence[datetime], now: datetime) -> datetime | None:
    """Return the first of the sorted ends that is still to come: until it, the same rules entitle.

    None: no rule ends any more.
    """
    coming = bisect_right(ends, now)
    return ends[coming] if coming < len(ends) else None


def describe_past_end(group: str, until: datetime) -> str:
    """Return the warning about an association that ends before it begins to entitle."""
    return f"the end of {group}, {until:%Y-%m-%d %H:%M} UTC, is past: it entitles nobody."


def entitlements_of(
    identity: Identity, rules: Iterable[Rule], now: datetime
) -> dict[str, Entitlement]:
    """Return what the identity may become at `now`, by target name."""
    own_groups = {str(group): group for group in identity.groups}
    ends_by_target: dict[str, dict[Group, datetime | None]] = {}

    for rule in rules:
        group = own_groups.get(str(rule.group))
        if group is None or not is_active(rule.until, now):
            continue
        ends = ends_by_target.setdefault(str(rule.target), {})
        ends[group] = rule.until

    return {target: _entitlement(target, ends) for target, ends in ends_by_target.items()}


def entitlement_to(
    target: str, identity: Identity, rules: Iterable[Rule], now: datetime
) -> Entitlement | None:
    """Return why the identity may become this target at `now`, or None: it may not."""
    rules_of_target = [rule for rule in rules if rule.target == target]
    return entitlements_of(identity, rules_of_target, now).get(target)


def _entitlement(target: str, ends: dict[Group, datetime | None]) -> Entitlement:
    """Return the entitlement by the groups that give it, each with its end."""
    groups = sorted(ends, key=str)
    last_group = max(groups, key=lambda group: ends[group] or NEVER)
    return Entitlement(target, tuple(groups), ends[last_group], last_group)
