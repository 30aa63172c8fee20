"""What importing a file would do, as data: what is added, changed and removed, and who gains and loses. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class ChangeKind(StrEnum):
    """What happens to something."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True)
class AccountPlan:
    """What happens to an AWS account; an added one without `external_id` gets a new one."""

    account_id: str
    how: ChangeKind
    values: dict[str, Any]
    changes: dict[str, list[Any]]
    version: int | None = None


@dataclass(frozen=True)
class RulesPlan:
    """What happens to the associations of one target: groups with their ends, and the versions of those that go."""

    added: dict[str, str | None] = field(default_factory=dict)
    changed: dict[str, str | None] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Return whether anything happens."""
        return bool(self.added or self.changed or self.removed)

    def entitled(self) -> set[str]:
        """Return the groups that get an association, or another end."""
        return {*self.added, *self.changed}


@dataclass(frozen=True)
class TargetPlan:
    """What happens to a target and its associations: `values` are set, `changes` say each before and after."""

    name: str
    how: ChangeKind
    values: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, list[Any]] = field(default_factory=dict)
    rules: RulesPlan = field(default_factory=RulesPlan)
    gains: list[str] = field(default_factory=list)
    loses: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    version: int | None = None


@dataclass(frozen=True)
class Problem:
    """Why the file cannot be imported; `path` leads to the place, as in ("targets", "dev-read", "kind")."""

    path: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Plan:
    """All that importing a file would do; nothing of it may be done while there are problems."""

    accounts: list[AccountPlan] = field(default_factory=list)
    targets: list[TargetPlan] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Return whether anything would be done."""
        return bool(self.accounts or self.targets)

    def digest(self) -> str:
        """Return what tells this plan from any other, the versions that it builds on included."""
        said = json.dumps([asdict(self)["accounts"], asdict(self)["targets"]], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()

    def gains(self) -> dict[str, list[str]]:
        """Return by group which targets its people gain."""
        return _by_group({each.name: each.gains for each in self.targets})

    def loses(self) -> dict[str, list[str]]:
        """Return by group which targets its people lose."""
        return _by_group({each.name: each.loses for each in self.targets})

    def entitled(self) -> set[str]:
        """Return the groups that gain a target, or get an association with one, or another end."""
        return {group for each in self.targets for group in (*each.gains, *each.rules.entitled())}

    def counts(self) -> dict[str, int]:
        """Return how many of what are added, changed and removed."""
        found = {
            f"targets {how}": sum(each.how == how for each in self.targets) for how in ChangeKind
        }
        for name in ("added", "changed", "removed"):
            found[f"associations {name}"] = sum(
                len(getattr(each.rules, name)) for each in self.targets
            )
        return found


def _by_group(groups: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return targets by group, of groups by target."""
    found: dict[str, list[str]] = {}
    for name, mine in groups.items():
        for group in mine:
            found.setdefault(group, []).append(name)
    return dict(sorted(found.items()))
