"""Deadlines: how long the AWS calls of one operation may take together."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from core.errors import Unavailable

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
"""When to give up, in seconds of the monotonic clock."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give up any AWS call within the block after `seconds`; of nested ones the earlier counts."""
    end = time.monotonic() + seconds
    outer_end = _deadline.get()
    if outer_end is not None:
        end = min(end, outer_end)

    token = _deadline.set(end)
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left(most: float, *, spare: float = 0.0) -> float:
    """Return the seconds that a call may take: at most `most`.

    A deadline shortens them; its last `spare` seconds are kept for what comes after the call. Raise
    Unavailable when nothing is left.
    """
    seconds = most
    end = _deadline.get()
    if end is not None:
        seconds = min(most, end - spare - time.monotonic())

    if seconds <= 0:
        message = "AWS did not answer in time. Nothing was handed out; try again."
        raise Unavailable(message, "deadline passed")
    return seconds
