"""Codes as people type them, and the code of a time step. Pure; time is an argument.

Source: RFC 6238 (TOTP), RFC 4226 (HOTP).
"""

from django_otp.oath import hotp

from core.typed_text import digits_of

STEP = 30
"""Seconds that a code is shown for."""

DIGITS = 6


def normalize_code(text: str) -> str:
    """Return the six ASCII digits that were typed, in whatever script and with what between, or "".

    Blanks, dashes and marks that are not seen do not count.
    """
    digits = digits_of(text)
    return digits if len(digits) == DIGITS else ""


def code_at(seed: bytes, step: int) -> str:
    """Return the code of a time step, with its leading zeros."""
    return f"{hotp(seed, step, DIGITS):06d}"
