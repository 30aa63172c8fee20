"""What each group of a person gives: the targets that they may become through it. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from accounts.identity import Group
from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.entitlements import is_active


@dataclass(frozen=True)
class GroupTargets:
    """A group, and what it gives: nothing, for a group that cooper has no association of."""

    group: Group
    targets: tuple[CatalogueTarget, ...]


def targets_by_group(
    groups: Collection[Group], catalogue: Catalogue, now: datetime
) -> list[GroupTargets]:
    """Return what each group gives at `now`, by name, those that give nothing last."""
    targets: dict[str, list[CatalogueTarget]] = {}
    for association in catalogue.associations_for(groups):
        target = catalogue.targets.get(association.target)
        if target and target.enabled and is_active(association.until, now):
            targets.setdefault(str(association.group), []).append(target)

    rows = [GroupTargets(group, _in_order(targets.get(str(group), []))) for group in groups]
    return sorted(rows, key=lambda row: (not row.targets, str(row.group).casefold()))


def _in_order(targets: list[CatalogueTarget]) -> tuple[CatalogueTarget, ...]:
    return tuple(sorted(targets, key=lambda target: str(target).casefold()))
