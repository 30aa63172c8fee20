"""Recovery codes: ten, 80 bits each, kept as keyed hashes, shown once."""

import base64
import hashlib
import hmac
import re
import secrets

from core.typed_text import base32_of

COUNT = 10

CODE_BYTES = 10
"""80 bits: too many to guess, and 16 letters and digits to type."""


def new_codes() -> list[str]:
    """Return new codes, each of 16 letters and digits in groups of four."""
    return [_new_code() for _ in range(COUNT)]


def _new_code() -> str:
    letters = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()
    return "-".join(re.findall("....", letters))


def hash_code(seed: bytes, code: str) -> str:
    """Return what is stored of a code: hex HMAC-SHA256, whatever the case, blanks and hyphens.

    The key is the device's seed, which KMS guards: a copy of the table is not enough to try codes.
    """
    compact = base32_of(code)
    return hmac.new(seed, b"recovery:" + compact.encode(), hashlib.sha256).hexdigest()
