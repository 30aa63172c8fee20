"""All targets, associations and AWS accounts as they were at one moment. Pure: no AWS."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from brokers.catalogue_rows import AnyTarget, CatalogueAssociation, CatalogueTarget
from brokers.choices import WITH_PERMIT
from brokers.layered_map import layered
from brokers.models import AwsAccount

Associations = tuple[CatalogueAssociation, ...]
"""The associations of one target."""

Index = Mapping[str, frozenset[str]]
"""Names of targets, by something that they have."""

KeyChange = tuple[frozenset[str], frozenset[str]]
"""The keys of an index under which one target's name stands: before a change, and after it."""


_snapshots = itertools.count(1)


@dataclass(frozen=True)
class Catalogue:
    """All that there is as of change `number`: a snapshot, which no later change alters."""

    number: int
    targets: Mapping[str, CatalogueTarget] = field(default_factory=dict)
    accounts: Mapping[str, AwsAccount] = field(default_factory=dict)
    associations_by_target: Mapping[str, Associations] = field(default_factory=dict)
    """A target without associations is not in it."""

    by_group: Index = field(default_factory=dict)
    """The names of the targets that each group is associated with."""

    sensitive_by_power: Index = field(default_factory=dict)
    """The names of the sensitive targets of each role, and of each pair of Federation Keys."""

    snapshot: int = field(default_factory=_snapshots.__next__, compare=False)
    """Tells this catalogue from every other one of this process: what is computed from it alone is
    kept under this number. Two may be of one change, where an answer lacked something.
    """

    @classmethod
    def build(
        cls,
        number: int,
        targets: Mapping[str, CatalogueTarget],
        accounts: Mapping[str, AwsAccount],
        associations_by_target: Mapping[str, Associations],
    ) -> Self:
        """Return a catalogue with its indexes."""
        names_by_group: dict[str, set[str]] = {}
        for name, associations in associations_by_target.items():
            for association in associations:
                names_by_group.setdefault(association.group, set()).add(name)

        names_by_power: dict[str, set[str]] = {}
        for name, target in targets.items():
            if target.sensitive:
                for power in _powers_of(target):
                    names_by_power.setdefault(power, set()).add(name)

        return cls(
            number,
            targets,
            accounts,
            associations_by_target,
            by_group=_frozen(names_by_group),
            sensitive_by_power=_frozen(names_by_power),
        )

    def changed(
        self,
        number: int,
        targets: Mapping[str, CatalogueTarget],
        accounts: Mapping[str, AwsAccount],
        associations_by_target: Mapping[str, Associations],
    ) -> "Catalogue":
        """Return the catalogue as of `number`, with what was touched as it is given.

        A target given without associations has none any more. What was not touched is shared.
        """
        power_changes: dict[str, KeyChange] = {}
        for name, target in targets.items():
            before = _powers_of_sensitive(self.targets.get(name))
            power_changes[name] = (before, _powers_of_sensitive(target))

        group_changes: dict[str, KeyChange] = {}
        for name, associations in associations_by_target.items():
            before = _groups_of(self.associations_by_target.get(name, ()))
            group_changes[name] = (before, _groups_of(associations))

        associated = {name: rules for name, rules in associations_by_target.items() if rules}
        dissociated = associations_by_target.keys() - associated.keys()
        all_associations = layered(self.associations_by_target).changed(associated, dissociated)

        return Catalogue(
            number,
            targets=layered(self.targets).changed(targets),
            accounts={**self.accounts, **accounts},
            associations_by_target=all_associations,
            by_group=_changed_index(self.by_group, group_changes),
            sensitive_by_power=_changed_index(self.sensitive_by_power, power_changes),
        )

    @cached_property
    def stopped_accounts(self) -> Mapping[str, str]:
        """The names of the stopped AWS accounts, by their number."""
        return {
            account_id: str(account)
            for account_id, account in self.accounts.items()
            if account.stopped
        }

    def takes_code(self, target: AnyTarget) -> bool:
        """Return whether becoming the target takes a one-time code.

        It does where it, or another target that gives the same power, is sensitive.
        """
        return bool(target.sensitive) or bool(self.sensitive_like(target))

    def takes_reason(self, target: AnyTarget) -> bool:
        """Return whether becoming the target takes a reason, one that matches its pattern."""
        return bool(target.reason_pattern)

    def takes_permit(self, target: AnyTarget) -> bool:
        """Return whether a command line needs a permit to become the target."""
        return self.takes_code(target) or self.takes_reason(target)

    def is_open_with_permit(self, target: AnyTarget) -> bool:
        """Return whether a command line may become the target with a permit."""
        return self.takes_permit(target) and target.command_lines == WITH_PERMIT

    def sensitive_like(self, target: AnyTarget) -> list[str]:
        """Return the names of the other sensitive targets of its role or Federation Keys."""
        names: set[str] = set()
        for power in _powers_of(target):
            names |= self.sensitive_by_power.get(power, frozenset())
        return sorted(names - {str(target.name)})

    def associations_for(self, groups: Iterable[object]) -> list[CatalogueAssociation]:
        """Return the associations of any of the groups."""
        group_names = {str(group) for group in groups}
        target_names: set[str] = set()
        for group in group_names:
            target_names |= self.by_group.get(group, frozenset())

        associations: list[CatalogueAssociation] = []
        for name in target_names:
            of_target = self.associations_by_target.get(name, ())
            associations += [row for row in of_target if row.group in group_names]
        return associations


# -- indexes ---------------------------------------------------------------------------------------
def _powers_of(target: AnyTarget) -> frozenset[str]:
    """Return what stands for the role and for the Federation Keys of a target."""
    powers = set()
    if target.role_arn:
        # IAM tells no two roles apart by the case of their names
        powers.add(f"role {str(target.role_arn).casefold()}")
    if target.access_key_id:
        powers.add(f"keys {target.access_key_id}")
    return frozenset(powers)


def _powers_of_sensitive(target: CatalogueTarget | None) -> frozenset[str]:
    if target and target.sensitive:
        return _powers_of(target)
    return frozenset()


def _groups_of(associations: Associations) -> frozenset[str]:
    return frozenset(association.group for association in associations)


def _frozen(names_by_key: Mapping[str, set[str]]) -> Index:
    return {key: frozenset(names) for key, names in names_by_key.items()}


def _changed_index(index: Index, changes: Mapping[str, KeyChange]) -> Index:
    """Return an index in which some targets' names stand under other keys."""
    names_by_key: dict[str, set[str]] = {}
    for name, (before, after) in changes.items():
        for key in before ^ after:
            names = names_by_key.setdefault(key, set(index.get(key, ())))
            if key in after:
                names.add(name)
            else:
                names.discard(name)
    if not names_by_key:
        return index

    changed = {**index, **_frozen(names_by_key)}
    for key, names in names_by_key.items():
        if not names:
            del changed[key]
    return changed
