"""Signatures of KMS: the private key never leaves it, and anybody verifies with the public one.

One kind of key is used: ECC_NIST_P256, which signs with ECDSA_SHA_256.
https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
"""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from core import aws
from core.errors import CooperError, Invalid
from core.kms import explain_error

KEY_SPEC = "ECC_NIST_P256"
ALGORITHM = "ECDSA_SHA_256"

OTHER_KEY = (
    "The KMS key {key} is of the kind {spec} for {usage}, and cooper signs with ECC_NIST_P256 "
    "for SIGN_VERIFY alone. "
    "Make one: aws kms create-key --key-usage SIGN_VERIFY --key-spec ECC_NIST_P256"
)


def sign(digest: bytes, key: str) -> bytes:
    """Return the signature (DER) of a SHA-256 digest; raise CooperError."""
    try:
        answer = aws.call(
            aws.client("kms").sign,
            KeyId=key,
            Message=digest,
            MessageType="DIGEST",
            SigningAlgorithm=ALGORITHM,
        )
    except CooperError as error:
        raise explain_error(error, key, "kms:Sign") from error
    return answer.binary("Signature")


def public_key(key: str) -> bytes:
    """Return the public half of a key that signs, as PEM; raise CooperError."""
    try:
        answer = aws.call(aws.client("kms").get_public_key, KeyId=key)
    except CooperError as error:
        raise explain_error(error, key, "kms:GetPublicKey") from error

    spec = answer.text("KeySpec")
    usage = answer.text("KeyUsage")
    if (spec, usage) != (KEY_SPEC, "SIGN_VERIFY"):
        raise CooperError(OTHER_KEY.format(key=key, spec=spec, usage=usage))

    loaded_key = serialization.load_der_public_key(answer.binary("PublicKey"))
    return loaded_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


class Verifier:
    """Verifies signatures with public keys that whoever verifies trusts: any of them will do."""

    def __init__(self, *pems: bytes) -> None:
        """Take the public keys; raise Invalid for what is none of this kind."""
        self._keys = [_loaded(pem) for pem in pems]

    def is_right(self, signature: bytes, digest: bytes) -> bool:
        """Return whether this is a signature of a SHA-256 digest."""
        return any(_is_by(key, signature, digest) for key in self._keys)


def _loaded(pem: bytes) -> ec.EllipticCurvePublicKey:
    message = "This is no public key of the kind ECC_NIST_P256 (PEM)."
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid(message, str(error)) from error

    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise Invalid(message)
    return key


def _is_by(key: ec.EllipticCurvePublicKey, signature: bytes, digest: bytes) -> bool:
    try:
        key.verify(signature, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    except InvalidSignature:
        return False
    return True
