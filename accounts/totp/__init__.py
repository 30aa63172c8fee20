"""One-time codes: django-otp does the arithmetic, DynamoDB's conditional writes the single use."""

from accounts.totp.codes import STEP, code_at, normalize_code
from accounts.totp.devices import (
    DeviceChanged,
    device_of,
    device_with_fingerprint,
    enrol,
    fingerprint,
    remove_device,
    reset_device,
)
from accounts.totp.drift import CodeUse, read_code
from accounts.totp.seeds import (
    account_name,
    base32,
    decrypt_device_seed,
    decrypt_seed,
    encrypt_seed,
    new_seed,
    otpauth_uri,
    stored_ciphertexts,
)
from accounts.totp.verification import (
    WrongCode,
    adjust_clock,
    refuse_during_wait,
    use_code,
    use_recovery_code,
)

__all__ = [
    "STEP",
    "CodeUse",
    "DeviceChanged",
    "WrongCode",
    "account_name",
    "adjust_clock",
    "base32",
    "code_at",
    "decrypt_device_seed",
    "decrypt_seed",
    "device_of",
    "device_with_fingerprint",
    "encrypt_seed",
    "enrol",
    "fingerprint",
    "new_seed",
    "normalize_code",
    "otpauth_uri",
    "read_code",
    "refuse_during_wait",
    "remove_device",
    "reset_device",
    "stored_ciphertexts",
    "use_code",
    "use_recovery_code",
]
