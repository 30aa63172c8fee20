"""Asymmetric keys of KMS: what they are made of, and signing with them.

moto signs a digest as if it were a message, and takes one of any length. Rules:
https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html, API_CreateKey.html and
API_GetPublicKey.html
"""

import base64
import binascii
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from embedded_aws.errors import AwsError
from embedded_aws.responses import Response, json_response

SIGNING = "SIGN_VERIFY"
SYMMETRIC = "SYMMETRIC_DEFAULT"
ALGORITHM = "ECDSA_SHA_256"
KEY_SPEC = "ECC_NIST_P256"
DIGEST_BYTES = 32
MAX_MESSAGE_BYTES = 4_096


def check_new_key(document: dict[str, Any]) -> None:
    """Raise AwsError for a key whose use does not fit its kind; of curves one is known here."""
    usage = document.get("KeyUsage") or "ENCRYPT_DECRYPT"
    spec = document.get("KeySpec") or document.get("CustomerMasterKeySpec") or SYMMETRIC
    if spec.startswith("ECC_") and spec != KEY_SPEC:
        raise AwsError("UnsupportedOperationException", f"The embedded AWS makes no {spec}.")

    is_symmetric = spec == SYMMETRIC
    if (usage == SIGNING and is_symmetric) or (usage != SIGNING and spec == KEY_SPEC):
        raise AwsError(
            "ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}"
        )


def check_usage(key: Any, usage: str, operation: str) -> None:
    """Raise AwsError for a key that is made for something else."""
    if key.key_usage != usage:
        raise AwsError(
            "InvalidKeyUsageException",
            f"{key.arn} key usage is {key.key_usage} which is not valid for {operation}.",
        )


def sign(key: Any, document: dict[str, Any]) -> Response:
    """Answer Sign; raise AwsError."""
    check_usage(key, SIGNING, "Sign")
    algorithm = document.get("SigningAlgorithm")
    if algorithm not in (key.signing_algorithms or []) or algorithm != ALGORITHM:
        raise AwsError(
            "InvalidKeyUsageException",
            f"Algorithm {algorithm} and key spec {key.key_spec} are incompatible.",
        )

    digest = _digest_of(document)
    signature = key.private_key.private_key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    return _answer(
        {
            "KeyId": key.arn,
            "Signature": base64.b64encode(signature).decode(),
            "SigningAlgorithm": algorithm,
        }
    )


def _digest_of(document: dict[str, Any]) -> bytes:
    """Return the digest that is signed: what was sent, or that of the message that was sent."""
    message = _decode(document.get("Message"))
    if not 1 <= len(message) <= MAX_MESSAGE_BYTES:
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value at 'message' failed to satisfy constraint: "
            f"Member must have length between 1 and {MAX_MESSAGE_BYTES}",
        )

    match document.get("MessageType") or "RAW":
        case "DIGEST":
            if len(message) != DIGEST_BYTES:
                text = f"Digest is invalid length for algorithm {ALGORITHM}."
                raise AwsError("ValidationException", text)
            return message
        case "RAW":
            hasher = hashes.Hash(hashes.SHA256())
            hasher.update(message)
            return hasher.finalize()
        case other:
            raise AwsError("ValidationException", f"MessageType {other} is not known.")


def public_key(key: Any) -> Response:
    """Answer GetPublicKey; raise AwsError."""
    if key.key_spec == SYMMETRIC:
        text = f"{key.arn} is a symmetric key, which has no public key."
        raise AwsError("UnsupportedOperationException", text)

    return _answer(
        {
            "KeyId": key.arn,
            "KeySpec": key.key_spec,
            "KeyUsage": key.key_usage,
            "PublicKey": base64.b64encode(key.private_key.public_key()).decode(),
            "SigningAlgorithms": key.signing_algorithms,
        }
    )


def _answer(document: dict[str, Any]) -> Response:
    return json_response("kms", json.dumps(document).encode())


def _decode(text: object) -> bytes:
    try:
        return base64.b64decode(str(text or ""), validate=True)
    except (ValueError, binascii.Error):
        return b""
