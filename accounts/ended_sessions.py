"""Marks of web sessions that were ended: why, for whoever comes with the cookie of one.

A web session that is ended is deleted, whatever becomes of its mark. The mark names no person, lies
under the hash of the cookie's value, and decides nothing.
"""

from collections.abc import Callable

from accounts.end_reasons import EndReason, parse_reason
from accounts.models import OnceRecord
from core.dynamo import Transaction, after, transaction

MARK_KEPT = 86_400
"""Seconds that it is known why a web session was ended."""

FindMark = Callable[[type[OnceRecord], str], OnceRecord | None]


def mark(writes: Transaction, key_hash: str, reason: EndReason) -> None:
    """Put into a transaction why the web session with this hash of its key ends."""
    writes.replace(OnceRecord(_mark_key(key_hash), text=str(reason), expires=after(MARK_KEPT)))


def mark_now(key_hash: str, reason: EndReason) -> None:
    """Keep why a web session that is gone was ended."""
    with transaction() as writes:
        mark(writes, key_hash, reason)


def reason_of(key_hash: str, find: FindMark) -> EndReason | None:
    """Return why a web session was ended; None where nothing says so."""
    record = find(OnceRecord, _mark_key(key_hash))
    return parse_reason(record.text) if record else None


def _mark_key(key_hash: str) -> str:
    return f"ended-session:{key_hash}"
