"""A person's TOTP device in DynamoDB: verified, throttled and used up by conditional writes alone."""

import base64
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from django.conf import settings
from pynamodb.expressions.update import Action

from accounts.models import TotpDevice
from accounts.totp.codes import matching_step, normalised
from accounts.totp.recovery import hashed, new_codes
from cooper_project import audit, kms
from cooper_project.audit import Event
from cooper_project.dynamo import ConditionFailed, Transaction
from cooper_project.errors import CooperError
from cooper_project.kms import Sealed

SEED_BYTES = 20
"""160 bits, as RFC 4226 (4, R6) recommends."""

FREE = 3
"""Wrong codes in a row without any wait."""

FIRST_WAIT, LONGEST_WAIT = 30, 900
"""Seconds to wait after one more wrong code; doubled with each, up to 15 minutes: nobody is locked out for ever."""

clock: list[Callable[[], float]] = [time.time]
"""What says the time (seconds since the epoch); tests turn it."""

WRONG = "This is not the code that counts now. Wait for the next one on your device, and use each code once."


class Wrong(CooperError):
    """A code that does not count: wrong, old, used, another's; `wait` is the seconds until one is looked at again."""

    def __init__(self, detail: str, wait: int = 0) -> None:
        """Say the same of every wrong code, and of the wait how long it is."""
        waiting = f"Too many wrong codes. Codes count again in {wait} s; until then even the right one does not."
        super().__init__(waiting if wait else WRONG, detail)
        self.wait = wait


def _context(person: str) -> dict[str, str]:
    """Return the encryption context of a person's seed."""
    return {"cooper:purpose": "totp-seed", "cooper:tables": settings.COOPER_TABLE_PREFIX, "cooper:person": person}


def new_seed() -> bytes:
    """Return a new seed."""
    return secrets.token_bytes(SEED_BYTES)


def sealed(seed: bytes, person: str) -> Sealed:
    """Return a seed as a ciphertext that opens for this person alone."""
    return kms.encrypt(seed, kms.key_arn(settings.COOPER_KMS_KEY), _context(person))


def opened(ciphertext: Sealed, person: str) -> bytes:
    """Return the seed in a person's ciphertext."""
    return kms.decrypt(ciphertext, _context(person))


def base32(seed: bytes) -> str:
    """Return a seed as it is typed into an app."""
    return base64.b32encode(seed).decode().rstrip("=")


def otpauth(seed: bytes, person: str) -> str:
    """Return the address that apps read from a QR code (Google Authenticator's key URI format)."""
    label = f"cooper:{person}"
    return f"otpauth://totp/{quote(label)}?{urlencode({'secret': base32(seed), 'issuer': 'cooper'})}"


def device_of(person: str) -> TotpDevice | None:
    """Return the person's device, or None."""
    return TotpDevice.find(person)


def use_code(person: str, typed: str, at: float) -> None:
    """Use up a code of the person's own device; raise Wrong. Of many at once with one code, exactly one returns."""
    device = _needed(person)
    seed = _seed(device, at)
    code = normalised(typed)
    step = matching_step(seed, code, at) if code else None
    if step is None:
        raise _failed(device, at, "wrong code")
    unused = (TotpDevice.last_step < step) & (TotpDevice.seed == device.seed)
    actions = [TotpDevice.last_step.set(step), TotpDevice.failures.set(0), TotpDevice.wait_until.remove()]
    try:
        TotpDevice._get_connection().update_item(person, actions=actions, condition=unused)
    except ConditionFailed as error:
        raise _failed(device, at, "used code") from error


def use_recovery_code(person: str, typed: str, at: float) -> None:
    """Use up one of the person's recovery codes; raise Wrong."""
    device = _needed(person)
    found = hashed(_seed(device, at), typed)
    if found not in device.recovery:
        raise _failed(device, at, "wrong recovery code")
    left = [each for each in device.recovery if each != found]
    unused = (TotpDevice.recovery == list(device.recovery)) & (TotpDevice.seed == device.seed)
    try:
        TotpDevice._get_connection().update_item(person, actions=[TotpDevice.recovery.set(left)], condition=unused)
    except ConditionFailed as error:
        raise _failed(device, at, "used recovery code") from error


def _needed(person: str) -> TotpDevice:
    """Return the person's device; raise Wrong when there is none."""
    device = device_of(person)
    if device is None:
        raise Wrong("no device")
    return device


def _seed(device: TotpDevice, at: float) -> bytes:
    """Return the seed; raise Wrong while codes do not count, so that even the right one is not looked at."""
    left = int(float(device.wait_until or 0) - at)
    if left > 0:
        raise Wrong("backing off", left)
    return opened(Sealed(bytes(device.seed), str(device.key_arn)), str(device.person))


def wait_after(failures: int) -> int:
    """Return the seconds of back-off after so many wrong codes in a row."""
    return 0 if failures < FREE else int(min(FIRST_WAIT * 2 ** (failures - FREE), LONGEST_WAIT))


def _failed(device: TotpDevice, at: float, detail: str) -> Wrong:
    """Count one more wrong code for all processes, and record it; return what to raise."""
    failures = int(device.failures) + 1
    actions: list[Action] = [TotpDevice.failures.add(1)]
    wait = wait_after(failures)
    if wait:
        actions.append(TotpDevice.wait_until.set(int(at) + wait))
    try:
        TotpDevice._get_connection().update_item(
            str(device.person), actions=actions, condition=TotpDevice.person.exists()
        )
    except ConditionFailed:
        return Wrong("device gone")
    audit.record(Event.STEP_UP_REFUSED, why=detail, object=str(device.person), failures=failures)
    return Wrong(detail, wait)


def enrol(writes: Transaction, person: str, ciphertext: Sealed, seed: bytes, step: int) -> list[str]:
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
    writes.create(audit.event(kind, object=str(device.person)))
