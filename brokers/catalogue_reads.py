"""Reading the catalogue from DynamoDB: all of it, what was touched, and where a cache differs."""

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from brokers.catalogue_rows import (
    ASSOCIATION_ATTRIBUTES,
    TARGET_ATTRIBUTES,
    WHOLE_TARGET_ATTRIBUTES,
    CatalogueAssociation,
    CatalogueTarget,
    target_values,
)
from brokers.catalogue_state import Associations, Catalogue
from brokers.models import Association, AwsAccount, Target
from core.dynamo import query_items, read_items, scan_pages

Content = TypeVar("Content")


# -- all of it -------------------------------------------------------------------------------------
def read_all(number: int) -> Catalogue:
    """Return everything, as of change `number` or later; other threads run meanwhile."""
    with _no_collecting():
        return _read_all(number)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Let the garbage collector rest: it would walk through all that is loaded, time and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read_all(number: int) -> Catalogue:
    targets = {target.name: target for target in all_targets()}

    rows_by_target: dict[str, list[CatalogueAssociation]] = {}
    for association in _all_associations():
        rows_by_target.setdefault(association.target, []).append(association)

    associations = {name: tuple(rows) for name, rows in rows_by_target.items()}
    return Catalogue.build(number, targets, _all_accounts(), associations)


def all_targets() -> Iterator[CatalogueTarget]:
    """Yield every target, deleted ones too, as its table has it now."""
    for page in scan_pages(Target, TARGET_ATTRIBUTES):
        for item in page:
            yield CatalogueTarget.from_item(item)


def _all_associations() -> Iterator[CatalogueAssociation]:
    for page in scan_pages(Association, ASSOCIATION_ATTRIBUTES):
        for item in page:
            yield CatalogueAssociation.from_item(item)


def _all_accounts() -> dict[str, AwsAccount]:
    return {str(account.account_id): account for account in AwsAccount.everything()}


def whole_targets() -> Iterator[dict[str, Any]]:
    """Yield all values of every target, which the catalogue lacks: for exports and imports."""
    for page in scan_pages(Target, WHOLE_TARGET_ATTRIBUTES):
        yield from map(target_values, page)


# -- what was touched ------------------------------------------------------------------------------
@dataclass(frozen=True)
class TouchedNames:
    """Names of targets and numbers of AWS accounts that are to be read anew."""

    targets: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()

    @classmethod
    def from_keys(cls, keys: Iterable[str]) -> Self:
        """Return what the change log calls `target:NAME` and `aws-account:ID`."""
        targets = set()
        accounts = set()
        for key in keys:
            kind, _, name = key.partition(":")
            if kind == "aws-account":
                accounts.add(name)
            else:
                targets.add(name)
        return cls(frozenset(targets), frozenset(accounts))

    def __len__(self) -> int:
        return len(self.targets) + len(self.accounts)

    def in_parts(self, size: int) -> Iterator[Self]:
        """Yield them in parts of at most so many."""
        keys = [(name, True) for name in self.targets]
        keys += [(account_id, False) for account_id in self.accounts]
        for start in range(0, len(keys), size):
            part = keys[start : start + size]
            targets = frozenset(name for name, is_target in part if is_target)
            accounts = frozenset(name for name, is_target in part if not is_target)
            yield type(self)(targets, accounts)


@dataclass
class Touched:
    """What was touched, as it is now, by name; a target without associations has ()."""

    targets: dict[str, CatalogueTarget] = field(default_factory=dict)
    accounts: dict[str, AwsAccount] = field(default_factory=dict)
    associations_by_target: dict[str, Associations] = field(default_factory=dict)

    absent: set[str] = field(default_factory=set)
    """Names of which one answer said that nothing is there."""

    corrected: set[str] = field(default_factory=set)
    """Names of which the next answer said something else."""


def read_touched(names: TouchedNames) -> Touched:
    """Read what was touched, once more where nothing is there.

    A target or an AWS account of which two answers said so is left out: none is ever deleted from
    its table, so that it was not read. A grant reads its own truth anyway.
    """
    touched = Touched()
    touched.targets = _read_twice(names.targets, _targets_of, touched)
    touched.accounts = _read_twice(names.accounts, _accounts_of, touched)

    associations = _read_twice(names.targets, _associations_of, touched)
    touched.associations_by_target = {name: associations.get(name, ()) for name in names.targets}
    return touched


def _read_twice(
    names: Iterable[str],
    read: Callable[[Iterable[str]], dict[str, Content]],
    touched: Touched,
) -> dict[str, Content]:
    contents = read(names)
    missing = set(names) - contents.keys()
    if missing:
        second_answer = read(missing)
        touched.absent |= missing
        touched.corrected |= second_answer.keys()
        contents |= second_answer
    return contents


def _targets_of(names: Iterable[str]) -> dict[str, CatalogueTarget]:
    items = read_items(Target, list(names), TARGET_ATTRIBUTES)
    targets = map(CatalogueTarget.from_item, items)
    return {target.name: target for target in targets}


def _accounts_of(account_ids: Iterable[str]) -> dict[str, AwsAccount]:
    accounts = {}
    for account_id in account_ids:
        account = AwsAccount.find(account_id)
        if account:
            accounts[account_id] = account
    return accounts


def _associations_of(names: Iterable[str]) -> dict[str, Associations]:
    associations = {}
    for name in names:
        items = query_items(Association, name, ASSOCIATION_ATTRIBUTES)
        if items:
            associations[name] = tuple(map(CatalogueAssociation.from_item, items))
    return associations


# -- where a cache differs -------------------------------------------------------------------------
def find_differences(cached: Catalogue) -> TouchedNames:
    """Read everything, and return where the cache differs; nothing of it is kept."""
    names = _differing_targets(cached) | _differing_associations(cached)
    return TouchedNames(frozenset(names), frozenset(_differing_accounts(cached)))


def _differing_targets(cached: Catalogue) -> set[str]:
    missing = set(cached.targets)
    differing = set()
    for target in all_targets():
        missing.discard(target.name)
        if cached.targets.get(target.name) != target:
            differing.add(target.name)
    return differing | missing


def _differing_associations(cached: Catalogue) -> set[str]:
    counts: Counter[str] = Counter()
    differing = set()
    for association in _all_associations():
        name = association.target
        counts[name] += 1
        if association not in cached.associations_by_target.get(name, ()):
            differing.add(name)

    for name, associations in cached.associations_by_target.items():
        if counts[name] != len(associations):
            differing.add(name)
    return differing


def _differing_accounts(cached: Catalogue) -> set[str]:
    accounts = _all_accounts()
    differing = set()
    for account_id in accounts.keys() | cached.accounts.keys():
        if not _is_same(accounts.get(account_id), cached.accounts.get(account_id)):
            differing.add(account_id)
    return differing


def corrections(names: TouchedNames, before: Catalogue, after: Catalogue) -> list[str]:
    """Return those of the names of which two catalogues say something else."""
    differing = []
    for name in names.targets:
        associations_before = before.associations_by_target.get(name)
        has_same_associations = after.associations_by_target.get(name) == associations_before
        if before.targets.get(name) != after.targets.get(name) or not has_same_associations:
            differing.append(name)

    differing += [
        account_id
        for account_id in names.accounts
        if not _is_same(before.accounts.get(account_id), after.accounts.get(account_id))
    ]
    return differing


def _is_same(one: AwsAccount | None, other: AwsAccount | None) -> bool:
    """Return whether two documents, which have no equality of their own, say the same."""
    if one and other:
        return bool(one.attribute_values == other.attribute_values)
    return one is other
