"""Signed ends of the chain: one signature stands for every batch before it.

What is signed is the SHA-256 of a short text that names the batch and its digest, so that
`openssl dgst -sha256 -verify` does as well as cooper does.
"""

import base64
import hashlib
import json
from dataclasses import dataclass

from core.kms_signing import Verifier

TITLE = "cooper audit log, batches up to"


@dataclass(frozen=True)
class SignedEnd:
    """A signature of the chain up to a batch."""

    number: int
    digest: str
    """The batch's."""
    signed_at: str
    key: str
    """ARN of the KMS key that signed, or what it was called by."""
    signature: bytes
    """ECDSA over SHA-256 of `statement`, DER."""

    @property
    def statement(self) -> bytes:
        """What is signed."""
        return statement(self.number, self.digest)

    def to_text(self) -> str:
        """Return it as JSON."""
        return json.dumps(
            {
                "batch": self.number,
                "digest": self.digest,
                "signed_at": self.signed_at,
                "key": self.key,
                "statement": self.statement.decode(),
                "signature": base64.b64encode(self.signature).decode(),
            }
        )

    @classmethod
    def from_text(cls, text: str | bytes) -> "SignedEnd":
        """Return what `to_text` wrote; raise ValueError, KeyError or TypeError for others."""
        content = json.loads(text)

        return cls(
            number=int(content["batch"]),
            digest=str(content["digest"]),
            signed_at=str(content["signed_at"]),
            key=str(content["key"]),
            signature=base64.b64decode(content["signature"], validate=True),
        )

    def is_right(self, verifier: Verifier) -> bool:
        """Return whether the holder of the private key signed this."""
        return verifier.is_right(self.signature, digest_of(self.statement))


def statement(number: int, digest: str) -> bytes:
    """Return what is signed for the chain up to a batch."""
    return f"{TITLE} {number}: {digest}\n".encode()


def digest_of(content: bytes) -> bytes:
    """Return the 32 bytes that KMS signs."""
    return hashlib.sha256(content).digest()


def signature_name(number: int) -> str:
    """Return the name of the file beside the batches."""
    return f"signatures/{number:012d}.json"


def public_key_name(pem: bytes) -> str:
    """Return the name of the public key's file: another key has another one."""
    return f"public-key-{hashlib.sha256(pem).hexdigest()[:16]}.pem"
