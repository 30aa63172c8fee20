"""Counters of tries in windows of time, shared by all processes.

A try is counted before the costly thing that it asks for is done. Windows are aligned to the
epoch: at the end of one, the next begins with a counter of its own.
"""

import ipaddress
import time

from accounts.models import Attempt
from core.dynamo import after
from core.errors import Unavailable


def count(what: str, window: int, by: int = 1) -> int:
    """Count one more try of `what` in this window (seconds); return how many there are now."""
    # expires after two windows: TTL must not remove a counter that is still in use
    response = Attempt.update_item(
        window_key(what, window),
        actions=[Attempt.tries.add(by), Attempt.expires.set(after(2 * window))],
        return_values="UPDATED_NEW",
    )
    try:
        return int(response["Attributes"]["tries"]["N"])
    except KeyError as error:
        # no counter must not read as "never tried"
        raise Unavailable(
            "DynamoDB did not say how often this was tried. Try again.",
            "no counter in the response",
        ) from error


def tries_so_far(what: str, window: int) -> int:
    """Return how many tries of `what` were counted in this window; 0 when there is no counter."""
    counter = Attempt.find(window_key(what, window))
    return int(counter.tries) if counter else 0


def reset(what: str, window: int) -> None:
    """Set this window's counter of `what` back to nothing."""
    Attempt.delete_item(window_key(what, window))


def seconds_left(window: int) -> int:
    """Return how many seconds of this window are left."""
    return window - int(time.time()) % window


def window_key(what: str, window: int) -> str:
    """Return the key of the Attempt that counts `what` in this window (seconds)."""
    window_number = int(time.time()) // window
    return f"{what}#{window}#{window_number}"


def remember(what: str, seconds: int) -> None:
    """Note that `what` has happened, for so many seconds."""
    Attempt.update_item(
        _memory_key(what),
        actions=[Attempt.tries.set(1), Attempt.expires.set(after(seconds))],
    )


def is_remembered(what: str) -> bool:
    """Return whether `what` was noted and its time is not over."""
    memory = Attempt.find(_memory_key(what))
    if memory is None:
        return False

    # DynamoDB's TTL may remove an item days after it has expired
    return memory.expires.timestamp() > time.time()


def _memory_key(what: str) -> str:
    return f"known#{what}"


UNKNOWN_SOURCE = "unknown"
"""What counts as the source of what has no address."""


def source_of(address: str) -> str:
    """Return what counts as one source of tries: an IPv4 address, or an IPv6 /64 network.

    A customer of an IPv6 provider has a /64 at least, and with it any number of addresses.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN_SOURCE

    if ip.version == 6:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
