"""Slots for the STS calls under way, so that a slow STS leaves threads for everything else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings

from core import aws, metrics
from core.errors import Unavailable

TIMEOUT = 3.0
"""Seconds to wait until one of the calls under way is over."""

_first_use = threading.Lock()


@contextmanager
def sts_slot() -> Iterator[None]:
    """Take one of this process's slots (COOPER_STS_AT_ONCE) for the block.

    Raise Unavailable when none gets free.
    """
    slots = _slots()
    if not slots.acquire(timeout=aws.seconds_left(TIMEOUT)):
        metrics.STS_PLACES_FULL.inc()
        message = "AWS STS is slow and many people are waiting. Nothing was handed out. Try again."
        raise Unavailable(message, "no slot for an STS call")
    try:
        with metrics.sts_place_taken():
            yield
    finally:
        slots.release()


def forget() -> None:
    """Let the next call make the slots anew, by the settings as they are then."""
    _make_slots.cache_clear()


def _slots() -> threading.BoundedSemaphore:
    # `cache` alone would let two threads that come first make one each
    with _first_use:
        return _make_slots()


@cache
def _make_slots() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(settings.COOPER_STS_AT_ONCE)
