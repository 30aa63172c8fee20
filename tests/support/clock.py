"""The time of a test (time-machine): it runs on as the real one does, and tests may turn it on.

The embedded AWS is in this process and sees the same time. Other processes have the real one: a
test that starts some turns the clock on by less than five minutes, for which AWS takes signatures.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import time_machine
from time_machine import Traveller

HALF_MINUTE = 30
"""Seconds: a one-time code's time, and what every window of a counter consists of."""

UNDISTURBED = 10
"""Seconds after its begin in which no half minute ends for a test."""

_travellers: list[Traveller] = []


def undisturbed_now() -> float:
    """Return now, or the begin of the next half minute where this one is about to end.

    So no counter of a minute begins anew while a test fills it.
    """
    now = time.time()
    left = HALF_MINUTE - now % HALF_MINUTE
    return now if left > UNDISTURBED else now + left


@contextmanager
def travelling(moment: float | None = None, *, stand_still: bool = False) -> Iterator[None]:
    """Let it be another moment (seconds since the epoch), now unless given; go back at the end."""
    destination = time.time() if moment is None else moment
    with time_machine.travel(destination, tick=not stand_still) as traveller:
        _travellers.append(traveller)
        try:
            yield
        finally:
            _travellers.pop()


def shift(seconds: float) -> None:
    """Turn the test's clock on."""
    _travellers[-1].shift(seconds)
