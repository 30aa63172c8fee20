"""The embedded KMS refuses to re-encrypt what AWS refuses."""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from embedded_aws import EmbeddedAws, seed_aws, stored_kms
from tests.embedded_aws.clients import client_for, error_code
from tests.support.kms_keys import another_key, disabled

HERE, ELSEWHERE = {"place": "here"}, {"place": "elsewhere"}


@pytest.fixture
def kms(store: EmbeddedAws) -> Any:
    return client_for(store, "kms")


@pytest.fixture
def other_key(kms: Any) -> Iterator[str]:
    with another_key(kms) as key:
        yield key


@pytest.fixture
def ciphertext(kms: Any) -> bytes:
    response = kms.encrypt(KeyId=seed_aws.KMS_KEY, Plaintext=b"x", EncryptionContext=HERE)
    return bytes(response["CiphertextBlob"])


def arguments(ciphertext: bytes, destination: str, **changes: Any) -> dict[str, Any]:
    """Return the arguments of a ReEncrypt that is right, with changes (None: left out)."""
    right = {
        "CiphertextBlob": ciphertext,
        "SourceKeyId": seed_aws.KMS_KEY,
        "SourceEncryptionContext": HERE,
        "DestinationKeyId": destination,
        "DestinationEncryptionContext": ELSEWHERE,
    }
    return {name: value for name, value in (right | changes).items() if value is not None}


def test_it_re_encrypts_for_another_key_and_place(
    kms: Any, other_key: str, ciphertext: bytes
) -> None:
    answer = kms.re_encrypt(**arguments(ciphertext, other_key))
    assert answer["KeyId"] == other_key and answer["SourceKeyId"].endswith(seed_aws.KMS_KEY)
    moved = {"CiphertextBlob": answer["CiphertextBlob"], "KeyId": other_key}
    assert kms.decrypt(**moved, EncryptionContext=ELSEWHERE)["Plaintext"] == b"x"
    assert error_code(kms.decrypt, **moved, EncryptionContext=HERE) == "InvalidCiphertextException"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SourceEncryptionContext": ELSEWHERE}, "InvalidCiphertextException"),
        ({"SourceEncryptionContext": None}, "InvalidCiphertextException"),
        ({"SourceKeyId": "other"}, "IncorrectKeyException"),
        ({"SourceKeyId": "0bd3695d-0000-0000-0000-000000000000"}, "NotFoundException"),
        ({"DestinationKeyId": "0bd3695d-0000-0000-0000-000000000000"}, "NotFoundException"),
        ({"DestinationKeyId": None}, "ValidationException"),
        ({"CiphertextBlob": b"nothing of KMS's"}, "InvalidCiphertextException"),
    ],
)
def test_it_refuses_another_place_or_key(
    kms: Any, other_key: str, ciphertext: bytes, changes: dict[str, Any], code: str
) -> None:
    if changes.get("SourceKeyId") == "other":
        changes = {"SourceKeyId": other_key}
    assert error_code(kms.re_encrypt, **arguments(ciphertext, other_key, **changes)) == code


@pytest.mark.parametrize("which", ["source", "destination"])
def test_it_refuses_keys_that_are_disabled(
    kms: Any, other_key: str, ciphertext: bytes, which: str
) -> None:
    with disabled(kms, seed_aws.KMS_KEY if which == "source" else other_key):
        code = error_code(kms.re_encrypt, **arguments(ciphertext, other_key))
    assert code == "DisabledException"


# -- signing --
@pytest.fixture
def signing_key(kms: Any) -> Iterator[str]:
    with another_key(kms, KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256") as key:
        yield key


RIGHT = {"Message": b"d" * 32, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}


def test_a_digest_is_signed_as_it_is(kms: Any, signing_key: str) -> None:
    answer = kms.sign(KeyId=signing_key, **RIGHT)
    half = kms.get_public_key(KeyId=signing_key)
    public_key = serialization.load_der_public_key(half["PublicKey"])
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    public_key.verify(answer["Signature"], b"d" * 32, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    assert answer["KeyId"] == half["KeyId"] == signing_key


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Message": b"d" * 31}, "ValidationException"),
        ({"Message": b"d" * 4097, "MessageType": "RAW"}, "ValidationException"),
        ({"SigningAlgorithm": "ECDSA_SHA_384"}, "InvalidKeyUsageException"),
        ({"SigningAlgorithm": "RSASSA_PSS_SHA_256"}, "InvalidKeyUsageException"),
        ({"KeyId": seed_aws.KMS_KEY}, "InvalidKeyUsageException"),
        ({"KeyId": "alias/missing"}, "NotFoundException"),
    ],
)
def test_it_signs_nothing_that_aws_would_not(
    kms: Any, signing_key: str, changes: dict[str, Any], code: str
) -> None:
    assert error_code(kms.sign, **{"KeyId": signing_key, **RIGHT, **changes}) == code


def test_a_key_that_signs_does_nothing_else(kms: Any, signing_key: str) -> None:
    code = error_code(kms.encrypt, KeyId=signing_key, Plaintext=b"x")
    assert code == "InvalidKeyUsageException"
    with disabled(kms, signing_key):
        assert error_code(kms.sign, KeyId=signing_key, **RIGHT) == "DisabledException"
    code = error_code(kms.get_public_key, KeyId=seed_aws.KMS_KEY)
    assert code == "UnsupportedOperationException"


@pytest.mark.parametrize(
    ("usage", "spec"),
    [("SIGN_VERIFY", "SYMMETRIC_DEFAULT"), ("ENCRYPT_DECRYPT", "ECC_NIST_P256")],
)
def test_it_makes_no_key_whose_use_does_not_fit(kms: Any, usage: str, spec: str) -> None:
    assert error_code(kms.create_key, KeyUsage=usage, KeySpec=spec) == "ValidationException"


def test_a_key_that_signs_survives_a_restart(kms: Any, signing_key: str) -> None:
    half = kms.get_public_key(KeyId=signing_key)["PublicKey"]
    stored = stored_kms.dump()
    stored_kms.load(stored)
    assert kms.get_public_key(KeyId=signing_key)["PublicKey"] == half
