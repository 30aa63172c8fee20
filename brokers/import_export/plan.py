"""What importing a file would do, as data: what changes, and who gains and loses access. Pure.

The fields of the plans of AWS accounts, targets and associations are stored with an import's steps:
renaming one would break imports that are under way.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

Changes = dict[str, list[Any]]
"""Changed attributes by name, each as [before, after]."""


class ChangeKind(StrEnum):
    """What happens to an AWS account or a target."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True)
class AccountPlan:
    """What happens to an AWS account; an added one without `external_id` gets a new one.

    `values` are set; `changes` are for showing them.
    """

    account_id: str
    how: ChangeKind
    values: dict[str, Any]
    changes: Changes
    version: int | None = None


@dataclass(frozen=True)
class RulesPlan:
    """What happens to the associations of one target.

    `added` and `changed` are groups with the ends (ISO 8601; None: for good) of their associations;
    `versions` are those of the changed and removed ones, as the plan saw them.
    """

    added: dict[str, str | None] = field(default_factory=dict)
    changed: dict[str, str | None] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def __len__(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)

    def entitled(self) -> set[str]:
        """Return the groups that get an association, or another end."""
        return {*self.added, *self.changed}


@dataclass(frozen=True)
class TargetPlan:
    """What happens to a target and its associations.

    `values` are set; `changes` are for showing them; `gains` and `loses` are the groups whose
    people may become it, or no longer may; `version` is the one that the plan saw.
    """

    name: str
    how: ChangeKind
    values: dict[str, Any] = field(default_factory=dict)
    changes: Changes = field(default_factory=dict)
    rules: RulesPlan = field(default_factory=RulesPlan)
    gains: list[str] = field(default_factory=list)
    loses: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    version: int | None = None

    named_after: list[str] = field(default_factory=list)
    """The targets from which it takes its name in links: the import gives them another one."""


@dataclass(frozen=True)
class Problem:
    """Why a file cannot be imported.

    `path` leads to the place in the file, as in ("targets", "dev-read", "kind").
    """

    path: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Plan:
    """All that importing a file would do; nothing may be done while there are problems."""

    accounts: list[AccountPlan] = field(default_factory=list)
    targets: list[TargetPlan] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    contact: list[str] = field(default_factory=list)
    """The default contact, as [before, after]; empty where it stays."""

    def __bool__(self) -> bool:
        return bool(self.accounts or self.targets or self.contact)

    def digest(self) -> str:
        """Return what tells this plan from any other, the versions that it builds on included."""
        # versions count: what was confirmed holds for the state that was looked at, and no other
        fields = asdict(self)
        text = json.dumps(
            [fields["accounts"], fields["targets"], fields["contact"]], sort_keys=True
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def gains(self) -> dict[str, list[str]]:
        """Return by group which targets its people gain."""
        return _by_group((target.name, target.gains) for target in self.targets)

    def loses(self) -> dict[str, list[str]]:
        """Return by group which targets its people lose."""
        return _by_group((target.name, target.loses) for target in self.targets)

    def entitled(self) -> set[str]:
        """Return the groups that gain a target, or get an association with one, or another end."""
        groups: set[str] = set()
        for target in self.targets:
            groups.update(target.gains, target.rules.entitled())
        return groups

    def counts(self) -> dict[str, int]:
        """Return how many of what are added, changed and removed, as in "targets add"."""
        counts = {f"targets {kind}": 0 for kind in ChangeKind}
        counts |= {"associations added": 0, "associations changed": 0, "associations removed": 0}

        for target in self.targets:
            counts[f"targets {target.how}"] += 1
            counts["associations added"] += len(target.rules.added)
            counts["associations changed"] += len(target.rules.changed)
            counts["associations removed"] += len(target.rules.removed)
        return counts


def _by_group(groups_by_target: Iterable[tuple[str, list[str]]]) -> dict[str, list[str]]:
    targets_by_group: dict[str, list[str]] = {}
    for target, groups in groups_by_target:
        for group in groups:
            targets_by_group.setdefault(group, []).append(target)
    return dict(sorted(targets_by_group.items()))
