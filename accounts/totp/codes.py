"""Codes as people type them, and the time step that one belongs to. Pure; time is an argument.

Source: RFC 6238 (TOTP), RFC 4226 (HOTP); a step either way for clocks and slow fingers (RFC 6238, 5.2).
"""

import hmac
import re
import unicodedata

from django_otp.oath import hotp

STEP = 30
"""Seconds that a code is shown for."""

DIGITS = 6


def normalised(text: str) -> str:
    """Return the six ASCII digits that were typed, blanks and full-width digits forgiven, or ""."""
    plain = re.sub(r"[\s\u200b-]", "", unicodedata.normalize("NFKC", text))
    return plain if re.fullmatch(r"[0-9]{6}", plain) else ""


def code_at(seed: bytes, step: int) -> str:
    """Return the code of a time step."""
    return f"{hotp(seed, step, DIGITS):06d}"


def matching_step(seed: bytes, code: str, at: float) -> int | None:
    """Return the step around `at` (seconds since the epoch) whose code this is, or None."""
    now = int(at // STEP)
    found = [
        step for step in (now - 1, now, now + 1) if hmac.compare_digest(code_at(seed, step), code)
    ]
    return found[0] if found else None
