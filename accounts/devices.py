"""Resetting somebody's device: by another administrator, or on the host."""

from accounts import totp
from accounts.models import Person
from core import audit
from core.audit import Event
from core.dynamo import transaction
from core.errors import Invalid


def reset(person: str, by: str) -> None:
    """Remove a person's device, end their web sessions, and leave a notice for their next sign-in; raise Invalid."""
    device, found = totp.device_of(person), Person.find(person)
    if device is None:
        raise Invalid(f"{person} has no device.")
    with transaction() as writes:
        totp.remove(writes, device, Event.DEVICE_RESET)
        if found is not None:
            found.epoch = int(found.epoch) + 1
            found.notice = f"Your device for one-time codes was reset by {by} on {audit.now():%Y-%m-%d %H:%M} UTC."
            writes.save(found)
