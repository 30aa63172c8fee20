"""Calls to KMS: keys that may not be used are refused.

Rules: https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html and the errors of Encrypt and Decrypt.
"""

import base64
import binascii
from typing import Any

from moto.kms.models import kms_backends

from embedded_aws import backends
from embedded_aws.principals import Principal
from embedded_aws.protocol import Answer, AwsError, Call
from embedded_aws.state import AwsState

USES = {
    "Encrypt",
    "Decrypt",
    "ReEncrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "Sign",
    "Verify",
}
READS = {
    "DescribeKey",
    "Encrypt",
    "Decrypt",
    "ListKeys",
    "ListAliases",
    "GenerateDataKey",
    "GetKeyPolicy",
}
_KEY_ID = 36
"""Bytes of a ciphertext that hold the key's id, in moto's form."""


def answer(call: Call, caller: Principal, world: AwsState) -> Answer:
    """Answer a call; raise AwsError."""
    with world.lock:
        if call.operation in USES:
            _check_use(call, caller)
        found = backends.ask(call, caller)
        if call.operation not in READS:
            world.changed.set()
        return found


def _check_use(call: Call, caller: Principal) -> None:
    """Raise AwsError for a key that may not be used, a wrong key, and more plaintext than KMS takes."""
    asked = call.document
    region = call.authorization.region if call.authorization else ""
    keys = kms_backends[caller.account_id][region]
    named = [_key(keys, asked.get(each)) for each in ("KeyId", "DestinationKeyId")]
    behind = _key(keys, _key_id_in(asked.get("CiphertextBlob", "")))
    for key in [*named, behind]:
        _check_state(key)
    if (
        call.operation == "Decrypt"
        and named[0] is not None
        and behind is not None
        and named[0] is not behind
    ):
        raise AwsError(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can do this.",
        )
    if call.operation == "Encrypt" and len(_decoded(asked.get("Plaintext", ""))) > 4096:
        limit = "Member must have length less than or equal to 4096"
        message = f"1 validation error detected: Value at 'plaintext' failed to satisfy constraint: {limit}"
        raise AwsError("ValidationException", message)


def _key(keys: Any, name: object) -> Any | None:
    """Return moto's key by id, ARN or alias; None for one that is not there, of which moto speaks itself."""
    if not isinstance(name, str) or not name:
        return None
    try:
        return keys.keys.get(keys.any_id_to_key_id(name))
    except AttributeError:  # an alias of nothing
        return None


def _check_state(key: Any | None) -> None:
    """Raise AwsError unless the key is enabled."""
    if key is None or key.key_state == "Enabled":
        return
    if key.key_state == "Disabled":
        raise AwsError("DisabledException", f"{key.arn} is disabled.")
    raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")


def _key_id_in(ciphertext: object) -> str:
    """Return the id of the key behind a ciphertext."""
    return _decoded(ciphertext)[:_KEY_ID].decode("ascii", "replace")


def _decoded(text: object) -> bytes:
    """Return base64 decoded; nothing for what is none, of which moto speaks itself."""
    try:
        return base64.b64decode(str(text), validate=True)
    except (ValueError, binascii.Error):
        return b""
