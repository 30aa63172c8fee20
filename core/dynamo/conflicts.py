"""Trying again while others write the same items.

DynamoDB cancels a transaction, and refuses a single write, that meets another transaction on an
item: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
(Transaction conflict handling in DynamoDB)
"""

import time
from collections.abc import Iterator

from core.aws import seconds_left
from core.errors import CooperError, Unavailable
from core.retry import Backoff

BACKOFF = Backoff(first=0.02, longest=0.4)
TRIES = 12
"""Times that something is tried while others write its items: about 3 s in all."""

SHORTEST_CALL = 0.05
"""Seconds that the deadline has to leave for a call after a pause."""

PASSING_CODES = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Reasons of a cancellation that a later try may not meet."""


def tries() -> Iterator[int]:
    """Yield before each try, from 0, after a pause with jitter.

    It ends after TRIES, or when the deadline leaves no time for another pause and call.
    """
    yield 0
    for number in range(1, TRIES):
        pause = BACKOFF.seconds(number - 1)
        if not _is_time_left_after(pause):
            return
        time.sleep(pause)
        yield number


def demand_passing(codes: set[str]) -> None:
    """Raise CooperError for a reason of a cancellation that a later try would meet again."""
    if not codes <= PASSING_CODES:
        message = "DynamoDB refused what cooper sent. Nothing was changed."
        raise CooperError(message, f"cancelled: {sorted(codes)}")


def _is_time_left_after(pause: float) -> bool:
    try:
        seconds_left(SHORTEST_CALL, spare=pause)
    except Unavailable:
        return False
    return True
