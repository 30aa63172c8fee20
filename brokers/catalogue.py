"""All targets, associations and AWS accounts, cached in the process, up to date at each request.

Every edit writes a numbered change to a log, which names what it touched, and raises the number in
the stamp: a counter item in the same log that sorts last, so that one strongly consistent query
returns the changes after a number and the counter. A request reads anew what was touched since, or
everything when the log has a gap (changes expire).
"""

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Self, TypeVar

from brokers.errors import CatalogueConflict
from brokers.models import Association, AwsAccount, Change, State, Target
from core import audit
from core.audit import Event
from core.dynamo import AlreadyExists, Transaction, after, transaction
from core.errors import CooperError, Unavailable
from core.retry import Backoff, retry

LOG = "catalogue"
STAMP = 10**15
"""The sort key of the stamp, the item that counts the changes: higher than any change's number."""

KEPT = 7 * 86_400
"""Seconds that a change stays in the log."""

MOST_TOUCHED = 100
"""Touched targets that are read one by one.

Beyond that, as after an import, reading everything is faster.
"""

BACKOFF = Backoff(first=0.01, longest=0.2)
ATTEMPTS = 40
"""Times that an edit is tried while others edit too."""

T = TypeVar("T")


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
        return cls(number, targets, accounts, associations_by_target, by_group)

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


class Cache:
    """The newest catalogue that this process has read."""

    def __init__(self) -> None:
        self.catalogue: Catalogue | None = None
        self.lock = threading.Lock()
        """Held while DynamoDB is read for a new catalogue, so that one thread alone does it."""

    def keep_newest(self, catalogue: Catalogue) -> Catalogue:
        """Keep the catalogue unless a newer one came meanwhile; return the newest."""
        newest = self.catalogue
        if newest is None or newest.number <= catalogue.number:
            newest = catalogue
            self.catalogue = newest
        return newest


cache = Cache()


# -- reading ---------------------------------------------------------------------------------------
def current() -> Catalogue:
    """Return the catalogue as it is now; one round trip to DynamoDB when nothing changed."""
    cached = cache.catalogue
    if cached is None:
        with cache.lock:
            return cache.catalogue or cache.keep_newest(_read_everything())

    changes, latest_number = _read_changes(cached.number)
    if latest_number == cached.number:
        return cached

    with cache.lock:
        # while this one waited, another thread may have read the same changes, or forgotten all
        cached = cache.catalogue
        if cached is None:
            return cache.keep_newest(_read_everything())
        return cache.keep_newest(_with_changes(cached, latest_number, changes))


def latest() -> Catalogue:
    """Return the catalogue that this process has cached, without asking DynamoDB.

    For showing rows, in a request that has called `current` already.
    """
    return cache.catalogue or current()


def forget() -> None:
    """Empty this process's cache, so that the next request reads everything anew."""
    cache.catalogue = None


def not_deleted(targets: Iterable[Target]) -> list[Target]:
    """Return the targets that are more than a reserved name."""
    return [target for target in targets if target.state != State.DELETED]


def _read_changes(number: int) -> tuple[list[Change], int]:
    """Return the changes after a number, and the latest number there is.

    Raise Unavailable when the answer lacks the stamp: a cut answer looks like "nothing changed".
    """
    rows = list(Change.under(LOG, range_key_condition=Change.number > number))
    if not rows or int(rows[-1].number) != STAMP or rows[-1].latest is None:
        message = (
            "The list of targets could not be read. Try again. "
            "If this stays, run manage.py cooper_setup."
        )
        raise Unavailable(message, "no stamp")
    return rows[:-1], int(rows[-1].latest)


def _read_everything() -> Catalogue:
    # the stamp is read first: what changes during the reading comes again with the next changes
    stamp = Change.find(LOG, STAMP)
    if stamp is None or stamp.latest is None:
        message = "This installation is not set up yet. Run: manage.py cooper_setup"
        raise CooperError(message, "no catalogue stamp")

    associations: dict[str, list[Association]] = {}
    for association in Association.everything():
        associations.setdefault(str(association.target), []).append(association)

    return Catalogue.build(
        int(stamp.latest),
        targets={str(target.name): target for target in Target.everything()},
        accounts={str(account.account_id): account for account in AwsAccount.everything()},
        associations_by_target={name: tuple(rows) for name, rows in associations.items()},
    )


def _with_changes(cached: Catalogue, latest_number: int, changes: list[Change]) -> Catalogue:
    """Return the catalogue with what changed read anew, or all of it when the log has a gap."""
    if cached.number >= latest_number:
        return cached

    numbers = {int(change.number) for change in changes}
    if not numbers.issuperset(range(cached.number + 1, latest_number + 1)):
        return _read_everything()

    touched = {str(key) for change in changes for key in change.touched}
    if len(touched) > MOST_TOUCHED:
        return _read_everything()

    targets = dict(cached.targets)
    accounts = dict(cached.accounts)
    associations = dict(cached.associations_by_target)
    for key in touched:
        kind, _, name = key.partition(":")
        if kind == "aws-account":
            _put_or_remove(accounts, name, AwsAccount.find(name))
        else:
            _put_or_remove(targets, name, Target.find(name))
            _put_or_remove(associations, name, tuple(Association.under(name)) or None)
    return Catalogue.build(latest_number, targets, accounts, associations)


def _put_or_remove(documents: dict[str, T], name: str, document: T | None) -> None:
    if document is None:
        documents.pop(name, None)
    else:
        documents[name] = document


# -- writing ---------------------------------------------------------------------------------------
def ensure_stamp() -> bool:
    """Make the stamp unless it exists; return whether it was made now. For set-up."""
    try:
        with transaction() as writes:
            writes.create(Change(LOG, STAMP, latest=0))
    except AlreadyExists:
        return False
    return True


def edit(build: Callable[[Transaction], None], *targets: str, accounts: Iterable[str] = ()) -> None:
    """Write what `build` puts into a transaction, with the change log.

    Every write of the catalogue's documents goes through here. `targets` and `accounts` name what
    is touched (associations: their target). `build` may be called several times.

    Raise Stale, AlreadyExists or whatever refusal a condition of `build` names.
    """
    touched = [f"target:{name}" for name in targets]
    touched += [f"aws-account:{account_id}" for account_id in accounts]

    edit_once = partial(_edit_once, build, touched)
    try:
        retry(edit_once, on=CatalogueConflict, tries=ATTEMPTS, backoff=BACKOFF)
    except CatalogueConflict as error:
        message = "Others are changing targets right now. Nothing was changed. Try again."
        raise Unavailable(message, error.detail) from error


def _edit_once(build: Callable[[Transaction], None], touched: list[str]) -> None:
    """Write once; raise CatalogueConflict when somebody else's change came first."""
    stamp = Change.find(LOG, STAMP)
    if stamp is None or stamp.latest is None:
        message = "The list of targets could not be read. Nothing was changed. Try again."
        raise Unavailable(message, "no stamp")

    number = int(stamp.latest) + 1
    conflict = CatalogueConflict("Somebody else changed the targets meanwhile.")
    change = Change(LOG, number, touched=touched, expires=after(KEPT))

    with transaction() as writes:
        build(writes)
        writes.update(
            Change,
            LOG,
            STAMP,
            actions=[Change.latest.set(number)],
            condition=Change.latest == number - 1,
            refusal=conflict,
        )
        writes.create(change, refusal=conflict)


# -- AWS accounts ----------------------------------------------------------------------------------
def new_external_id() -> str:
    """Return a new ExternalId (160 bit)."""
    return f"cooper-{secrets.token_hex(20)}"


def account_for(account_id: str) -> AwsAccount:
    """Return the AWS account, or a new one (without a version) with a new ExternalId.

    Nothing is written.
    """
    return AwsAccount.find(account_id) or AwsAccount(account_id, external_id=new_external_id())


def ensure_account(account_id: str) -> AwsAccount:
    """Return the AWS account, added with a new ExternalId if it is new.

    Its ExternalId is kept for ever.
    """
    account = account_for(account_id)
    if account.version is not None:
        return account

    def build(writes: Transaction) -> None:
        writes.create(account)
        writes.create(audit.event(Event.ACCOUNT_ADDED, aws_account=account_id))

    try:
        edit(build, accounts=[account_id])
    except AlreadyExists:
        return ensure_account(account_id)
    return account
