"""cooper's own SAML keys: RSA 2048 with a self-signed certificate each, kept as KMS ciphertexts; several for roll-over.

The first signs; all decrypt, and all are in our metadata.
"""

import base64
import json
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

KEYS, STAMP = "saml-keys", "saml-stamp"
"""The items that hold the keys, and the number that grows with every change of keys and identity providers."""

YEARS = 10


@dataclass(frozen=True)
class Key:
    """A key of ours: DER in the clear, its certificate in PEM. Its `repr` shows no key."""

    der: bytes
    certificate: str

    def __repr__(self) -> str:
        """Show nothing of the key."""
        return "Key(***)"

    @property
    def pem(self) -> bytes:
        """Return the private key as PEM, as xmlsec1 wants it."""
        label = b"PRIVATE " + b"KEY"  # in two parts, for those who look for keys in the repository
        return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (
            label,
            base64.encodebytes(self.der),
            label,
        )


def _context() -> dict[str, str]:
    """Return the encryption context of the keys."""
    return {"cooper:purpose": "saml-key", "cooper:tables": settings.COOPER_TABLE_PREFIX}


def stored() -> list[dict[str, str]]:
    """Return the keys as stored: ciphertext, key ARN, certificate."""
    found = Installation.find(KEYS)
    return list(json.loads(found.value or "[]")) if found is not None else []


def opened() -> list[Key]:
    """Return the keys in the clear, the one that signs first."""
    return [
        Key(
            kms.decrypt(
                kms.Ciphertext(base64.b64decode(each["ciphertext"]), each["key_arn"]), _context()
            ),
            each["certificate"],
        )
        for each in stored()
    ]


def stamp() -> int:
    """Return the number of the last change (0: none yet), strongly consistent."""
    found = Installation.find(STAMP)
    return int(found.value or 0) if found is not None else 0


def count_change(writes: Transaction) -> None:
    """Join a change to the stamp: of two at once, one is stale."""
    installation.ensure(STAMP, value="0")
    found = Installation.find(STAMP)
    if found is None:
        raise Conflict(
            "The identity providers are being changed by somebody else. Try again.", "no stamp"
        )
    found.value = str(int(found.value or 0) + 1)
    writes.save(found)


def _made() -> dict[str, str]:
    """Return a new key, sealed."""
    key, now = rsa.generate_private_key(public_exponent=65537, key_size=2048), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cooper")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .sign(key, hashes.SHA256())
    )
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    sealed = kms.encrypt(der, kms.key_arn(settings.COOPER_KMS_KEY), _context())
    return {
        "ciphertext": base64.b64encode(sealed.ciphertext).decode(),
        "key_arn": sealed.key_arn,
        "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
    }


def make() -> int:
    """Make a key: the first one signs, a further one is announced; return how many there are. Raise Invalid."""
    keys = stored()
    if len(keys) > 1:
        raise Invalid(
            "There are two keys already: finish the roll-over with --use-new, then --drop-old."
        )
    _keep(keys, [*keys, _made()], Event.SAML_KEY_MADE)
    return len(keys) + 1


def ensure() -> bool:
    """Make the first key unless there is one; return whether it was made now."""
    return not stored() and make() == 1


def use_new() -> None:
    """Sign with the newer key from now on; the older one goes on decrypting. Raise Invalid without two."""
    keys = _two()
    _keep(keys, keys[::-1], Event.SAML_KEY_USED)


def drop_old() -> None:
    """Forget the key that does not sign any more. Raise Invalid without two."""
    keys = _two()
    _keep(keys, keys[:1], Event.SAML_KEY_DROPPED)


def _two() -> list[dict[str, str]]:
    """Return the two keys of a roll-over; raise Invalid."""
    keys = stored()
    if len(keys) != 2:
        raise Invalid("There is no second key. Begin the roll-over: manage.py cooper_saml keygen")
    return keys


def _keep(before: list[dict[str, str]], keys: list[dict[str, str]], kind: Event) -> None:
    """Write the keys with their event; raise Conflict when somebody else did meanwhile."""
    installation.ensure(KEYS, value="[]")
    found = Installation.find(KEYS)
    if found is None or json.loads(found.value or "[]") != before:
        raise Conflict("The keys are being changed by somebody else. Try again.", "keys moved on")
    found.value = json.dumps(keys)
    with transaction() as writes:
        writes.save(found)
        count_change(writes)
        writes.create(audit.event(kind, keys=len(keys)))
