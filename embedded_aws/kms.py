"""Calls to KMS: keys that may not be used are refused.

Rules: https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html and the errors of
Encrypt, Decrypt and ReEncrypt
"""

import base64
import binascii
from typing import Any

from moto.kms.models import kms_backends

from embedded_aws import kms_signing
from embedded_aws.backends import call_moto
from embedded_aws.calls import Call
from embedded_aws.errors import AwsError
from embedded_aws.principals import Principal
from embedded_aws.responses import Response
from embedded_aws.state import AwsState

CRYPTOGRAPHIC_OPERATIONS = {
    "Encrypt",
    "Decrypt",
    "ReEncrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "Sign",
    "Verify",
    "GetPublicKey",
}
READS = {
    "DescribeKey",
    "Encrypt",
    "Decrypt",
    "ListKeys",
    "ListAliases",
    "GenerateDataKey",
    "GetKeyPolicy",
    "GetPublicKey",
    "ReEncrypt",
    "Sign",
}

MAX_PLAINTEXT_BYTES = 4_096

_KEY_ID_BYTES = 36
"""A ciphertext of moto's begins with the key's id."""


def handle(call: Call, caller: Principal, state: AwsState) -> Response:
    """Answer a call; raise AwsError."""
    with state.lock:
        if call.operation in CRYPTOGRAPHIC_OPERATIONS:
            _check_use(call, caller)
        if call.operation == "CreateKey":
            kms_signing.check_new_key(call.document)

        response = _answer(call, caller)
        if call.operation not in READS:
            state.changed.set()
        return response


def _answer(call: Call, caller: Principal) -> Response:
    """Answer what moto does loosely, and let it answer all else; raise AwsError."""
    key = _find_key(kms_backends[caller.account_id][call.region], call.document.get("KeyId"))
    if key is not None and call.operation == "Sign":
        return kms_signing.sign(key, call.document)
    if key is not None and call.operation == "GetPublicKey":
        return kms_signing.public_key(key)
    return call_moto(call, caller)


def _check_use(call: Call, caller: Principal) -> None:
    """Raise AwsError for a key that may not be used, a wrong key, and too much plaintext."""
    document = call.document
    backend = kms_backends[caller.account_id][call.region]
    if call.operation == "ReEncrypt":
        _check_source_and_destination(backend, document)

    named_key = _find_key(backend, document.get("KeyId") or document.get("SourceKeyId"))
    destination_key = _find_key(backend, document.get("DestinationKeyId"))
    ciphertext = _decode(document.get("CiphertextBlob", ""))
    ciphertext_key = _find_key(backend, ciphertext[:_KEY_ID_BYTES].decode("ascii", "replace"))

    # moto goes on using disabled keys
    for key in (named_key, destination_key, ciphertext_key):
        if key is not None:
            _check_key_state(key)

    opens = call.operation in {"Decrypt", "ReEncrypt"}
    if opens and named_key is not None and ciphertext_key is not None:
        _check_same_key(named_key, ciphertext_key)
    if call.operation == "Encrypt":
        _check_plaintext(document)
        if named_key:
            kms_signing.check_usage(named_key, "ENCRYPT_DECRYPT", "Encrypt")


def _check_source_and_destination(backend: Any, document: dict[str, Any]) -> None:
    """Raise AwsError for ReEncrypt's keys: moto looks at no source, and needs a destination."""
    if not document.get("DestinationKeyId"):
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value null at 'destinationKeyId' failed to satisfy "
            "constraint: Member must not be null",
        )

    source = document.get("SourceKeyId")
    if source and _find_key(backend, source) is None:
        raise AwsError("NotFoundException", f"Key '{source}' does not exist")


def _check_key_state(key: Any) -> None:
    if key.key_state == "Enabled":
        return
    if key.key_state == "Disabled":
        raise AwsError("DisabledException", f"{key.arn} is disabled.")
    raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")


def _check_same_key(named_key: Any, ciphertext_key: Any) -> None:
    if named_key is ciphertext_key:
        return
    raise AwsError(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can do this.",
    )


def _check_plaintext(document: dict[str, Any]) -> None:
    plaintext = _decode(document.get("Plaintext", ""))
    if len(plaintext) <= MAX_PLAINTEXT_BYTES:
        return
    raise AwsError(
        "ValidationException",
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
        f"Member must have length less than or equal to {MAX_PLAINTEXT_BYTES}",
    )


def _find_key(backend: Any, name: object) -> Any | None:
    """Return moto's key by id, ARN or alias; None for a missing one, which moto itself refuses."""
    if not isinstance(name, str) or not name:
        return None
    try:
        return backend.keys.get(backend.any_id_to_key_id(name))
    except AttributeError:  # an alias of nothing
        return None


def _decode(text: object) -> bytes:
    """Return base64 decoded; nothing for what is not base64, which moto itself refuses."""
    try:
        return base64.b64decode(str(text), validate=True)
    except (ValueError, binascii.Error):
        return b""
