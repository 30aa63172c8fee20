"""cooper's own SAML keys: RSA 2048, each with a self-signed certificate, kept as KMS ciphertexts.

There are two during a roll-over: the first one signs, both decrypt, and both are in our metadata.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.conf import settings

from core import audit, installation, kms
from core.audit import Event
from core.dynamo import Transaction, transaction
from core.errors import Conflict, Invalid
from core.installation import Installation
from core.stored_ciphertexts import StoredCiphertext, in_installation

KEYS_ITEM = "saml-keys"
STAMP_ITEM = "saml-stamp"
"""Items of the installation: the keys, and a number that every change of keys and IdPs raises."""

CERTIFICATE_YEARS = 10

StoredKey = dict[str, str]
"""`ciphertext` (base64), `key_arn` (of the KMS key), `certificate` (PEM)."""


@dataclass(frozen=True)
class Key:
    """One of cooper's keys: the private key in DER, in the clear; its certificate in PEM."""

    der: bytes
    certificate: str

    def __repr__(self) -> str:
        return "Key(***)"

    @property
    def pem(self) -> bytes:
        label = b"PRIVATE " + b"KEY"  # in two parts, for scanners that look for keys in the code
        body = base64.encodebytes(self.der)
        return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, body, label)


# -- reading --


def stored() -> list[StoredKey]:
    """Return the keys as they are stored, the one that signs first."""
    item = Installation.find(KEYS_ITEM)
    if item is None:
        return []
    return list(json.loads(item.value or "[]"))


def decrypt_stored() -> list[Key]:
    """Return the keys in the clear, the one that signs first."""
    decrypted = []
    for stored_key in stored():
        ciphertext = kms.Ciphertext.from_json(stored_key)
        der = kms.decrypt(ciphertext, _encryption_context())
        decrypted.append(Key(der, stored_key["certificate"]))
    return decrypted


def stored_ciphertexts() -> Iterator[StoredCiphertext]:
    """Yield the ciphertexts of the private keys."""
    return in_installation(KEYS_ITEM, "SAML key", _encryption_context())


def _encryption_context() -> dict[str, str]:
    return {"cooper:purpose": "saml-key", "cooper:tables": settings.COOPER_TABLE_PREFIX}


# -- the stamp --


def stamp() -> int:
    """Return the number of the last change, strongly consistent; 0 before the first."""
    item = Installation.find(STAMP_ITEM)
    if item is None:
        return 0
    return int(item.value or 0)


def advance_stamp(writes: Transaction) -> None:
    """Let servers read keys and identity providers anew once the transaction is through.

    Of two changes at the same time, one fails as stale.
    """
    installation.ensure(STAMP_ITEM, value="0")
    item = Installation.find(STAMP_ITEM)
    if item is None:
        raise Conflict(
            "The identity providers are being changed by somebody else. Try again.", "no stamp"
        )

    item.value = str(int(item.value or 0) + 1)
    writes.save(item)


# -- making and rolling over --


def ensure() -> bool:
    """Make the first key unless there is one. Return whether it was made now."""
    if stored():
        return False

    try:
        _replace([], [_create_key()], Event.SAML_KEY_MADE)
    except Conflict:
        if stored():
            # another one made it meanwhile
            return False
        raise
    return True


def make() -> int:
    """Make a key: the first one signs, a second one is announced in our metadata.

    Return how many there are now. Raise Invalid if there were two.
    """
    keys = stored()
    if len(keys) > 1:
        raise Invalid(
            "There are two keys already: finish the roll-over with --use-new, then --drop-old."
        )

    _replace(keys, [*keys, _create_key()], Event.SAML_KEY_MADE)
    return len(keys) + 1


def use_new() -> None:
    """Sign with the other key; the one before still decrypts. Raise Invalid without two."""
    signing, other = _both()
    _replace([signing, other], [other, signing], Event.SAML_KEY_USED)


def drop_old() -> None:
    """Forget the key that does not sign. Raise Invalid without two."""
    signing, other = _both()
    _replace([signing, other], [signing], Event.SAML_KEY_DROPPED)


def _both() -> list[StoredKey]:
    keys = stored()
    if len(keys) != 2:
        raise Invalid("There is no second key. Begin the roll-over: cooper -saml keygen")
    return keys


def _create_key() -> StoredKey:
    """Return a new key with its certificate, encrypted by KMS."""
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cooper")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        # an identity provider's clock may be behind ours
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365 * CERTIFICATE_YEARS))
        .sign(private_key, hashes.SHA256())
    )

    der = private_key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    encrypted = kms.encrypt_with_own_key(der, _encryption_context())
    return {
        **encrypted.to_json(),
        "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
    }


def _replace(before: list[StoredKey], after: list[StoredKey], event: Event) -> None:
    """Write the keys with their event. Raise Conflict if somebody else changed them meanwhile."""
    installation.ensure(KEYS_ITEM, value="[]")
    item = Installation.find(KEYS_ITEM)
    if item is None or json.loads(item.value or "[]") != before:
        raise Conflict("The keys are being changed by somebody else. Try again.", "keys moved on")

    item.value = json.dumps(after)
    with transaction() as writes:
        writes.save(item)
        advance_stamp(writes)
        writes.create(audit.event(event, keys=len(after)))
