"""The embedded AWS refuses what AWS refuses (and moto does not), is atomic over threads, and survives a restart."""

import json
import stat
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from brokers import trust_policy
from demo.seed import READ_S3
from embedded_aws import EmbeddedAws, seed_aws
from tests.support.served import ROOT, clean

ACCOUNT = "222222222222"
EXTERNAL_ID = "made-up-external-id-of-32-characters"


def client_for(
    aws: EmbeddedAws, service: str, key: str = "", secret: str = "", token: str | None = None
):
    if not key:
        environment = aws.environment()
        key, secret = environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
    return boto3.client(
        service,
        endpoint_url=aws.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )


def as_holder(aws: EmbeddedAws, service: str, given: dict[str, str]):
    return client_for(
        aws, service, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
    )


@pytest.fixture
def role(store) -> str:
    policy = trust_policy.trust_policy(
        EXTERNAL_ID, f"arn:aws:iam::111111111111:user/{seed_aws.COOPER_USER}"
    )
    return str(seed_aws.create_role(ACCOUNT, "strict", policy, 7200))


@pytest.fixture
def keys(store) -> tuple[str, str]:
    return seed_aws.create_user_key(ACCOUNT, "cooper-strict")


def code_of(deed) -> str:
    with pytest.raises(ClientError) as refused:
        deed()
    return str(refused.value.response["Error"]["Code"])


ASKED = {"RoleSessionName": "alice.1", "ExternalId": EXTERNAL_ID}


def test_it_lets_the_right_call_through_with_credentials_of_its_own(store, role):
    sts = client_for(store, "sts")
    first, second = (sts.assume_role(RoleArn=role, **ASKED)["Credentials"] for _ in range(2))
    assert (
        first["AccessKeyId"] != second["AccessKeyId"]
        and first["SessionToken"] != second["SessionToken"]
    )
    assert (
        as_holder(store, "sts", first)
        .get_caller_identity()["Arn"]
        .endswith("assumed-role/strict/alice.1")
    )


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
def test_it_refuses_what_sts_refuses_of_assume_role(store, role, changed, code):
    asked = {"RoleArn": role, **ASKED, **changed}
    sts = client_for(store, "sts")
    assert (
        code_of(
            lambda: sts.assume_role(
                **{key: value for key, value in asked.items() if value is not None}
            )
        )
        == code
    )


def test_it_refuses_what_a_trust_policy_denies_or_does_not_allow(store):
    arn = f"arn:aws:iam::111111111111:user/{seed_aws.COOPER_USER}"
    policy = trust_policy.trust_policy(EXTERNAL_ID, arn)
    only_first = seed_aws.create_role(
        ACCOUNT, "only-first", {**policy, "Statement": policy["Statement"][:1]}, 3600
    )
    sts = client_for(store, "sts")
    sts.assume_role(RoleArn=only_first, **ASKED)
    tags = [{"Key": "cooper:person", "Value": "alice"}]
    assert (
        code_of(lambda: sts.assume_role(RoleArn=only_first, **ASKED, Tags=tags)) == "AccessDenied"
    )
    assert (
        code_of(lambda: sts.assume_role(RoleArn=only_first, **ASKED, SourceIdentity="alice"))
        == "AccessDenied"
    )
    denial = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    denied = seed_aws.create_role(
        ACCOUNT, "denied", {**policy, "Statement": [*policy["Statement"], denial]}, 3600
    )
    assert code_of(lambda: sts.assume_role(RoleArn=denied, **ASKED)) == "AccessDenied"


def test_it_gives_chained_roles_an_hour_at_most(store, role):
    given = store.instance_credentials()
    policy = trust_policy.trust_policy(EXTERNAL_ID, f"arn:aws:sts::{ACCOUNT}:assumed-role/strict/x")
    second = seed_aws.create_role("333333333333", "second", policy, 7200)
    seed_aws.put_role_policy(
        ACCOUNT,
        "strict",
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        },
    )
    assert given
    first = client_for(store, "sts").assume_role(RoleArn=role, **ASKED)["Credentials"]
    chained = as_holder(store, "sts", first)
    assert (
        code_of(lambda: chained.assume_role(RoleArn=second, **ASKED, DurationSeconds=3601))
        == "ValidationError"
    )
    assert chained.assume_role(RoleArn=second, **ASKED, DurationSeconds=3600)["Credentials"]


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
def test_it_refuses_what_sts_refuses_of_get_federation_token(store, keys, changed, code):
    sts = client_for(store, "sts", *keys)
    assert (
        code_of(lambda: sts.get_federation_token(**{"Name": "alice", "Policy": READ_S3, **changed}))
        == code
    )


def test_it_federates_with_living_long_term_keys_alone(store, keys, role):
    deed = {"Name": "alice", "Policy": READ_S3}
    assert client_for(store, "sts", *keys).get_federation_token(**deed)["Credentials"]
    wrong_secret = client_for(store, "sts", keys[0], "x" * 40)
    assert code_of(lambda: wrong_secret.get_federation_token(**deed)) == "SignatureDoesNotMatch"
    unknown = client_for(store, "sts", "AKIAIOSFODNN7EXAMPLE", "x" * 40)
    assert code_of(lambda: unknown.get_federation_token(**deed)) == "InvalidClientTokenId"
    session = client_for(store, "sts").assume_role(RoleArn=role, **ASKED)["Credentials"]
    assert (
        code_of(lambda: as_holder(store, "sts", session).get_federation_token(**deed))
        == "AccessDenied"
    )


def test_it_refuses_credentials_that_have_expired(store, role):
    given = client_for(store, "sts").assume_role(RoleArn=role, **ASKED, DurationSeconds=900)[
        "Credentials"
    ]
    sts = as_holder(store, "sts", given)
    assert sts.get_caller_identity()
    with store.later(901):
        assert code_of(sts.get_caller_identity) == "ExpiredToken"


def test_it_refuses_a_disabled_kms_key(store):
    kms = client_for(store, "kms")
    kms.disable_key(KeyId=seed_aws.KMS_KEY)
    try:
        assert (
            code_of(lambda: kms.encrypt(KeyId=seed_aws.KMS_KEY, Plaintext=b"x"))
            == "DisabledException"
        )
    finally:
        kms.enable_key(KeyId=seed_aws.KMS_KEY)


def test_it_is_atomic_over_threads(store):
    dynamodb = client_for(store, "dynamodb")
    table = "cooper-once"
    dynamodb.put_item(TableName=table, Item={"what": {"S": "counter"}, "n": {"N": "0"}})
    key, barrier = {"what": {"S": "counter"}}, threading.Barrier(8)

    def count(_: int) -> int:
        barrier.wait()
        won = 0
        for _ in range(25):
            now = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]["n"]["N"]
            try:
                dynamodb.update_item(
                    TableName=table,
                    Key=key,
                    UpdateExpression="SET n = :new",
                    ConditionExpression="n = :old",
                    ExpressionAttributeValues={
                        ":old": {"N": now},
                        ":new": {"N": str(int(now) + 1)},
                    },
                )
            except ClientError:
                continue
            won += 1
        return won

    with ThreadPoolExecutor(8) as pool:
        won = sum(pool.map(count, range(8)))
    assert won > 0 and int(dynamodb.get_item(TableName=table, Key=key)["Item"]["n"]["N"]) == won


@pytest.mark.parametrize("path", ["/moto-api/", "/moto-api/reset", "/moto-api/data.json"])
def test_it_hides_motos_own_pages(store, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(store.endpoint_url + path)
    assert refused.value.code == 404
    refused.value.close()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
def test_it_refuses_foreign_hosts(store, host):
    request = urllib.request.Request(store.endpoint_url + "/", headers={"Host": host})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code in (400, 403, 421)
    refused.value.close()


SCRIPT = """
import sys, pathlib
import boto3
from embedded_aws import EmbeddedAws
with EmbeddedAws(store=pathlib.Path(sys.argv[1])) as aws:
    said = aws.environment()
    def client(name):
        return boto3.client(name, endpoint_url=aws.endpoint_url, region_name="us-east-1",
            aws_access_key_id=said["AWS_ACCESS_KEY_ID"], aws_secret_access_key=said["AWS_SECRET_ACCESS_KEY"])
    kept = pathlib.Path(sys.argv[1]) / "kept"
    if sys.argv[2] == "write":
        kept.write_bytes(client("kms").encrypt(KeyId="alias/cooper", Plaintext=b"over a restart")["CiphertextBlob"])
    else:
        print(client("kms").decrypt(CiphertextBlob=kept.read_bytes())["Plaintext"].decode(), said["AWS_ACCESS_KEY_ID"])
    print(said["AWS_ACCESS_KEY_ID"])
"""


def test_it_survives_a_restart_with_keys_and_ciphertexts_in_files_that_only_its_owner_reads(
    tmp_path,
):
    own = clean({"DJANGO_SETTINGS_MODULE": "cooper_project.settings"})
    said = []
    for deed in ("write", "read"):
        words = [sys.executable, "-c", SCRIPT, str(tmp_path), deed]
        done = subprocess.run(
            words, cwd=ROOT, env=own, capture_output=True, text=True, timeout=60, check=True
        )
        said.append(done.stdout.split())
    assert said[1] == ["over", "a", "restart", said[0][0], said[0][0]]
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in tmp_path.rglob("*")
        if path.name != "kept"
    }
    assert modes and all(mode & 0o077 == 0 for mode in modes.values()), modes
