"""A person's TOTP device in DynamoDB: verified, throttled and used up by conditional writes alone."""

import base64
import hashlib
import math
import secrets
import time
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from django.conf import settings
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from accounts.models import TotpDevice
from accounts.totp.codes import matching_step, normalised
from accounts.totp.recovery import hashed, new_codes
from core import audit, kms
from core.audit import Event
from core.dynamo import ConditionFailed, Transaction
from core.errors import CooperError, Refused, Unavailable
from core.kms import Ciphertext

SEED_BYTES = 20
"""160 bits, as RFC 4226 (4, R6) recommends."""

FREE = 3
"""Wrong codes in a row without any wait."""

FIRST_WAIT, LONGEST_WAIT = 30, 900
"""Seconds to wait after one more wrong code; doubled with each, up to 15 minutes: nobody is locked out for ever."""

TRIES = 20
"""Times that a try is counted anew when others count at the same moment."""

WRONG = "This is not the code that counts now. Wait for the next one on your device, and use each code once."


class Wrong(CooperError):
    """A code that does not count: wrong, old, used, another's; `wait` is the seconds until one is looked at again."""

    def __init__(
        self, detail: str, failures: int = 0, wait: int = 0, *, waiting: bool = False
    ) -> None:
        """Say the same of every wrong code, how many there were in a row, and how long none counts."""
        said = "Too many wrong codes." if waiting else WRONG
        if failures:
            said += f" {failures} in a row did not count."
        if wait:
            said += f" Codes count again in {wait} s; until then even the right one does not."
        super().__init__(said, detail)
        self.wait = wait


def now() -> float:
    """Seconds since the epoch; codes and waits are reckoned by it."""
    return time.time()


def _context(person: str) -> dict[str, str]:
    """Return the encryption context of a person's seed."""
    return {
        "cooper:purpose": "totp-seed",
        "cooper:tables": settings.COOPER_TABLE_PREFIX,
        "cooper:person": person,
    }


def new_seed() -> bytes:
    """Return a new seed."""
    return secrets.token_bytes(SEED_BYTES)


def sealed(seed: bytes, person: str) -> Ciphertext:
    """Return a seed as a ciphertext that opens for this person alone."""
    return kms.encrypt(seed, kms.key_arn(settings.COOPER_KMS_KEY), _context(person))


def opened(ciphertext: Ciphertext, person: str) -> bytes:
    """Return the seed in a person's ciphertext."""
    return kms.decrypt(ciphertext, _context(person))


def base32(seed: bytes) -> str:
    """Return a seed as it is typed into an app."""
    return base64.b32encode(seed).decode().rstrip("=")


def otpauth(seed: bytes, person: str) -> str:
    """Return the address that apps read from a QR code (Google Authenticator's key URI format)."""
    label = f"cooper:{person}"
    return (
        f"otpauth://totp/{quote(label)}?{urlencode({'secret': base32(seed), 'issuer': 'cooper'})}"
    )


def device_of(person: str) -> TotpDevice | None:
    """Return the person's device, or None."""
    return TotpDevice.find(person)


def fingerprint(device: TotpDevice | None) -> str:
    """Return what tells a person's device from any other of theirs; "" for none."""
    return hashlib.sha256(bytes(device.seed)).hexdigest() if device else ""


def use_code(person: str, typed: str, at: float) -> None:
    """Use up a code of the person's own device; raise Wrong. Of many at once with one code, exactly one returns."""
    device = _take_a_try(person, at)
    seed = _seed(device)
    code = normalised(typed)
    step = matching_step(seed, code, at) if code else None
    if step is None:
        raise _refused(device, "wrong code")
    actions: list[Action] = [TotpDevice.last_step.set(step), *_FORGIVEN]
    _use_up(device, actions, TotpDevice.last_step < step, "used code")


def use_recovery_code(person: str, typed: str, at: float) -> None:
    """Use up one of the person's recovery codes; raise Wrong."""
    device = _take_a_try(person, at)
    found = hashed(_seed(device), typed)
    if found not in device.recovery:
        raise _refused(device, "wrong recovery code")
    left = [each for each in device.recovery if each != found]
    actions: list[Action] = [TotpDevice.recovery.set(left), *_FORGIVEN]
    _use_up(device, actions, TotpDevice.recovery == list(device.recovery), "used recovery code")


_FORGIVEN = (TotpDevice.failures.set(0), TotpDevice.wait_until.remove())
"""What a right code does to the count of wrong ones."""


def _use_up(device: TotpDevice, actions: list[Action], unused: Condition, detail: str) -> None:
    """Note in one conditional write that a code is used, if the device is the same still; raise Wrong."""
    condition = unused & (TotpDevice.seed == device.seed)
    try:
        TotpDevice._get_connection().update_item(
            str(device.person), actions=actions, condition=condition
        )
    except ConditionFailed as error:
        raise _refused(device, detail) from error


def _take_a_try(person: str, at: float) -> TotpDevice:
    """Count a try before it is looked at, so that many at once cannot outrun the back-off; return the device.

    Raise Wrong when there is no device, or while codes do not count. A right code forgives the count.
    """
    for _ in range(TRIES):
        device = device_of(person)
        if device is None:
            raise Wrong("no device")
        left = math.ceil(float(device.wait_until or 0) - at)
        if left > 0:
            raise _refused(device, "backing off", left)
        if _counted(device, at):
            return device
    raise Unavailable(
        "Your device is being used by many requests at once. Try again.", f"contention on {person}"
    )


def _counted(device: TotpDevice, at: float) -> bool:
    """Write down one more try, unless somebody else did meanwhile; return whether it was written."""
    before, device.failures = device.failures, int(device.failures) + 1
    actions: list[Action] = [TotpDevice.failures.set(device.failures)]
    if wait := wait_after(int(device.failures)):
        actions.append(TotpDevice.wait_until.set(int(at) + wait))
    try:
        TotpDevice._get_connection().update_item(
            str(device.person), actions=actions, condition=TotpDevice.failures == before
        )
    except ConditionFailed:
        return False
    return True


def _seed(device: TotpDevice) -> bytes:
    """Return the device's seed; raise CooperError."""
    try:
        return opened(Ciphertext(bytes(device.seed), str(device.key_arn)), str(device.person))
    except CooperError as error:
        if error.code != "InvalidCiphertextException":
            raise
        message = "The secret of your device cannot be opened: it is not yours. An administrator has to reset your device."
        raise Refused(message, error.detail) from error


def wait_after(failures: int) -> int:
    """Return the seconds of back-off after so many wrong codes in a row."""
    return (
        0 if failures < FREE else int(min(FIRST_WAIT * 2 ** min(failures - FREE, 16), LONGEST_WAIT))
    )


def _refused(device: TotpDevice, detail: str, left: int = 0) -> Wrong:
    """Record a code that does not count; return what to raise."""
    failures = int(device.failures)
    audit.record(Event.STEP_UP_REFUSED, why=detail, object=str(device.person), failures=failures)
    return Wrong(detail, failures, left or wait_after(failures), waiting=bool(left))


def enrol(
    writes: Transaction, person: str, ciphertext: Ciphertext, seed: bytes, step: int
) -> list[str]:
    """Put the person's new device, with its first code used up, into a transaction; return its recovery codes."""
    codes, found = new_codes(), device_of(person)
    device = found or TotpDevice(person)
    device.seed, device.key_arn = ciphertext.ciphertext, ciphertext.key_arn
    device.confirmed, device.last_step, device.failures, device.wait_until = True, step, 0, None
    device.recovery = [hashed(seed, code) for code in codes]
    device.created_at = datetime.now(UTC)
    writes.save(device)
    kind = Event.DEVICE_REPLACED if found else Event.DEVICE_ADDED
    writes.create(audit.event(kind, person=person))
    return codes


def remove(writes: Transaction, device: TotpDevice, kind: Event) -> None:
    """Put a device's removal with its event into a transaction."""
    writes.delete(device)
    writes.create(audit.event(kind, object=str(device.person), target=str(device.person)))
