"""One-time codes: the arithmetic is django-otp's, the single use is one conditional write in DynamoDB."""

from accounts.totp.codes import STEP, code_at, matching_step, normalised
from accounts.totp.devices import (
    Wrong,
    base32,
    device_of,
    enrol,
    fingerprint,
    new_seed,
    now,
    otpauth,
    remove,
    sealed,
    use_code,
    use_recovery_code,
)

__all__ = [
    "STEP",
    "Wrong",
    "base32",
    "code_at",
    "device_of",
    "enrol",
    "fingerprint",
    "matching_step",
    "new_seed",
    "normalised",
    "now",
    "otpauth",
    "remove",
    "sealed",
    "use_code",
    "use_recovery_code",
]
