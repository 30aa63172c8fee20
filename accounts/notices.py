"""What a person is shown once, and what they have acknowledged: in items of their own.

Each grant rests on the item of its person, and any write to that cancels the grant's check. So
sign-in and administration alone write it.
"""

import hashlib
from collections.abc import Callable

from accounts.models import OnceRecord, Person
from core.dynamo import Transaction, after

Find = Callable[[str], OnceRecord | None]
"""Finds an item by its key."""

KEPT = 10 * 365 * 86_400
"""Seconds that they wait to be shown: longer than anybody stays away, and is missed."""


# -- a notice for the next sign-in -----------------------------------------------------------------
def leave(writes: Transaction, person: str, text: str) -> None:
    """Put a notice into a transaction, over an older one."""
    _put(writes, _notice_key(person), text)


def move_old(writes: Transaction, person: Person) -> None:
    """Move a notice of an earlier cooper out of the person, whom the transaction saves."""
    if person.notice:
        leave(writes, str(person.person), str(person.notice))
        person.notice = None


def waiting_for(person: str) -> str:
    """Return the notice that waits for a person, or ""."""
    return _read(_notice_key(person))


def forget(person: str) -> None:
    """Take away the notice that was shown."""
    OnceRecord.delete_item(_notice_key(person))


# -- the newest event of new administrators that an administrator has acknowledged -----------------
def acknowledge(writes: Transaction, person: str, until: str) -> None:
    """Put into a transaction that an administrator acknowledged the events up to `until`."""
    _put(writes, acknowledged_key(person), until)


def acknowledged_until(person: Person, find: Find = OnceRecord.find) -> str:
    """Return the place in the audit log up to which they were acknowledged, or "".

    `find` finds the item: a page finds it in what its request has read.
    """
    # an earlier cooper kept it with the person
    before = str(person.administrators_seen or "")
    return max(before, _read(acknowledged_key(str(person.person)), find))


# -- stored ----------------------------------------------------------------------------------------
def _put(writes: Transaction, key: str, text: str) -> None:
    # not read before: commands on the host may write here, and not read
    writes.replace(OnceRecord(key, text=text, expires=after(KEPT)))


def _read(key: str, find: Find = OnceRecord.find) -> str:
    record = find(key)
    if record is None:
        return ""
    return str(record.text or "")


def _notice_key(person: str) -> str:
    return f"notice:{_digest(person)}"


def acknowledged_key(person: str) -> str:
    """Return the key of the OnceRecord of what an administrator acknowledged."""
    return f"administrators-seen:{_digest(person)}"


def _digest(person: str) -> str:
    # a person's key may be as long as a key can be
    return hashlib.sha256(person.encode()).hexdigest()
