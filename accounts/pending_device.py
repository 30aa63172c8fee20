"""A new device that no code has proved yet.

Its seed waits for ten minutes, encrypted, in the web session that started it.
"""

import base64
import time
from dataclasses import dataclass

from django.http import HttpRequest

from accounts import totp
from accounts.models import TotpDevice
from core.kms import Ciphertext

SESSION_KEY = "enrolment"
"""Where the web session keeps it."""

LIFETIME = 600
"""Seconds in which a code has to prove it."""


@dataclass(frozen=True)
class PendingDevice:
    """The encrypted seed, and the fingerprint of the device that it replaces ("" for none).

    The fingerprint is of the very device whose code was proved, not of what a later read finds.
    """

    ciphertext: Ciphertext
    replaces: str


def start(request: HttpRequest, person: str, replaced: TotpDevice | None) -> None:
    """Make a new seed and keep its ciphertext in this web session.

    `replaced` is the device whose code was proved, None for a first device.
    """
    seed = totp.new_seed(taken_label=replaced.label if replaced else None)
    ciphertext = totp.encrypt_seed(seed, person)

    # Whoever started this has just proved who they are, and the proof is for this browser alone:
    # under a new key, a copy of the web session's cookie is worth nothing.
    request.session.cycle_key()
    request.session[SESSION_KEY] = {
        "seed": base64.b64encode(ciphertext.blob).decode(),
        "key_arn": ciphertext.key_arn,
        "at": time.time(),
        "replaces": totp.fingerprint(replaced) if replaced else "",
    }


def find(request: HttpRequest) -> PendingDevice | None:
    """Return what waits to be proved in this web session, or None when nothing does any more."""
    stored = request.session.get(SESSION_KEY)
    if not stored or time.time() - stored["at"] > LIFETIME:
        return None

    ciphertext = Ciphertext(base64.b64decode(stored["seed"]), stored["key_arn"])
    return PendingDevice(ciphertext, stored["replaces"])


def discard(request: HttpRequest) -> None:
    """Forget it: it was stored as a device, or cannot be any more."""
    request.session.pop(SESSION_KEY, None)
