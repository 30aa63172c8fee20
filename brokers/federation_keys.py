"""Federation Keys: the key pair behind a federated-user target.

They come as base64 of a KMS ciphertext of `ACCESSKEYID|SECRET`, made by `cooper_encrypt`
(TRANSPORT_CONTEXT) or by plain `aws kms encrypt` (no context), and are kept as a ciphertext bound
to their target.
"""

import base64
import binascii
import re

from django.conf import settings

from brokers.models import Target
from core import kms
from core.aws import Keys
from core.errors import CooperError, Invalid

TRANSPORT_CONTEXT = {"cooper:purpose": "federation-keys"}
"""The encryption context of `cooper_encrypt`: it cannot know the target yet."""

FIELD = "federation_keys"
"""The form field that errors are about."""

_ACCESS_KEY_ID = re.compile(r"A[A-Z0-9]{15,127}")
_SECRET = re.compile(r"[A-Za-z0-9/+=]{16,128}")

_OTHER_KMS_KEY = {"IncorrectKeyException", "NotFoundException"}
"""KMS's codes for a ciphertext that was made with another KMS key."""

_CIPHERTEXT_BYTES = range(16, 6144 + 1)
"""KMS Decrypt takes 6,144 bytes at most (KMS API reference, Decrypt)."""


def parse(payload: str) -> Keys:
    """Read `ACCESSKEYID|SECRET` of an IAM user.

    Raise Invalid saying what is wrong, never showing the secret.
    """
    access_key_id, separator, secret = payload.strip().partition("|")
    wrong = ""
    if not separator:
        wrong = "There is no | in it."
    elif not _ACCESS_KEY_ID.fullmatch(access_key_id):
        wrong = "What stands before the | is no access key id."
    elif not _SECRET.fullmatch(secret):
        wrong = "What stands after the | is no secret access key."
    if wrong:
        message = (
            "Federation Keys are ACCESSKEYID|SECRET: the two parts of an IAM user's access key. "
            f"{wrong}"
        )
        raise Invalid(message, field=FIELD)

    if access_key_id.startswith("ASIA"):
        message = (
            "ASIA... is a temporary key. "
            "Federation Keys have to be the long-lived key of an IAM user."
        )
        raise Invalid(message, field=FIELD)
    return Keys(access_key_id, secret)


# -- as they arrive --------------------------------------------------------------------------------
def decrypt_transported(text: str) -> tuple[Keys, bool]:
    """Return the keys in a base64 ciphertext, and whether it carries cooper's encryption context.

    Raise Invalid for what was not encrypted for this installation, or CooperError when KMS fails.
    """
    blob = _decode_base64(text)
    ciphertext = kms.Ciphertext(blob, kms.key_arn(settings.COOPER_KMS_KEY))

    for context in (TRANSPORT_CONTEXT, {}):
        try:
            plaintext = kms.decrypt(ciphertext, context)
        except CooperError as error:
            if error.code == "InvalidCiphertextException":
                # another context: try the next
                continue
            if error.code in _OTHER_KMS_KEY or _is_unknown_key(error):
                break
            raise
        return parse(plaintext.decode("utf-8", "replace")), bool(context)

    command = f"cooper -encrypt --kmskey {settings.COOPER_KMS_KEY}"
    message = f"This was not encrypted for this cooper. Encrypt it again: {command}"
    raise Invalid(message, field=FIELD)


def _is_unknown_key(error: CooperError) -> bool:
    """Return whether KMS denies access since there is no such key, not for want of a permission."""
    return error.code == "AccessDeniedException" and "not authorized" not in error.detail


def _decode_base64(text: str) -> bytes:
    without_blanks = "".join(text.split())
    try:
        blob = base64.b64decode(without_blanks, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "This is not base64, as cooper -encrypt prints it."
        raise Invalid(message, field=FIELD) from error

    if len(blob) not in _CIPHERTEXT_BYTES:
        message = "This is not a KMS ciphertext, as cooper -encrypt prints it."
        raise Invalid(message, field=FIELD)
    return blob


# -- as they are kept ------------------------------------------------------------------------------
def target_context(target_name: str) -> dict[str, str]:
    """Return the encryption context that binds keys to their target in these tables."""
    return TRANSPORT_CONTEXT | {
        "cooper:tables": settings.COOPER_TABLE_PREFIX,
        "cooper:target": target_name,
    }


def encrypt_for_target(keys: Keys, target_name: str) -> kms.Ciphertext:
    """Return the keys as a ciphertext that KMS decrypts for this target alone."""
    payload = f"{keys.access_key_id}|{keys.secret_access_key}".encode()
    return kms.encrypt_with_own_key(payload, target_context(target_name))


def decrypt_keys(target: Target) -> Keys:
    """Return the target's keys, to be used at once and forgotten; raise CooperError."""
    if not target.federation_keys or not target.federation_keys_kms_arn:
        message = "This target has no Federation Keys. Tell an administrator of cooper."
        raise CooperError(message, f"no keys: {target.name}")

    ciphertext = kms.Ciphertext(bytes(target.federation_keys), str(target.federation_keys_kms_arn))
    plaintext = kms.decrypt(ciphertext, target_context(str(target.name)))
    return parse(plaintext.decode())
