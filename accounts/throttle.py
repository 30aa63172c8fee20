"""Counting tries in windows of time, for all processes together; counted before the costly thing is done."""

import time

from accounts.models import Attempt
from core.dynamo import after
from core.errors import Unavailable


def _item(what: str, window: int) -> str:
    """Return the counter's key for the window of `window` seconds that is now."""
    return f"{what}#{window}#{int(time.time()) // window}"


def count(what: str, window: int, by: int = 1) -> int:
    """Count one more try of `what` in this window (seconds) and return how many there are, for all processes."""
    key = _item(what, window)
    expires = after(2 * window)
    answer = Attempt._get_connection().update_item(
        key,
        actions=[Attempt.tries.add(by), Attempt.expires.set(expires)],
        return_values="UPDATED_NEW",
    )
    try:
        return int(answer["Attributes"]["tries"]["N"])
    except KeyError as error:
        raise Unavailable(
            "DynamoDB did not say how often this was tried. Try again.", "no counter in the answer"
        ) from error


def reset(what: str, window: int) -> None:
    """Begin this window's counter of `what` anew."""
    Attempt._get_connection().delete_item(_item(what, window))


def seconds_left(window: int) -> int:
    """Return how many seconds of this window are left."""
    return window - int(time.time()) % window


def remember(what: str, seconds: int) -> None:
    """Note that `what` has happened, for so many seconds."""
    Attempt._get_connection().update_item(
        f"known#{what}",
        actions=[Attempt.tries.set(1), Attempt.expires.set(after(seconds))],
    )


def is_remembered(what: str) -> bool:
    """Return whether `what` was noted and its time is not over."""
    found = Attempt.find(f"known#{what}")
    return found is not None and found.expires.timestamp() > time.time()
