"""How far the clock of a device is off, and how that is learnt. Pure; time is an argument.

Source: RFC 6238, section 6. The offset moves the middle of the window in which codes count; the
window itself stays as narrow as it is, so that there is never more to guess.
"""

import hmac
from typing import NamedTuple

from accounts.totp.codes import STEP, code_at

LARGEST_OFFSET = 2
"""Time steps that a device may be ahead of our clock, or behind it."""

WINDOW = 1
"""Time steps either way whose codes count, for slow fingers and for a clock that drifts further.

RFC 6238, section 5.2.
"""


class CodeUse(NamedTuple):
    """What a code that counts says: its time step, and the device's offset from now on.

    The step is the device's own, the counter that the code was computed from. So whatever the
    offset, a code that was used has the same step as before, and counts no more.
    """

    step: int
    offset: int


def read_code(seed: bytes, code: str, at: float, offset: int) -> CodeUse | None:
    """Return what a code says at `at` (seconds since the epoch), or None where it does not count.

    A code at the edge of the window moves the offset by one step.
    """
    middle = int(at // STEP) + offset
    for distance in range(-WINDOW, WINDOW + 1):
        if _is_code(seed, middle + distance, code):
            return CodeUse(middle + distance, _within_limit(offset + distance))
    return None


def read_two_codes(seed: bytes, code: str, next_code: str, at: float) -> CodeUse | None:
    """Return what two codes in a row say, whatever the offset was; None if they do not count.

    They are looked for as far off as the furthest window reaches. The step is the second one's.
    """
    current = int(at // STEP)
    reach = LARGEST_OFFSET + WINDOW
    for step in range(current - reach, current + reach + 1):
        if _is_code(seed, step - 1, code) and _is_code(seed, step, next_code):
            return CodeUse(step, _within_limit(step - current))
    return None


def _is_code(seed: bytes, step: int, code: str) -> bool:
    return hmac.compare_digest(code_at(seed, step), code)


def _within_limit(offset: int) -> int:
    return max(-LARGEST_OFFSET, min(LARGEST_OFFSET, offset))
