"""A person's TOTP device in DynamoDB: found, enrolled, removed, reset by somebody else."""

import hashlib
from datetime import UTC, datetime

from accounts.models import Person, TotpDevice
from accounts.totp import recovery
from core import audit
from core.audit import Event
from core.dynamo import Transaction, transaction
from core.errors import Invalid
from core.kms import Ciphertext


def device_of(person: str) -> TotpDevice | None:
    """Return the person's device, or None."""
    return TotpDevice.find(person)


def fingerprint(device: TotpDevice | None) -> str:
    """Return what tells a person's device from any other of theirs; "" for none."""
    if device is None:
        return ""
    return hashlib.sha256(bytes(device.seed)).hexdigest()


def enrol(
    writes: Transaction, person: str, ciphertext: Ciphertext, seed: bytes, step: int
) -> list[str]:
    """Put the person's new device and its event into a transaction; return its recovery codes.

    `step` is the time step of the code that proved the device: that code is used up.
    """
    device = device_of(person)
    if device is None:
        device = TotpDevice(person)
        event = Event.DEVICE_ADDED
    else:
        event = Event.DEVICE_REPLACED

    recovery_codes = recovery.new_codes()
    device.seed = ciphertext.blob
    device.key_arn = ciphertext.key_arn
    device.confirmed = True
    device.last_step = step
    device.failures = 0
    device.wait_until = None
    device.recovery = [recovery.hash_code(seed, code) for code in recovery_codes]
    device.created_at = datetime.now(UTC)

    writes.save(device)
    writes.create(audit.event(event, person=person))
    return recovery_codes


def remove_device(writes: Transaction, device: TotpDevice, event: Event) -> None:
    """Put a device's removal with its event into a transaction."""
    writes.delete(device)
    writes.create(audit.event(event, object=str(device.person), target=str(device.person)))


def reset_device(person_key: str, by: str) -> None:
    """Remove somebody else's device, end their web sessions, leave a notice for their next sign-in.

    `by` says who did it, as the notice names them. Raise Invalid when there is no device.
    """
    device = device_of(person_key)
    if device is None:
        raise Invalid(f"{person_key} has no device.")
    person = Person.find(person_key)

    with transaction() as writes:
        remove_device(writes, device, Event.DEVICE_RESET)
        if person is not None:
            person.start_new_epoch()
            moment = f"{audit.now():%Y-%m-%d %H:%M} UTC"
            person.notice = f"Your device for one-time codes was reset by {by} on {moment}."
            writes.save(person)
