"""Codes as people type them, and the time step that one belongs to. Pure; time is an argument.

Source: RFC 6238 (TOTP), RFC 4226 (HOTP).
"""

import hmac
import re
import unicodedata

from django_otp.oath import hotp

STEP = 30
"""Seconds that a code is shown for."""

DIGITS = 6


def normalize_code(text: str) -> str:
    """Return the six ASCII digits that were typed, or "".

    Blanks, hyphens and full-width digits are accepted.
    """
    compact = re.sub(r"[\s\u200b-]", "", unicodedata.normalize("NFKC", text))
    return compact if re.fullmatch(r"[0-9]{6}", compact) else ""


def code_at(seed: bytes, step: int) -> str:
    """Return the code of a time step, with its leading zeros."""
    return f"{hotp(seed, step, DIGITS):06d}"


def matching_step(seed: bytes, code: str, at: float) -> int | None:
    """Return the time step around `at` (seconds since the epoch) whose code this is, or None."""
    current = int(at // STEP)

    # one step either way, for clocks that are off and slow fingers (RFC 6238, 5.2)
    for step in (current - 1, current, current + 1):
        if hmac.compare_digest(code_at(seed, step), code):
            return step
    return None
