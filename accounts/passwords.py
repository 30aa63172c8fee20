"""Passwords, hashed a few at a time: each hash takes 100 MB of memory and all processors there are.

The parameters are Django's for argon2. Many tries at once may cost neither more memory than
docs/install.md says, nor the time of people who are signed in already.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.contrib.auth.hashers import check_password, make_password

from core.errors import Unavailable

HASHES_AT_ONCE = 2
"""Passwords that one process hashes at the same time."""

LONGEST_WAIT = 2.0
"""Seconds that a request waits for its turn."""

RETRY_AFTER = 5
"""Seconds after which whoever had no turn may try again."""

NICENESS = 10
"""How far hashing stands back behind everything else of the process, as nice(1) counts."""

_slots = threading.BoundedSemaphore(HASHES_AT_ONCE)


class Busy(Unavailable):
    """So many passwords are being checked that this one had no turn: nothing was looked at."""

    retry_after = RETRY_AFTER

    def __init__(self) -> None:
        message = (
            "Many people are signing in at this moment. Nothing was checked; "
            f"try again in {RETRY_AFTER} seconds."
        )
        super().__init__(message, "no turn to hash a password")


class Turn:
    """The right to hash: see `turn`."""

    def hash_password(self, password: str) -> str:
        """Return what is stored of a password."""
        return str(_run_in_thread(make_password, password))

    def is_password(self, password: str, stored: str) -> bool:
        """Return whether a password is the one that `stored` was made of.

        "" stands for nobody's: that takes as long, so that the time does not tell which names
        exist.
        """
        if stored:
            return bool(_run_in_thread(check_password, password, stored))
        self.hash_password(password)
        return False


@contextmanager
def turn() -> Iterator[Turn]:
    """Wait for a turn to hash, and have it for the block; raise Busy when that takes too long."""
    if not _slots.acquire(timeout=LONGEST_WAIT):
        raise Busy
    try:
        yield Turn()
    finally:
        _slots.release()


def hash_password(password: str) -> str:
    """Return what is stored of a password; raise Busy."""
    with turn() as own_turn:
        return own_turn.hash_password(password)


def _run_in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a costly function, under gevent in a thread, so that other requests go on."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        return function(*arguments)
    return _threads().apply(_stand_back, (function, *arguments))


@cache
def _threads() -> Any:
    """Return this process's own threads for hashing."""
    from gevent.threadpool import ThreadPool  # noqa: PLC0415 - elsewhere it starts an event loop

    return ThreadPool(HASHES_AT_ONCE)


def _stand_back(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a thread that the requests of signed-in people go before."""
    # on Linux the niceness of a thread is its own, and of the threads that it starts; elsewhere it
    # would be the whole process's
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    return function(*arguments)
