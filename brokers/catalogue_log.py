"""The change log of the catalogue, from both sides: every edit writes it, every request reads it.

Every edit writes a numbered change to the log, which names what it touched, and raises the number
in the stamp: a counter item in the same log that sorts last, so that one strongly consistent query
returns the changes after a number and the counter. Changes expire: the log may have a gap.
"""

from collections.abc import Callable, Iterable
from functools import partial

from brokers.errors import CatalogueConflict
from brokers.models import Change
from core.dynamo import AlreadyExists, Transaction, after, transaction
from core.errors import CooperError, Unavailable
from core.installation import Beside, nothing_beside
from core.retry import Backoff, retry

LOG = "catalogue"
STAMP = 10**15
"""The sort key of the stamp, the item that counts the changes: higher than any change's number."""

KEPT = 7 * 86_400
"""Seconds that a change stays in the log."""

BACKOFF = Backoff(first=0.01, longest=0.2)
ATTEMPTS = 40
"""Times that an edit is tried while others edit too."""


# -- reading ---------------------------------------------------------------------------------------
def latest_number() -> int:
    """Return the number of the latest change; raise CooperError where nothing is set up."""
    stamp = Change.find(LOG, STAMP)
    if stamp is None or stamp.latest is None:
        message = "This installation is not set up yet. Run: cooper -setup"
        raise CooperError(message, "no catalogue stamp")
    return int(stamp.latest)


def read_changes(number: int) -> tuple[list[Change], int]:
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


# -- writing ---------------------------------------------------------------------------------------
def ensure_stamp(write_beside: Beside = nothing_beside) -> bool:
    """Make the stamp unless it exists; return whether it was made now. For set-up."""
    try:
        with transaction() as writes:
            writes.create(Change(LOG, STAMP, latest=0))
            write_beside(writes)
    except AlreadyExists:
        return False
    return True


def write_change(
    build: Callable[[Transaction], None], *targets: str, accounts: Iterable[str] = ()
) -> None:
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
