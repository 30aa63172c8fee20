"""Trying again what other writers got in the way of."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Backoff:
    """Pauses between tries: about twice as long each time, from `first` to `longest` seconds."""

    first: float
    longest: float

    def seconds(self, attempt: int) -> float:
        """Return the pause after a failed attempt (the first is 0)."""
        # 2**16 times the first pause is longer than any longest one
        pause = min(self.first * 2.0 ** min(attempt, 16), self.longest)
        # jitter, so that two writers that met do not meet again
        return pause * random.uniform(0.5, 1)  # noqa: S311 - not a secret

    def sleep(self, attempt: int) -> None:
        """Pause after a failed attempt (the first is 0)."""
        time.sleep(self.seconds(attempt))


def retry(
    operation: Callable[[], Result],
    *,
    on: type[Exception] | tuple[type[Exception], ...],
    tries: int,
    backoff: Backoff | None = None,
) -> Result:
    """Call `operation`, up to `tries` times while it raises `on`, and return what it returns.

    The last try's error is raised as it is.
    """
    for attempt in range(tries - 1):
        try:
            return operation()
        except on:
            if backoff is not None:
                backoff.sleep(attempt)
    return operation()
