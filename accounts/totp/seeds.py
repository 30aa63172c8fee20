"""The secret seed of a TOTP device: made, encrypted with KMS, and shown to an authenticator app."""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from functools import partial
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings

from accounts.models import TotpDevice
from core import kms
from core.audit import AuditEvent
from core.dynamo import transaction
from core.errors import CooperError, Refused
from core.kms import Ciphertext
from core.stored_ciphertexts import StoredCiphertext, changed_meanwhile

SEED_BYTES = 20
"""160 bits, as RFC 4226 (4, R6) recommends."""

LABEL_LENGTH = 4
"""Letters that tell a person's devices apart."""


def new_seed(taken_label: str | None = None) -> bytes:
    """Return a new random seed, whose device has another label than `taken_label`.

    Many apps put a secret over the one of the same name, and the old device has to work until the
    new one is proved.
    """
    seed = secrets.token_bytes(SEED_BYTES)
    while device_label(seed) == taken_label:
        seed = secrets.token_bytes(SEED_BYTES)
    return seed


def encrypt_seed(seed: bytes, person: str) -> Ciphertext:
    """Encrypt a seed so that it can be decrypted for this person alone."""
    return kms.encrypt_with_own_key(seed, _encryption_context(person))


def decrypt_seed(ciphertext: Ciphertext, person: str) -> bytes:
    """Return the seed; raise CooperError, also when the ciphertext is another person's."""
    return kms.decrypt(ciphertext, _encryption_context(person))


def decrypt_device_seed(device: TotpDevice) -> bytes:
    """Return a device's seed; raise Refused when it was encrypted for another person."""
    ciphertext = Ciphertext(bytes(device.seed), str(device.key_arn))
    try:
        return decrypt_seed(ciphertext, str(device.person))
    except CooperError as error:
        if error.code != "InvalidCiphertextException":
            raise
        message = (
            "The secret of your device cannot be decrypted: it is not yours. "
            "Ask an administrator to reset your device."
        )
        raise Refused(message, error.detail) from error


def stored_ciphertexts() -> Iterator[StoredCiphertext]:
    """Yield the ciphertexts of all devices' seeds."""
    for device in TotpDevice.everything():
        person = str(device.person)
        yield StoredCiphertext(
            place=f"one-time-code device of {person}",
            ciphertext=Ciphertext(bytes(device.seed), str(device.key_arn)),
            context=_encryption_context(person),
            replace=partial(_replace_seed, device),
            subject=person,
        )


def _replace_seed(device: TotpDevice, new: Ciphertext, event: AuditEvent) -> None:
    # in place, not as a whole: a code may be used at this very moment, and must stay used
    actions = [TotpDevice.seed.set(new.blob), TotpDevice.key_arn.set(new.key_arn)]
    is_the_same = (TotpDevice.seed == device.seed) & (TotpDevice.key_arn == device.key_arn)
    with transaction() as writes:
        writes.update(
            TotpDevice,
            device.person,
            actions=actions,
            condition=is_the_same,
            refusal=changed_meanwhile(str(device.person)),
        )
        writes.create(event)


def _encryption_context(person: str) -> dict[str, str]:
    return {
        "cooper:purpose": "totp-seed",
        "cooper:tables": settings.COOPER_TABLE_PREFIX,
        "cooper:person": person,
    }


def base32(seed: bytes) -> str:
    """Return a seed as it is typed into an authenticator app."""
    return base64.b32encode(seed).decode().rstrip("=")


def device_label(seed: bytes) -> str:
    """Return the letters that tell a person's new device from the one before it.

    20 bits of a hash: they tell nothing about the 160 bits of the seed.
    """
    digest = hashlib.sha256(b"label:" + seed).digest()
    return base64.b32encode(digest).decode()[:LABEL_LENGTH]


def account_name(seed: bytes, person: str) -> str:
    """Return the name under which an app lists a device: of whom, and which of theirs."""
    provider, _, subject = person.partition(":")
    return _without_colons(f"{subject} ({provider}) {device_label(seed)}")


def otpauth_uri(seed: bytes, person: str) -> str:
    """Return the URI that authenticator apps read from a QR code.

    Format: https://github.com/google/google-authenticator/wiki/Key-Uri-Format
    """
    issuer = _issuer()
    label = quote(issuer, safe="") + ":" + quote(account_name(seed, person), safe="")
    # quote: apps show the "+" for a blank as it is
    parameters = urlencode({"secret": base32(seed), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{label}?{parameters}"


def _issuer() -> str:
    """Return the name of this installation: a person may have devices for several."""
    host = urlsplit(settings.COOPER_PUBLIC_URL).netloc or settings.COOPER_BIND
    return _without_colons(f"cooper {host}")


def _without_colons(text: str) -> str:
    # the colon separates issuer and name
    return text.replace(":", "-")
