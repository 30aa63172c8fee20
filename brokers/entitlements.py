"""What an identity may become, through which groups, until when: a pure function of what it is given."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from accounts.identity import Group, Identity


class Rule(Protocol):
    """An association, as far as deciding needs it."""

    @property
    def target(self) -> str:
        """Return the target's name."""

    @property
    def group(self) -> str:
        """Return the group as it is written."""

    @property
    def until(self) -> datetime | None:
        """Return the moment from which it no longer entitles, if there is one."""


@dataclass(frozen=True)
class Entitlement:
    """This identity may become `target`, through these groups, until `until` (None: without end)."""

    target: str
    through: tuple[Group, ...]
    until: datetime | None
    longest: Group
    """The group whose association ends last; a grant is checked against that one."""


def entitlements_of(
    identity: Identity, rules: Iterable[Rule], now: datetime
) -> dict[str, Entitlement]:
    """Return what the identity may become at `now`, by target name."""
    mine = {str(group): group for group in identity.groups}
    found: dict[str, list[tuple[Group, datetime | None]]] = {}
    for rule in rules:
        group = mine.get(str(rule.group))
        if group is not None and (rule.until is None or now < rule.until):
            found.setdefault(str(rule.target), []).append((group, rule.until))
    return {target: _one(target, held) for target, held in found.items()}


def why(
    identity: Identity, target: str, rules: Iterable[Rule], now: datetime
) -> Entitlement | None:
    """Return why the identity may become this target at `now`, or None: it may not."""
    return entitlements_of(identity, (rule for rule in rules if rule.target == target), now).get(
        target
    )


def _one(target: str, held: list[tuple[Group, datetime | None]]) -> Entitlement:
    """Return the entitlement from the (group, end) pairs that give it; the pair that ends last or never counts."""
    ordered = sorted(held, key=lambda pair: str(pair[0]))
    longest = max(
        ordered, key=lambda pair: (pair[1] is None, pair[1].timestamp() if pair[1] else 0.0)
    )
    return Entitlement(target, tuple(group for group, _ in ordered), longest[1], longest[0])
