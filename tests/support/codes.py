"""One-time codes of people in tests."""

import time

from accounts import totp
from accounts.models import TotpDevice
from accounts.totp.codes import STEP, code_at
from tests.support import clock

WRONG = ("000000", "123456")
"""What tests type as a wrong code."""

STEPS = 120
"""An hour: no device of `give_device` shows one of `WRONG` in it."""


def seed_of(device: TotpDevice) -> bytes:
    """Return a device's seed."""
    return totp.decrypt_device_seed(device)


def give_device(username: str) -> None:
    """Give a person a device, as enrolling does."""
    person = f"local:{username}"
    seed = _new_seed()
    ciphertext = totp.encrypt_seed(seed, person)
    TotpDevice(person, seed=ciphertext.blob, key_arn=ciphertext.key_arn, confirmed=True).save()


def _new_seed() -> bytes:
    """Return a seed for which what is typed as wrong is wrong."""
    seed = totp.new_seed()
    now = current_step()
    while any(code_at(seed, step) in WRONG for step in range(now - 2, now + STEPS)):
        seed = totp.new_seed()
    return seed


def next_code(username: str) -> str:
    """Return an unused code of the person's device; turn the test's clock on where needed."""
    device = totp.device_of(f"local:{username}")
    assert device is not None, f"{username} has no device"
    while current_step() <= int(device.last_step):
        clock.shift(STEP)
    return code_at(seed_of(device), current_step())


def current_step() -> int:
    """Return the number of the 30 seconds that it is in."""
    return int(time.time() // STEP)
