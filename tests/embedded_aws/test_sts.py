"""STS refuses what AWS refuses, and moto does not."""

import json

import pytest

from brokers import trust_policy
from demo.seed import READ_S3
from embedded_aws import seed_aws
from tests.embedded_aws.clients import client_for, client_with, error_code

ACCOUNT = "222222222222"
COOPER_ARN = f"arn:aws:iam::111111111111:user/{seed_aws.COOPER_USER}"
EXTERNAL_ID = "made-up-external-id-of-32-characters"

SESSION = {"RoleSessionName": "alice.1", "ExternalId": EXTERNAL_ID}

ALLOW_EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


@pytest.fixture
def role_arn(store) -> str:
    policy = trust_policy.trust_policy(EXTERNAL_ID, COOPER_ARN)
    return seed_aws.create_role(ACCOUNT, "strict", policy, 7200)


@pytest.fixture
def user_key(store) -> tuple[str, str]:
    return seed_aws.create_user_key(ACCOUNT, "cooper-strict")


def test_it_lets_the_right_call_through_with_credentials_of_its_own(store, role_arn):
    sts = client_for(store, "sts")
    first = sts.assume_role(RoleArn=role_arn, **SESSION)["Credentials"]
    second = sts.assume_role(RoleArn=role_arn, **SESSION)["Credentials"]
    assert first["AccessKeyId"] != second["AccessKeyId"]
    assert first["SessionToken"] != second["SessionToken"]

    identity = client_with(store, "sts", first).get_caller_identity()
    assert identity["Arn"].endswith("assumed-role/strict/alice.1")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/missing"}, "AccessDenied"),
        ({"RoleArn": "arn:aws:iam::999999999999:role/x"}, "AccessDenied"),
        ({"RoleArn": "nonsense-nonsense-nonsense"}, "ValidationError"),
        ({"ExternalId": "wrong"}, "AccessDenied"),
        ({"ExternalId": None}, "AccessDenied"),
        ({"DurationSeconds": 899}, "ValidationError"),
        ({"DurationSeconds": 7201}, "ValidationError"),
        ({"DurationSeconds": 43_201}, "ValidationError"),
        ({"RoleSessionName": "a b"}, "ValidationError"),
        ({"RoleSessionName": "x" * 65}, "ValidationError"),
        ({"RoleSessionName": "x"}, "ValidationError"),
        ({"Policy": "not json"}, "MalformedPolicyDocument"),
        ({"Policy": json.dumps({"Statement": "x" * 2100})}, "ValidationError"),
        ({"Tags": [{"Key": f"k{n}", "Value": "v"} for n in range(51)]}, "ValidationError"),
        ({"Tags": [{"Key": "k", "Value": "<>"}]}, "ValidationError"),
        ({"SourceIdentity": "aws:x"}, "ValidationError"),
        ({"SourceIdentity": "a b"}, "ValidationError"),
    ],
)
def test_it_refuses_what_sts_refuses_of_assume_role(store, role_arn, changed, code):
    parameters = {"RoleArn": role_arn, **SESSION, **changed}
    given = {name: value for name, value in parameters.items() if value is not None}
    assert error_code(client_for(store, "sts").assume_role, **given) == code


def test_it_says_all_that_is_wrong_at_once(store, role_arn):
    sts = client_for(store, "sts")
    with pytest.raises(sts.exceptions.ClientError) as error:
        sts.assume_role(RoleArn=role_arn, RoleSessionName="a b", DurationSeconds=1)
    message = error.value.response["Error"]["Message"]
    assert message.startswith("2 validation errors detected: ")
    assert "'roleSessionName'" in message
    assert "'durationSeconds'" in message


def test_it_refuses_what_a_trust_policy_denies_or_does_not_allow(store):
    policy = trust_policy.trust_policy(EXTERNAL_ID, COOPER_ARN)
    sts = client_for(store, "sts")

    # the first statement allows AssumeRole alone
    assume_only = {**policy, "Statement": policy["Statement"][:1]}
    role_arn = seed_aws.create_role(ACCOUNT, "assume-only", assume_only, 3600)
    parameters = {"RoleArn": role_arn, **SESSION}
    assert sts.assume_role(**parameters)["Credentials"]
    tags = [{"Key": "cooper:person", "Value": "alice"}]
    assert error_code(sts.assume_role, **parameters, Tags=tags) == "AccessDenied"
    assert error_code(sts.assume_role, **parameters, SourceIdentity="alice") == "AccessDenied"

    deny = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    denying = {**policy, "Statement": [*policy["Statement"], deny]}
    denied_arn = seed_aws.create_role(ACCOUNT, "denied", denying, 3600)
    assert error_code(sts.assume_role, RoleArn=denied_arn, **SESSION) == "AccessDenied"


def test_it_gives_chained_roles_an_hour_at_most(store, role_arn):
    first_session = f"arn:aws:sts::{ACCOUNT}:assumed-role/strict/{SESSION['RoleSessionName']}"
    policy = trust_policy.trust_policy(EXTERNAL_ID, first_session)
    second_arn = seed_aws.create_role("333333333333", "second", policy, 7200)
    seed_aws.put_role_policy(ACCOUNT, "strict", ALLOW_EVERYTHING)

    first = client_for(store, "sts").assume_role(RoleArn=role_arn, **SESSION)["Credentials"]
    chained = client_with(store, "sts", first)
    parameters = {"RoleArn": second_arn, **SESSION}
    assert error_code(chained.assume_role, **parameters, DurationSeconds=3601) == "ValidationError"
    assert chained.assume_role(**parameters, DurationSeconds=3600)["Credentials"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"Name": "x"}, "ValidationError"),
        ({"Name": "x" * 33}, "ValidationError"),
        ({"DurationSeconds": 899}, "ValidationError"),
        ({"DurationSeconds": 129_601}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
    ],
)
def test_it_refuses_what_sts_refuses_of_get_federation_token(store, user_key, changed, code):
    parameters = {"Name": "alice", "Policy": READ_S3, **changed}
    sts = client_for(store, "sts", *user_key)
    assert error_code(sts.get_federation_token, **parameters) == code


def test_it_federates_with_active_long_term_keys_alone(store, user_key, role_arn):
    parameters = {"Name": "alice", "Policy": READ_S3}
    sts = client_for(store, "sts", *user_key)
    assert sts.get_federation_token(**parameters)["Credentials"]

    wrong_secret = client_for(store, "sts", user_key[0], "x" * 40)
    assert error_code(wrong_secret.get_federation_token, **parameters) == "SignatureDoesNotMatch"

    unknown_key = client_for(store, "sts", "AKIAIOSFODNN7EXAMPLE", "x" * 40)
    assert error_code(unknown_key.get_federation_token, **parameters) == "InvalidClientTokenId"

    credentials = client_for(store, "sts").assume_role(RoleArn=role_arn, **SESSION)["Credentials"]
    session = client_with(store, "sts", credentials)
    assert error_code(session.get_federation_token, **parameters) == "AccessDenied"


def test_it_refuses_credentials_that_have_expired(store, role_arn):
    sts = client_for(store, "sts")
    response = sts.assume_role(RoleArn=role_arn, **SESSION, DurationSeconds=900)
    session = client_with(store, "sts", response["Credentials"])
    assert session.get_caller_identity()
    with store.later(901):
        assert error_code(session.get_caller_identity) == "ExpiredToken"
