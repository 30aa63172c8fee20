"""Federation Keys: opened, tried, bound to their target, and never seen again."""

import base64

import boto3
import pytest

from brokers import federation_keys
from brokers.federation_keys import TRANSPORT_CONTEXT, decrypt_keys, encrypt_for_target
from brokers.models import Target
from brokers.probing import examine_keys
from core import kms
from core.aws import Keys
from core.errors import CooperError, Invalid
from embedded_aws import seed_aws

ACCOUNT = "222222222222"


def encrypted(
    payload: str, context: dict[str, str] | None = None, key: str = "alias/cooper"
) -> str:
    answer = boto3.client("kms", region_name="us-east-1").encrypt(
        KeyId=key, Plaintext=payload, EncryptionContext=context or {}
    )
    return base64.b64encode(answer["CiphertextBlob"]).decode()


@pytest.fixture
def payload(store) -> str:
    return "|".join(seed_aws.create_user_key(ACCOUNT, "someone"))


def test_it_takes_keys_as_cooper_encrypts_them(payload):
    found = examine_keys(encrypted(payload, TRANSPORT_CONTEXT), "aws", "new")
    assert (found.account_id, found.partition, found.without_context, found.also_used_by) == (
        ACCOUNT,
        "aws",
        False,
        (),
    )
    assert found.access_key_id == payload.split("|")[0]


def test_it_says_when_the_ciphertext_was_made_without_context(payload):
    assert examine_keys(encrypted(payload), "aws", "new").without_context


def test_it_names_the_targets_that_have_the_key_already(store):
    keys = decrypt_keys(Target.find("dev-uploads"))
    text = encrypted(f"{keys.access_key_id}|{keys.secret_access_key}", TRANSPORT_CONTEXT)
    assert examine_keys(text, "aws", "new").also_used_by == ("dev-uploads",)
    assert examine_keys(text, "aws", "dev-uploads").also_used_by == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64!",
        "AAAA",
        base64.b64encode(b"x" * 7000).decode(),
        base64.b64encode(b"x" * 200).decode(),
    ],
)
def test_it_refuses_what_is_no_ciphertext_on_the_field(store, text):
    with pytest.raises(Invalid) as refused:
        examine_keys(text, "aws", "new")
    assert refused.value.field == "federation_keys"


@pytest.mark.parametrize(
    "plain",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "x|y",
        "ASIAIOSFODNN7EXAMPLE|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "|",
        "a|b|c",
    ],
)
def test_it_refuses_a_payload_that_is_no_long_lived_key(store, plain):
    with pytest.raises(Invalid) as refused:
        examine_keys(encrypted(plain, TRANSPORT_CONTEXT), "aws", "new")
    assert (
        refused.value.field == "federation_keys"
        and "wJalr" not in refused.value.message + refused.value.detail
    )


def test_it_refuses_keys_that_aws_does_not_know(store):
    text = encrypted(
        "AKIAIOSFODNN7EXAMPLE|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", TRANSPORT_CONTEXT
    )
    with pytest.raises(Invalid, match="does not accept"):
        examine_keys(text, "aws", "new")


def test_it_refuses_a_wrong_secret(payload):
    with pytest.raises(Invalid, match="does not accept"):
        examine_keys(
            encrypted(payload.split("|")[0] + "|" + "x" * 40, TRANSPORT_CONTEXT), "aws", "new"
        )


def test_it_names_the_permission_that_lacks(store):
    keys = "|".join(
        seed_aws.create_user_key(ACCOUNT, "powerless", {"Version": "2012-10-17", "Statement": []})
    )
    with pytest.raises(Invalid, match="sts:GetFederationToken"):
        examine_keys(encrypted(keys, TRANSPORT_CONTEXT), "aws", "new")


def test_it_refuses_a_partition_that_it_cannot_reach(payload):
    with pytest.raises(Invalid) as refused:
        examine_keys(encrypted(payload, TRANSPORT_CONTEXT), "aws-iso", "new")
    assert refused.value.field == "target_partition"


def test_it_opens_sealed_keys_for_their_own_target_alone(store):
    sealed = encrypt_for_target(Keys("AKIAIOSFODNN7EXAMPLE", "s" * 40), "mine")
    target = Target("mine", federation_keys=sealed.blob, federation_keys_kms_arn=sealed.key_arn)
    assert decrypt_keys(target).secret_access_key == "s" * 40
    target.name = "yours"
    with pytest.raises(CooperError):
        decrypt_keys(target)


def test_it_opens_no_ciphertext_with_a_flipped_bit(store):
    sealed = encrypt_for_target(Keys("AKIAIOSFODNN7EXAMPLE", "s" * 40), "mine")
    opened = 0
    for n in range(0, len(sealed.blob) * 8, max(1, len(sealed.blob) * 8 // 60)):
        flipped = bytearray(sealed.blob)
        flipped[n // 8] ^= 1 << n % 8
        try:
            kms.decrypt(
                kms.Ciphertext(bytes(flipped), sealed.key_arn),
                federation_keys.target_context("mine"),
            )
            opened += 1
        except CooperError:
            continue
    assert opened == 0


def test_it_masks_keys_in_their_repr():
    assert "secret" not in repr(Keys("AKIAIOSFODNN7EXAMPLE", "secret"))
