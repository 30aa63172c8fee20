"""Secrets at rest: KMS ciphertexts, each bound to its place by an encryption context.

Rule: https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html - the context is authenticated
data; a ciphertext carried to another place does not open there.
"""

from typing import NamedTuple

from cooper_project import aws

PLAINTEXT_LIMIT = 4096
"""Bytes that KMS Encrypt takes at most (KMS API reference, Encrypt)."""


class Sealed(NamedTuple):
    """A ciphertext (bytes) and the ARN of the KMS key that made it."""

    ciphertext: bytes
    key_arn: str


def key_arn(key: str) -> str:
    """Return the key ARN behind a key id, key ARN, alias or alias ARN; raise CooperError when KMS refuses."""
    described = aws.call(aws.client("kms").describe_key, KeyId=key)
    return str(described["KeyMetadata"]["Arn"])


def encrypt(plaintext: bytes, key: str, context: dict[str, str]) -> Sealed:
    """Return `plaintext` (at most 4096 bytes) as a ciphertext under `key`, bound to `context`."""
    answer = aws.call(aws.client("kms").encrypt, KeyId=key, Plaintext=plaintext, EncryptionContext=context)
    return Sealed(bytes(answer["CiphertextBlob"]), str(answer["KeyId"]))


def decrypt(sealed: Sealed, context: dict[str, str]) -> bytes:
    """Return the plaintext of `sealed`; raise CooperError (InvalidCiphertextException) when it is of another place."""
    answer = aws.call(
        aws.client("kms").decrypt, CiphertextBlob=sealed.ciphertext, KeyId=sealed.key_arn, EncryptionContext=context
    )
    return bytes(answer["Plaintext"])
