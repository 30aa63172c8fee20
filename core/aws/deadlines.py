"""Deadlines: how long the AWS calls of one request or operation may take together."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from core.errors import Unavailable

LONG = 25.0
"""Seconds for a request that is known to take long, such as an import.

Proxies and load balancers usually wait 30 s or more for an answer (docs/install.md).
"""


class _Deadline:
    def __init__(self, end: float) -> None:
        self.end = end
        """When to give up, in seconds of the monotonic clock."""


_NEVER = _Deadline(float("inf"))

_deadline: ContextVar[_Deadline] = ContextVar("deadline", default=_NEVER)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give up any AWS call within the block after `seconds`; of nested ones the earlier counts."""
    end = min(time.monotonic() + seconds, _deadline.get().end)
    token = _deadline.set(_Deadline(end))
    try:
        yield
    finally:
        _deadline.reset(token)


def extend_deadline(seconds: float = LONG) -> None:
    """Let the request, to its very end, have `seconds` from now.

    For what is known to take long. Where there is no deadline, as in a command, there is none.
    """
    current = _deadline.get()
    current.end = max(current.end, time.monotonic() + seconds)


def seconds_left(most: float, *, spare: float = 0.0) -> float:
    """Return the seconds that a call may take: at most `most`.

    A deadline shortens them; its last `spare` seconds are kept for what comes after the call. Raise
    Unavailable when nothing is left.
    """
    seconds = min(most, _deadline.get().end - spare - time.monotonic())
    if seconds <= 0:
        message = "AWS did not answer in time. Nothing was handed out; try again."
        raise Unavailable(message, "deadline passed")
    return seconds
