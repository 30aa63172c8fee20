"""Secrets at rest: KMS ciphertexts, each bound to its place by an encryption context.

Rule: https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html - the context is
authenticated data; a ciphertext that is moved to another place cannot be decrypted there.
"""

import base64
import re
from typing import NamedTuple

from django.conf import settings

from core import aws
from core.errors import CooperError, NotAllowed

ERROR_MESSAGES = {
    "NotFoundException": "KMS knows no key {key} in {region}. "
    "Check the key id, and the region (-region).",
    "DisabledException": "The KMS key {key} is disabled. "
    "Enable it: aws kms enable-key --key-id {key}",
    "KMSInvalidStateException": "The KMS key {key} cannot be used now: it is being deleted, "
    "or waits for key material. Cancel that, or take another key.",
    "InvalidKeyUsageException": "The KMS key {key} is not for encryption. "
    "Take a symmetric key with key usage ENCRYPT_DECRYPT.",
    "InvalidArnException": "{key} is not the ARN of a KMS key in {region}.",
    "ValidationException": "{key} is neither a key id, a key ARN, an alias (alias/name) "
    "nor an alias ARN.",
    "KeyUnavailableException": "KMS cannot reach the key {key} right now. Try again in a minute.",
    "DependencyTimeoutException": "KMS did not finish in time. Try again.",
    "InvalidGrantTokenException": "KMS refused the grant behind the key {key}.",
    "KMSInternalException": "KMS has a fault. Try again in a minute.",
    "LimitExceededException": "KMS's request limit is used up. Try again in a minute.",
}
"""KMS's error codes, with what to do (KMS API reference, Encrypt and DescribeKey: errors)."""


class Ciphertext(NamedTuple):
    """A ciphertext (bytes) and the ARN of the KMS key that made it."""

    blob: bytes
    key_arn: str

    def to_json(self) -> dict[str, str]:
        """Return it as texts, for a document's JSON."""
        return {"ciphertext": base64.b64encode(self.blob).decode(), "key_arn": self.key_arn}

    @classmethod
    def from_json(cls, stored: dict[str, str]) -> "Ciphertext":
        """Return what `to_json` wrote; other entries of `stored` are ignored."""
        return cls(base64.b64decode(stored["ciphertext"]), stored["key_arn"])


def key_arn(key: str) -> str:
    """Return the key ARN behind a key id, key ARN, alias or alias ARN; raise CooperError."""
    return _describe(key).arn("Arn")


def encrypt(plaintext: bytes, key: str, context: dict[str, str]) -> Ciphertext:
    """Return `plaintext` (at most 4096 bytes) encrypted under `key`, bound to `context`."""
    answer = aws.call(
        aws.client("kms").encrypt, KeyId=key, Plaintext=plaintext, EncryptionContext=context
    )
    return Ciphertext(answer.binary("CiphertextBlob"), answer.text("KeyId"))


def encrypt_with_own_key(plaintext: bytes, context: dict[str, str]) -> Ciphertext:
    """Return `plaintext` encrypted under the installation's key (COOPER_KMS_KEY)."""
    return encrypt(plaintext, key_arn(settings.COOPER_KMS_KEY), context)


def decrypt(encrypted: Ciphertext, context: dict[str, str]) -> bytes:
    """Return the plaintext.

    Raise CooperError, with the code InvalidCiphertextException for another place's ciphertext.
    """
    answer = aws.call(
        aws.client("kms").decrypt,
        CiphertextBlob=encrypted.blob,
        KeyId=encrypted.key_arn,
        EncryptionContext=context,
    )
    return answer.binary("Plaintext")


def reencrypt(
    encrypted: Ciphertext, key: str, *, source: dict[str, str], destination: dict[str, str]
) -> Ciphertext:
    """Return the same plaintext, which stays within KMS, under `key` and in another context.

    `source` is the context that it has, `destination` the one that it gets. Raise CooperError as
    `decrypt` does. The caller needs kms:ReEncryptFrom and kms:ReEncryptTo, and no kms:Decrypt:
    https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
    """
    answer = aws.call(
        aws.client("kms").re_encrypt,
        CiphertextBlob=encrypted.blob,
        SourceKeyId=encrypted.key_arn,
        SourceEncryptionContext=source,
        DestinationKeyId=key,
        DestinationEncryptionContext=destination,
    )
    return Ciphertext(answer.binary("CiphertextBlob"), answer.text("KeyId"))


def usable_key_arn(key: str) -> str:
    """Return the key ARN of an enabled symmetric key for encryption.

    Raise CooperError, saying what to do.
    """
    try:
        description = _describe(key)
    except CooperError as error:
        raise explain_error(error, key, "kms:DescribeKey") from error

    usage = description.optional_text("KeyUsage", "ENCRYPT_DECRYPT")
    spec = description.optional_text("KeySpec", "SYMMETRIC_DEFAULT")
    if (usage, spec) != ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"):
        raise CooperError(_message("InvalidKeyUsageException", key))

    state = description.text("KeyState")
    if state == "Disabled":
        raise CooperError(_message("DisabledException", key))
    if state != "Enabled":
        raise CooperError(_message("KMSInvalidStateException", key), f"state {state}")
    return description.arn("Arn")


def explain_error(error: CooperError, key: str, action: str) -> CooperError:
    """Return KMS's refusal of `action` (`kms:Encrypt`) on `key` in words that say what to do."""
    if isinstance(error, NotAllowed) and "AccessDenied" in error.code:
        # AWS names it where it is another than `action`
        named = re.search(r"not authorized to perform: (kms:[A-Za-z]+)", error.detail)
        missing = named[1] if named else action
        message = (
            "KMS does not allow this: the IAM policy of whoever runs this, "
            f"or the policy of {key}, lacks {missing}."
        )
        return NotAllowed(message, error.detail, code=error.code)

    name = error.code.split(".")[-1]
    if name not in ERROR_MESSAGES:
        return error
    return type(error)(_message(name, key), error.detail, code=error.code)


def _message(error_name: str, key: str) -> str:
    return ERROR_MESSAGES[error_name].format(key=key, region=aws.region())


def _describe(key: str) -> aws.Answer:
    return aws.call(aws.client("kms").describe_key, KeyId=key).part("KeyMetadata")
