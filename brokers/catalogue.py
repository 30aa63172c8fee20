"""All targets, associations and AWS accounts, cached in the process, up to date at each request.

A request reads the change log (`brokers.catalogue_log`), and then what was touched since. When the
log has a gap, or much was touched, a thread of its own reads everything.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future

from brokers.catalogue_log import (
    LOG,
    STAMP,
    ensure_stamp,
    latest_number,
    read_changes,
    unread,
    write_change,
)
from brokers.catalogue_reads import (
    TouchedNames,
    corrections,
    find_differences,
    read_all,
    read_touched,
)
from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.models import Change, State
from core import aws
from core.dynamo import Transaction
from core.errors import CooperError, Unavailable

__all__ = [
    "LOG",
    "STAMP",
    "Cache",
    "Catalogue",
    "cache",
    "check",
    "check_if_due",
    "current",
    "describe",
    "edit",
    "ensure_stamp",
    "forget",
    "latest",
    "not_deleted",
    "shown",
    "unread",
]

MOST_TOUCHED = 100
"""Touched targets that are read one by one.

Beyond that, as after an import, reading everything is faster.
"""

MOST_DIFFERENT = 2_000
"""Targets in which a full read may differ and they are read one by one."""

MOST_LOADS = 3
"""Times that a request waits for everything to be read while much is changed."""

LONGEST_LOAD = 120.0
"""Seconds to wait for everything to be read, where there is no deadline."""

BEING_READ = "The list of targets is being read anew. Try again in a few seconds."

CHECK_AFTER = 60.0
"""Seconds after which what was read is compared with a full read."""

logger = logging.getLogger(__name__)


class Cache:
    """The newest catalogue that this process has read."""

    def __init__(self) -> None:
        self.catalogue: Catalogue | None = None
        self.lock = threading.Lock()
        """Held while changes are read, so that one thread alone does it."""

        self.loading: Future[Catalogue] | None = None
        """The newest full read, which a thread of its own does."""

        self.loading_lock = threading.Lock()

        self.check_at = float("inf")
        """When to compare it with a full read (time.monotonic)."""

        self.edited_at = float("-inf")
        """When the newest edit of this process ended (time.monotonic), well or not."""

        self.corrected = 0
        """Absent answers that another read corrected, since this process began."""

    def is_loading(self) -> bool:
        """Return whether everything is being read anew."""
        return self.loading is not None and not self.loading.done()

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
    """Return the catalogue as it is now; one round trip to DynamoDB when nothing changed.

    Raise Unavailable when all of it has to be read anew, and that takes longer than the deadline.
    """
    for _ in range(MOST_LOADS):
        cached = cache.catalogue or _load_and_wait()
        newest = _follow(cached)
        if newest:
            return newest
        _load_and_wait()
    raise Unavailable(BEING_READ, "the log had a gap after each load")


def shown() -> Catalogue:
    """Return the catalogue for a page that decides nothing.

    That is the one of `current`, but while all of it is read anew the one before.
    """
    cached = cache.catalogue
    if not cached:
        return current()
    if cache.is_loading():
        return cached

    newest = _follow(cached)
    if newest:
        return newest
    _start_loading()
    return cached


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
    cache.loading = None
    cache.check_at = float("inf")


def not_deleted(targets: Iterable[CatalogueTarget]) -> list[CatalogueTarget]:
    """Return the targets that are more than a reserved name."""
    return [target for target in targets if target.state != State.DELETED]


# -- following the log -----------------------------------------------------------------------------
def _follow(cached: Catalogue) -> Catalogue | None:
    """Return the catalogue with what changed since, or None when all has to be read anew."""
    check_if_due()
    changes, number = read_changes(cached.number)
    if number == cached.number:
        return cached

    with cache.lock:
        # while this one waited, another thread may have read the same changes
        newest = cache.catalogue or cached
        if newest.number >= number:
            return newest

        names = _touched_by(changes, newest.number, number)
        if names is None:
            return None
        return cache.keep_newest(_with_touched(newest, number, names))


def _touched_by(changes: list[Change], before: int, number: int) -> TouchedNames | None:
    """Return what was touched between two numbers; None when the log has a gap, or it is much."""
    numbers = {int(change.number) for change in changes}
    if not numbers.issuperset(range(before + 1, number + 1)):
        return None

    keys = {str(key) for change in changes for key in change.touched}
    if len(keys) > MOST_TOUCHED:
        return None
    return TouchedNames.from_keys(keys)


def _with_touched(cached: Catalogue, number: int, names: TouchedNames) -> Catalogue:
    """Return the catalogue as of `number`, with what was touched read anew."""
    touched = read_touched(names)
    if touched.absent:
        _check_later()
    for name in touched.corrected:
        _note_correction(name)

    return cached.changed(number, touched.targets, touched.accounts, touched.associations_by_target)


def _note_correction(name: str) -> None:
    cache.corrected += 1
    logger.warning("catalogue: one answer lacked %s, and another had it", name)


# -- loading all of it -----------------------------------------------------------------------------
def _load_and_wait() -> Catalogue:
    """Return all of it, read by a thread without a deadline, which outlives an impatient request.

    Raise Unavailable when it takes longer than the request's deadline.
    """
    loading = _start_loading()
    try:
        return loading.result(timeout=aws.seconds_left(LONGEST_LOAD))
    except TimeoutError as error:
        raise Unavailable(BEING_READ, "the catalogue is being loaded") from error


def _start_loading() -> "Future[Catalogue]":
    """Let one thread read everything, unless one does already."""
    with cache.loading_lock:
        loading = cache.loading
        if loading and not loading.done():
            return loading

        loading = Future()
        cache.loading = loading
        threading.Thread(target=_load, args=(loading,), name="catalogue load", daemon=True).start()
        return loading


def _load(loading: "Future[Catalogue]") -> None:
    try:
        loaded = _read_everything()
    except Exception as error:  # noqa: BLE001 - whoever waits raises it
        loading.set_exception(error)
        return

    with cache.lock:
        # all was forgotten meanwhile
        if cache.loading is loading:
            cache.keep_newest(loaded)
            _check_later()
    loading.set_result(loaded)


def _read_everything() -> Catalogue:
    # its number is read first: what changes during the reading comes again with the next changes
    return read_all(latest_number())


# -- checking --------------------------------------------------------------------------------------
def _check_later() -> None:
    cache.check_at = time.monotonic() + CHECK_AFTER


def check_if_due() -> None:
    """Check in the background, once, when the time for it has come."""
    if time.monotonic() >= cache.check_at:
        cache.check_at = float("inf")
        threading.Thread(target=check, name="catalogue check", daemon=True).start()


def check() -> None:
    """Compare the catalogue with a full read, and read by its key what differs."""
    try:
        differences = find_differences(current())
        if len(differences) > MOST_DIFFERENT:
            logger.warning("catalogue: a full read differs in much: everything is read anew")
            _start_loading()
            return
        for names in differences.in_parts(MOST_TOUCHED):
            _settle(names)
    except CooperError as error:
        logger.warning("catalogue: not checked: %s", error.detail)
        _check_later()


def _settle(names: TouchedNames) -> None:
    """Read what differs by its key: that counts."""
    with cache.lock:
        cached = cache.catalogue
        if not cached:
            return
        settled = _with_touched(cached, cached.number, names)
        for name in corrections(names, cached, settled):
            _note_correction(name)
        cache.keep_newest(settled)


# -- writing ---------------------------------------------------------------------------------------
def edit(build: Callable[[Transaction], None], *targets: str, accounts: Iterable[str] = ()) -> None:
    """Write what `build` puts into a transaction, with the change log: see `write_change`."""
    try:
        write_change(build, *targets, accounts=accounts)
    finally:
        # an edit whose answer was lost may have been written, too
        cache.edited_at = time.monotonic()
