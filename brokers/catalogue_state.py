"""All targets, associations and AWS accounts as they were at one moment. Pure: no AWS."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from brokers.models import Association, AwsAccount, Target

_snapshots = itertools.count(1)


@dataclass(frozen=True)
class Catalogue:
    """All that there is as of change `number`: a snapshot, which no later change alters."""

    number: int
    targets: Mapping[str, Target] = field(default_factory=dict)
    accounts: Mapping[str, AwsAccount] = field(default_factory=dict)
    associations_by_target: Mapping[str, tuple[Association, ...]] = field(default_factory=dict)
    """A target without associations is not in it."""

    by_group: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The names of the targets that each group is associated with."""

    sensitive: tuple[Target, ...] = ()
    """The sensitive targets."""

    snapshot: int = field(default_factory=_snapshots.__next__, compare=False)
    """Tells this catalogue from every other one of this process: what is computed from it alone is
    kept under this number. Two may be of one change, where an answer lacked something.
    """

    @classmethod
    def build(
        cls,
        number: int,
        targets: Mapping[str, Target],
        accounts: Mapping[str, AwsAccount],
        associations_by_target: Mapping[str, tuple[Association, ...]],
    ) -> Self:
        """Return a catalogue with its index by group."""
        names_by_group: dict[str, set[str]] = {}
        for name, associations in associations_by_target.items():
            for association in associations:
                names_by_group.setdefault(str(association.group), set()).add(name)

        by_group = {group: frozenset(names) for group, names in names_by_group.items()}
        sensitive = tuple(target for target in targets.values() if target.sensitive)
        return cls(number, targets, accounts, associations_by_target, by_group, sensitive)

    @cached_property
    def stopped_accounts(self) -> Mapping[str, str]:
        """The names of the stopped AWS accounts, by their number."""
        return {
            account_id: str(account)
            for account_id, account in self.accounts.items()
            if account.stopped
        }

    def takes_code(self, target: Target) -> bool:
        """Return whether becoming the target takes a one-time code.

        It does where it, or another target that gives the same power, is sensitive.
        """
        return bool(target.sensitive) or bool(self.sensitive_like(target))

    def sensitive_like(self, target: Target) -> list[str]:
        """Return the names of the other sensitive targets of its role or Federation Keys."""
        return [
            str(other.name)
            for other in self.sensitive
            if other.name != target.name and _gives_the_same(other, target)
        ]

    def associations_for(self, groups: Iterable[object]) -> list[Association]:
        """Return the associations of any of the groups."""
        group_names = {str(group) for group in groups}
        target_names: set[str] = set()
        for group in group_names:
            target_names |= self.by_group.get(group, frozenset())

        associations: list[Association] = []
        for name in target_names:
            of_target = self.associations_by_target.get(name, ())
            associations += [row for row in of_target if row.group in group_names]
        return associations


def _gives_the_same(one: Target, other: Target) -> bool:
    """Return whether two targets have one role, or one pair of Federation Keys."""
    if one.role_arn and other.role_arn:
        # IAM tells no two roles apart by the case of their names
        return str(one.role_arn).casefold() == str(other.role_arn).casefold()
    return bool(one.access_key_id) and one.access_key_id == other.access_key_id


def with_missing(
    cached: Mapping[str, Any],
    fresh: Mapping[str, Any],
    read: Callable[[str], Any],
    note: Callable[[str], None],
) -> dict[str, Any]:
    """Return the documents of a full read with those that it lacks, where `read` shows them.

    `note` is called for each name that one of the two lacked without reason.
    """
    documents = dict(fresh)
    for name in fresh.keys() - cached.keys():
        note(name)

    for name in cached.keys() - fresh.keys():
        document = read(name)
        if document:
            note(name)
            documents[name] = document
    return documents
