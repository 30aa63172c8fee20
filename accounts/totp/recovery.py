"""Recovery codes: ten, 80 bits each, kept as keyed hashes, shown once."""

import base64
import hashlib
import hmac
import re
import secrets

COUNT = 10


def new_codes() -> list[str]:
    """Return new codes: 16 letters and digits (80 bits) in groups of four."""
    plain = (base64.b32encode(secrets.token_bytes(10)).decode() for _ in range(COUNT))
    return ["-".join(re.findall("....", each)) for each in plain]


def hashed(seed: bytes, code: str) -> str:
    """Return what is stored of a code: it can only be checked with the device's seed, which KMS guards."""
    plain = re.sub(r"[^A-Z2-7]", "", code.upper())
    return hmac.new(seed, b"recovery:" + plain.encode(), hashlib.sha256).hexdigest()
