"""Federation Keys: the key pair behind a federated-user target. Nothing else sees their plaintext at rest.

They come as base64 of a KMS ciphertext of `ACCESSKEYID|SECRET`, made by `cooper_encrypt` (TRANSPORT_CONTEXT) or by
plain `aws kms encrypt` (no context), and are kept as a ciphertext bound to their target.
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
_PAYLOAD = re.compile(r"(A[A-Z0-9]{15,127})\|([A-Za-z0-9/+=]{16,128})")
WRONG_KEY = {"IncorrectKeyException", "NotFoundException"}


def parse(payload: str) -> Keys:
    """Read `ACCESSKEYID|SECRET` of an IAM user; raise Invalid saying what is wrong, never showing the secret."""
    found = _PAYLOAD.fullmatch(payload.strip())
    if not found:
        raise Invalid(
            "Federation Keys are ACCESSKEYID|SECRET: the two parts of an IAM user's access key.",
            field=FIELD,
        )
    if found[1].startswith("ASIA"):
        raise Invalid(
            "ASIA... is a temporary key. Federation Keys have to be the long-lived key of an IAM user.",
            field=FIELD,
        )
    return Keys(found[1], found[2])


def unwrap(text: str) -> tuple[Keys, bool]:
    """Return the keys in a base64 ciphertext and whether it has cooper's context; raise Invalid or CooperError."""
    ciphertext = _decoded(text)
    key_arn = kms.key_arn(settings.COOPER_KMS_KEY)
    for context in (TRANSPORT_CONTEXT, {}):
        try:
            plain = kms.decrypt(kms.Ciphertext(ciphertext, key_arn), context)
        except CooperError as error:
            if error.code == "InvalidCiphertextException":
                continue
            if error.code in WRONG_KEY or _is_unknown_key(error):
                break
            raise
        return parse(plain.decode("utf-8", "replace")), bool(context)
    message = f"This was not encrypted for this cooper. Encrypt it again: cooper -encrypt --kmskey {settings.COOPER_KMS_KEY}"
    raise Invalid(message, field=FIELD)


def _is_unknown_key(error: CooperError) -> bool:
    """Return whether KMS's AccessDenied is about a ciphertext of a key that is not there, not about a permission."""
    return error.code == "AccessDeniedException" and "not authorized" not in error.detail


def _decoded(text: str) -> bytes:
    """Return the bytes of a base64 text, white space forgiven; raise Invalid."""
    try:
        ciphertext = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("This is not base64, as cooper -encrypt prints it.", field=FIELD) from error
    if not 16 <= len(ciphertext) <= 6144:
        raise Invalid("This is not a KMS ciphertext, as cooper -encrypt prints it.", field=FIELD)
    return ciphertext


def _context(target_name: str) -> dict[str, str]:
    """Return the encryption context of a target's keys."""
    return TRANSPORT_CONTEXT | {
        "cooper:tables": settings.COOPER_TABLE_PREFIX,
        "cooper:target": target_name,
    }


def seal(keys: Keys, target_name: str) -> kms.Ciphertext:
    """Return the keys as a ciphertext that opens for this target alone."""
    payload = f"{keys.access_key_id}|{keys.secret_access_key}".encode()
    return kms.encrypt(payload, kms.key_arn(settings.COOPER_KMS_KEY), _context(target_name))


def keys_of(target: Target) -> Keys:
    """Return the target's keys, to be used at once and forgotten; raise CooperError."""
    if not target.federation_keys or not target.federation_keys_kms_arn:
        raise CooperError(
            "This target has no Federation Keys. Tell an administrator of cooper.",
            f"no keys: {target.name}",
        )
    sealed = kms.Ciphertext(bytes(target.federation_keys), str(target.federation_keys_kms_arn))
    return parse(kms.decrypt(sealed, _context(str(target.name))).decode())
