"""A person's TOTP device in DynamoDB: found, enrolled, removed, reset by somebody else."""

import hashlib
from datetime import UTC, datetime
from functools import partial

from accounts import notices
from accounts.end_reasons import EndReason
from accounts.models import Person, TotpDevice
from accounts.totp import recovery
from accounts.totp.seeds import device_label
from core import audit
from core.audit import Event
from core.dynamo import Stale, Transaction, transaction
from core.errors import Invalid, Refused
from core.kms import Ciphertext
from core.retry import retry

ATTEMPTS = 5
"""Times that a reset is tried again when the person signs in at that moment."""


def device_of(person: str) -> TotpDevice | None:
    """Return the person's device, or None."""
    return TotpDevice.find(person)


class DeviceChanged(Refused):
    """What was proved is of another device than the one that there is now."""

    def __init__(self, person: str) -> None:
        message = "Your device was changed meanwhile. Begin again under My access."
        super().__init__(message, f"device changed meanwhile: {person}")


def fingerprint(device: TotpDevice) -> str:
    """Return what tells a person's device from any other of theirs."""
    return hashlib.sha256(bytes(device.seed)).hexdigest()


def device_with_fingerprint(person: str, expected: str) -> TotpDevice:
    """Return the person's device as it is now; raise DeviceChanged when it is another one."""
    device = device_of(person)
    if device is None or fingerprint(device) != expected:
        raise DeviceChanged(person)
    return device


def enrol(
    writes: Transaction,
    person: str,
    ciphertext: Ciphertext,
    seed: bytes,
    *,
    step: int,
    replaces: str,
) -> list[str]:
    """Put the person's new device and its event into a transaction; return its recovery codes.

    `step` is the time step of the code that proved the device: that code is used up. `replaces` is
    the fingerprint of the device whose code was proved, "" where that there is none was read.
    Raise DeviceChanged when that is not so any more; the transaction raises it as well.
    """
    recovery_codes = recovery.new_codes()
    device = device_with_fingerprint(person, replaces) if replaces else TotpDevice(person)
    device.seed = ciphertext.blob
    device.key_arn = ciphertext.key_arn
    device.label = device_label(seed)
    device.confirmed = True
    device.last_step = step
    device.offset = 0
    device.failures = 0
    device.wait_until = None
    device.recovery = [recovery.hash_code(seed, code) for code in recovery_codes]
    device.created_at = datetime.now(UTC)

    if replaces:
        writes.save(device, refusal=DeviceChanged(person))
        writes.create(audit.event(Event.DEVICE_REPLACED, person=person))
    else:
        # DynamoDB itself makes sure that there is none: a read that finds none proves nothing
        writes.create(device, refusal=DeviceChanged(person))
        writes.create(audit.event(Event.DEVICE_ADDED, person=person))
    return recovery_codes


def remove_device(writes: Transaction, device: TotpDevice, event: Event) -> None:
    """Put a device's removal with its event into a transaction."""
    writes.delete(device)
    writes.create(audit.event(event, object=str(device.person), target=str(device.person)))


def reset_device(person_key: str, by: str) -> None:
    """Remove somebody else's device, end their web sessions, leave a notice for their next sign-in.

    `by` says who did it, as the notice names them. Raise Invalid when there is no device.
    """
    retry(partial(_reset_once, person_key, by), on=Stale, tries=ATTEMPTS)


def _reset_once(person_key: str, by: str) -> None:
    """Raise Stale when the device or the person was changed meanwhile."""
    device = device_of(person_key)
    if device is None:
        raise Invalid(f"{person_key} has no device.")
    person = Person.find(person_key)

    with transaction() as writes:
        remove_device(writes, device, Event.DEVICE_RESET)
        if person is None:
            # a device may be there before the person's first sign-in
            writes.check_absent(Person(person_key))
        else:
            person.start_new_epoch(EndReason.ADMINISTRATOR)
            writes.save(person)

            moment = f"{audit.now():%Y-%m-%d %H:%M} UTC"
            text = f"Your device for one-time codes was reset by {by} on {moment}."
            notices.leave(writes, person_key, text)
