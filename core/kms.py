"""Secrets at rest: KMS ciphertexts, each bound to its place by an encryption context.

Rule: https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html - the context is authenticated
data; a ciphertext carried to another place does not open there.
"""

import re
from typing import Any, NamedTuple

from core import aws
from core.errors import CooperError, NotAllowed

PLAINTEXT_LIMIT = 4096
"""Bytes that KMS Encrypt takes at most (KMS API reference, Encrypt)."""

REFUSALS = {
    "NotFoundException": "KMS knows no key {key} in {region}. Check the key id, and the region (-region).",
    "DisabledException": "The KMS key {key} is disabled. Enable it: aws kms enable-key --key-id {key}",
    "KMSInvalidStateException": "The KMS key {key} cannot be used now: it is being deleted, or waits for key material. "
    "Cancel that, or take another key.",
    "InvalidKeyUsageException": "The KMS key {key} is not for encryption. "
    "Take a symmetric key with key usage ENCRYPT_DECRYPT.",
    "InvalidArnException": "{key} is not the ARN of a KMS key in {region}.",
    "ValidationException": "{key} is neither a key id, a key ARN, an alias (alias/name) nor an alias ARN.",
    "KeyUnavailableException": "KMS cannot reach the key {key} right now. Try again in a minute.",
    "DependencyTimeoutException": "KMS did not finish in time. Try again.",
    "InvalidGrantTokenException": "KMS refused the grant behind the key {key}.",
    "KMSInternalException": "KMS has a fault. Try again in a minute.",
    "LimitExceededException": "KMS's request limit is used up. Try again in a minute.",
}
"""KMS's error codes in words that say what to do (KMS API reference, Encrypt and DescribeKey: errors)."""


class Ciphertext(NamedTuple):
    """A ciphertext (bytes) and the ARN of the KMS key that made it."""

    ciphertext: bytes
    key_arn: str


def key_arn(key: str) -> str:
    """Return the key ARN behind a key id, key ARN, alias or alias ARN; raise CooperError when KMS refuses."""
    described = aws.call(aws.client("kms").describe_key, KeyId=key)
    return str(described["KeyMetadata"]["Arn"])


def encrypt(plaintext: bytes, key: str, context: dict[str, str]) -> Ciphertext:
    """Return `plaintext` (at most 4096 bytes) as a ciphertext under `key`, bound to `context`."""
    answer = aws.call(
        aws.client("kms").encrypt, KeyId=key, Plaintext=plaintext, EncryptionContext=context
    )
    return Ciphertext(bytes(answer["CiphertextBlob"]), str(answer["KeyId"]))


def decrypt(sealed: Ciphertext, context: dict[str, str]) -> bytes:
    """Return the plaintext of `sealed`; raise CooperError (InvalidCiphertextException) when it is of another place."""
    answer = aws.call(
        aws.client("kms").decrypt,
        CiphertextBlob=sealed.ciphertext,
        KeyId=sealed.key_arn,
        EncryptionContext=context,
    )
    return bytes(answer["Plaintext"])


def explained(error: CooperError, key: str, action: str) -> CooperError:
    """Return KMS's refusal of `action` (`kms:Encrypt`) on `key` in words that say what to do."""
    if isinstance(error, NotAllowed) and "AccessDenied" in error.code:
        named = re.search(r"not authorized to perform: (kms:\w+)", error.detail)
        lacks = named[1] if named else action
        message = f"KMS does not allow this: the IAM policy of whoever runs this, or the policy of {key}, lacks {lacks}."
        return NotAllowed(message, error.detail, code=error.code)
    words = REFUSALS.get(error.code.split(".")[-1])
    return (
        type(error)(words.format(key=key, region=aws.region()), error.detail, code=error.code)
        if words
        else error
    )


def usable_key_arn(key: str) -> str:
    """Return the key ARN of an enabled symmetric key for encryption; raise CooperError saying what to do."""
    found = _described(key)
    kind = (found.get("KeyUsage", "ENCRYPT_DECRYPT"), found.get("KeySpec", "SYMMETRIC_DEFAULT"))
    if kind != ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"):
        raise CooperError(REFUSALS["InvalidKeyUsageException"].format(key=key))
    if found.get("KeyState", "Enabled") == "Disabled":
        raise CooperError(REFUSALS["DisabledException"].format(key=key))
    if found.get("KeyState", "Enabled") != "Enabled":
        raise CooperError(
            REFUSALS["KMSInvalidStateException"].format(key=key), f"state {found['KeyState']}"
        )
    return str(found["Arn"])


def _described(key: str) -> dict[str, Any]:
    """Return KMS's description of a key."""
    try:
        return dict(aws.call(aws.client("kms").describe_key, KeyId=key)["KeyMetadata"])
    except CooperError as error:
        raise explained(error, key, "kms:DescribeKey") from error
