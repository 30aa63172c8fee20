"""Codes as people type them, and the code of a time step. Pure; time is an argument.

Source: RFC 6238 (TOTP), RFC 4226 (HOTP).
"""

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
