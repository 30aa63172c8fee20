"""One-time codes; the tests' clock stands still until somebody needs the next code."""

import time

from accounts import totp
from accounts.models import TotpDevice
from accounts.totp.codes import STEP, code_at


class Clock:
    """A clock that tests turn; seconds since the epoch."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def seed_of(device: TotpDevice) -> bytes:
    """Return a device's seed."""
    return totp.decrypt_device_seed(device)


def give_device(username: str) -> None:
    """Give a person a device, as enrolling does."""
    person = f"local:{username}"
    seed = totp.new_seed()
    ciphertext = totp.encrypt_seed(seed, person)
    TotpDevice(person, seed=ciphertext.blob, key_arn=ciphertext.key_arn, confirmed=True).save()


def next_code(username: str) -> str:
    """Return an unused code of the person's device; turn the clock on where needed."""
    device = totp.device_of(f"local:{username}")
    assert device is not None, f"{username} has no device"
    clock = totp.now
    while int(clock() // STEP) <= int(device.last_step):
        clock.now += STEP
    return code_at(seed_of(device), int(clock() // STEP))
