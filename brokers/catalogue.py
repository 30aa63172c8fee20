"""All targets, associations and AWS accounts, cached in the process, up to date at each request.

Every edit writes a numbered change to a log, which names what it touched, and raises the number in
the stamp: a counter item in the same log that sorts last, so that one strongly consistent query
returns the changes after a number and the counter. A request reads anew what was touched since, or
everything when the log has a gap (changes expire).
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from brokers.catalogue_state import Catalogue, with_missing
from brokers.errors import CatalogueConflict
from brokers.models import Association, AwsAccount, Change, State, Target
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

CHECK_AFTER = 60.0
"""Seconds after which what was read is compared with a full read."""

logger = logging.getLogger(__name__)


class Cache:
    """The newest catalogue that this process has read."""

    def __init__(self) -> None:
        self.catalogue: Catalogue | None = None
        self.lock = threading.Lock()
        """Held while DynamoDB is read for a new catalogue, so that one thread alone does it."""

        self.check_at = float("inf")
        """When to compare it with a full read (time.monotonic)."""

        self.edited_at = float("-inf")
        """When the newest edit of this process ended (time.monotonic), well or not."""

        self.corrected = 0
        """Absent answers that another read corrected, since this process began."""

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
            return cache.catalogue or cache.keep_newest(_read_and_check_later())

    check_if_due()
    changes, latest_number = _read_changes(cached.number)
    if latest_number == cached.number:
        return cached

    with cache.lock:
        # while this one waited, another thread may have read the same changes, or forgotten all
        cached = cache.catalogue
        if cached is None:
            return cache.keep_newest(_read_and_check_later())
        return cache.keep_newest(_with_changes(cached, latest_number, changes))


def latest() -> Catalogue:
    """Return the catalogue that this process has cached, without asking DynamoDB.

    For showing rows, in a request that has called `current` already.
    """
    return cache.catalogue or current()


def describe() -> str:
    """Return what this process has in memory, for administrators: the change that it is as of."""
    cached = cache.catalogue
    number = cached.number if cached else "none"
    return f"change {number}, {cache.corrected} absent answers corrected"


def forget() -> None:
    """Empty this process's cache, so that the next request reads everything anew."""
    cache.catalogue = None
    cache.check_at = float("inf")


def not_deleted(targets: Iterable[Target]) -> list[Target]:
    """Return the targets that are more than a reserved name."""
    return [target for target in targets if target.state != State.DELETED]


def _read_changes(number: int) -> tuple[list[Change], int]:
    """Return the changes after a number, and the latest number there is.

    Raise Unavailable when the answer lacks the stamp: a cut answer looks like "nothing changed".
    """
    rows = list(Change.under(LOG, range_key_condition=Change.number > number))
    if not rows or int(rows[-1].number) != STAMP or rows[-1].latest is None:
        raise unread("no stamp")
    return rows[:-1], int(rows[-1].latest)


def unread(detail: str) -> Unavailable:
    """Return the error for an answer from which the catalogue cannot be made."""
    message = "The list of targets could not be read. Try again. If this stays, run cooper -setup."
    return Unavailable(message, detail)


def _read_everything() -> Catalogue:
    # the stamp is read first: what changes during the reading comes again with the next changes
    stamp = Change.find(LOG, STAMP)
    if stamp is None or stamp.latest is None:
        message = "This installation is not set up yet. Run: cooper -setup"
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
        return _read_and_check_later()

    touched = {str(key) for change in changes for key in change.touched}
    if len(touched) > MOST_TOUCHED:
        return _read_and_check_later()

    targets = dict(cached.targets)
    accounts = dict(cached.accounts)
    associations = dict(cached.associations_by_target)
    for key in touched:
        kind, _, name = key.partition(":")
        if kind == "aws-account":
            _put(accounts, name, partial(AwsAccount.find, name))
        else:
            _put(targets, name, partial(Target.find, name))
            rules = _read_twice(name, partial(_associations_of, name))
            if rules:
                associations[name] = rules
            else:
                associations.pop(name, None)
    return Catalogue.build(latest_number, targets, accounts, associations)


def _associations_of(name: str) -> tuple[Association, ...]:
    return tuple(Association.under(name))


def _put(documents: dict[str, Any], name: str, read: Callable[[], Any]) -> None:
    """Put the document that was touched, or leave the one that is known.

    Neither targets nor AWS accounts are ever deleted from their tables: one that is absent was not
    read. A grant reads its own truth anyway.
    """
    document = _read_twice(name, read) or documents.get(name)
    if document:
        documents[name] = document


def _read_twice(name: str, read: Callable[[], Any]) -> Any:
    """Read what was touched; once more, and later in full, where nothing is there."""
    document = read()
    if document:
        return document

    _check_later()
    document = read()
    if document:
        _note_correction(name)
    return document


def _note_correction(name: str) -> None:
    cache.corrected += 1
    logger.warning("catalogue: one answer lacked %s, and another had it", name)


# -- checking --------------------------------------------------------------------------------------
def _read_and_check_later() -> Catalogue:
    _check_later()
    return _read_everything()


def _check_later() -> None:
    cache.check_at = time.monotonic() + CHECK_AFTER


def check_if_due() -> None:
    """Check in the background, once, when the time for it has come."""
    if time.monotonic() >= cache.check_at:
        cache.check_at = float("inf")
        threading.Thread(target=check, name="catalogue check", daemon=True).start()


def check() -> None:
    """Compare the catalogue with a full read, and read anew what one of the two lacks."""
    try:
        fresh = _read_everything()
        cached = current()
        if fresh.number == cached.number:
            with cache.lock:
                cache.keep_newest(_settled(cached, fresh))
            return
    except CooperError as error:
        logger.warning("catalogue: not checked: %s", error.detail)
    # it was changed meanwhile, or could not be read
    _check_later()


def _settled(cached: Catalogue, fresh: Catalogue) -> Catalogue:
    """Return the full read with what it lacks, where reading that by its key shows it."""
    targets = with_missing(cached.targets, fresh.targets, Target.find, _note_correction)
    accounts = with_missing(cached.accounts, fresh.accounts, AwsAccount.find, _note_correction)
    associations = with_missing(
        cached.associations_by_target,
        fresh.associations_by_target,
        _associations_of,
        _note_correction,
    )
    return Catalogue.build(fresh.number, targets, accounts, associations)


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
    finally:
        # an edit whose answer was lost may have been written, too
        cache.edited_at = time.monotonic()


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
