"""The embedded KMS refuses to re-encrypt what AWS refuses."""

from collections.abc import Iterator
from typing import Any

import pytest

from embedded_aws import EmbeddedAws, seed_aws
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
