"""Ids of requests, as in `20261126-084252-a7k3mq`: when (UTC), and which one. Pure: no Django.

They sort by time, and whoever has one knows which minutes of a log to read. They can be read out on
the telephone: the letters are those of Crockford's base 32, which has no I, L, O and U.
https://www.crockford.com/base32.html
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from core.typed_text import plain

LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"

RANDOM_LETTERS = 6
"""30 bits: of a thousand requests in one second, two share an id once in two thousand times."""

TIME = "%Y%m%d-%H%M%S"

_SHAPE = re.compile(rf"(?P<time>[0-9]{{8}}-[0-9]{{6}})-[{LETTERS}]{{{RANDOM_LETTERS}}}")

_EARLIER_SHAPE = re.compile("[0-9a-f]{16}")

_MISREAD = str.maketrans("oil", "011")
"""Letters that are heard or read instead of digits."""


_current: ContextVar[str] = ContextVar("request_id", default="")


@contextmanager
def within(request_id: str) -> Iterator[None]:
    """Let the block be this request's: what it logs carries the id."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> str:
    """Return the id of the request under way, "" where there is none."""
    return _current.get()


def new(moment: datetime) -> str:
    """Return an id for a request that begins at `moment` (UTC)."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(RANDOM_LETTERS))
    return f"{moment:{TIME}}-{letters}"


def read(text: str) -> str:
    """Return the id that somebody typed, as `new` wrote it; "" for any other text."""
    lower = plain(text).strip().lower().replace(" ", "-")
    request_id = lower.translate(_MISREAD)
    return request_id if moment_of(request_id) else ""


def read_any(text: str) -> str:
    """Return the same, also of an id as cooper made them before: 16 digits of base 16."""
    lower = plain(text).strip().lower()
    if _EARLIER_SHAPE.fullmatch(lower):
        return lower
    return read(text)


def moment_of(request_id: str) -> datetime | None:
    """Return the second (UTC) in which a request began; None for any other text.

    Ids that were made before they began with their time are such other text.
    """
    match = _SHAPE.fullmatch(request_id)
    if not match:
        return None
    try:
        moment = datetime.strptime(match["time"], TIME)  # noqa: DTZ007 - it is given its zone below
    except ValueError:
        # no day or no time of day
        return None
    return moment.replace(tzinfo=UTC)
