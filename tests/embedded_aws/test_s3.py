"""The embedded S3 refuses what S3 refuses, and keeps what it has locked."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded_aws import EmbeddedAws, s3_buckets, seed_aws
from tests.embedded_aws.clients import client_for, error_code

BUCKET = "cooper-events"
BODY = b'{"event": "grant:finish:done"}\n'


@pytest.fixture
def s3(store: EmbeddedAws) -> Iterator[Any]:
    yield client_for(store, "s3")
    store.buckets.clear()


@pytest.fixture
def locked(s3: Any) -> str:
    """Return the name of a bucket whose objects are locked for 30 days."""
    s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    retention = {"Mode": "COMPLIANCE", "Days": 30}
    s3.put_object_lock_configuration(
        Bucket=BUCKET,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": retention},
        },
    )
    return BUCKET


def sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def put(s3: Any, key: str, body: bytes = BODY, **changes: Any) -> Any:
    arguments = {"Bucket": BUCKET, "Key": key, "Body": body, "ChecksumSHA256": sha256(body)}
    return s3.put_object(**(arguments | changes))


def test_an_object_is_put_once_and_read_with_its_checksum(s3: Any, locked: str) -> None:
    key = "events/ä b+c/0001.jsonl"
    answer = put(s3, key, IfNoneMatch="*")
    assert answer["ChecksumSHA256"] == sha256(BODY) and answer["VersionId"]
    assert error_code(put, s3=s3, key=key, IfNoneMatch="*") == "PreconditionFailed"

    head = s3.head_object(Bucket=locked, Key=key, ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == sha256(BODY) and head["ContentLength"] == len(BODY)
    assert head["ObjectLockMode"] == "COMPLIANCE" and head["ObjectLockRetainUntilDate"]
    assert "ChecksumSHA256" not in s3.head_object(Bucket=locked, Key=key)
    assert s3.get_object(Bucket=locked, Key=key)["Body"].read() == BODY


def test_of_two_conditional_puts_at_once_one_meets_a_conflict(
    store: EmbeddedAws, s3: Any, locked: str
) -> None:
    store.buckets[locked].under_way.add("1")
    assert error_code(put, s3=s3, key="1", IfNoneMatch="*") == "ConditionalRequestConflict"
    store.buckets[locked].under_way.clear()
    assert put(s3, "1", IfNoneMatch="*")["ETag"]


def test_a_locked_version_stays_and_a_delete_marker_hides_it(s3: Any, locked: str) -> None:
    version_id = put(s3, "1")["VersionId"]
    denied = error_code(s3.delete_object, Bucket=locked, Key="1", VersionId=version_id)
    assert denied == "AccessDenied"

    s3.delete_object(Bucket=locked, Key="1")
    assert error_code(s3.get_object, Bucket=locked, Key="1") == "NoSuchKey"
    # the condition looks at the current version alone
    assert put(s3, "1", b"forged", IfNoneMatch="*")["VersionId"] != version_id
    kept = s3.get_object(Bucket=locked, Key="1", VersionId=version_id)
    assert kept["Body"].read() == BODY


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ChecksumSHA256": sha256(b"another")}, "BadDigest"),
        ({"ChecksumSHA256": "no base64"}, "BadDigest"),
        ({"ContentMD5": base64.b64encode(bytes(16)).decode()}, "BadDigest"),
        ({"ContentMD5": "AAAA"}, "InvalidDigest"),
        ({"IfNoneMatch": '"abc"'}, "NotImplemented"),
        ({"ServerSideEncryption": "aws:kms"}, "NotImplemented"),
        ({"Bucket": "cooper-elsewhere"}, "NoSuchBucket"),
        ({"Key": "k" * 1025}, "KeyTooLongError"),
    ],
)
def test_what_is_wrong_is_refused(s3: Any, locked: str, changes: dict[str, Any], code: str) -> None:
    assert error_code(put, s3=s3, key="1", **changes) == code
    assert s3.list_objects_v2(Bucket=locked)["KeyCount"] == 0


def test_what_is_to_be_locked_needs_a_checksum(store: EmbeddedAws, locked: str) -> None:
    quiet = Config(request_checksum_calculation="when_required", parameter_validation=False)
    environment = store.environment()
    bare = boto3.client(
        "s3",
        endpoint_url=store.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=quiet,
    )
    arguments = {"Bucket": locked, "Key": "1", "Body": BODY}
    assert error_code(bare.put_object, **arguments) == "InvalidRequest"
    md5 = base64.b64encode(hashlib.md5(BODY).digest()).decode()  # noqa: S324 - S3's own header
    assert bare.put_object(**arguments, ContentMD5=md5)["ETag"]


def test_a_bucket_says_how_it_is_set(s3: Any, locked: str) -> None:
    assert s3.get_bucket_versioning(Bucket=locked)["Status"] == "Enabled"
    lock = s3.get_object_lock_configuration(Bucket=locked)["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"] == {"Mode": "COMPLIANCE", "Days": 30}

    s3.create_bucket(Bucket="plain-bucket")
    assert "Status" not in s3.get_bucket_versioning(Bucket="plain-bucket")
    no_lock = error_code(s3.get_object_lock_configuration, Bucket="plain-bucket")
    assert no_lock == "ObjectLockConfigurationNotFoundError"
    assert error_code(s3.create_bucket, Bucket=locked) == "BucketAlreadyOwnedByYou"
    for name in ("Events", "ab", "10.0.0.1", "a..b"):
        assert error_code(s3.create_bucket, Bucket=name) == "InvalidBucketName"


def test_a_list_comes_in_pages_in_the_order_of_keys(s3: Any, locked: str) -> None:
    for number in (3, 1, 2):
        put(s3, f"events/{number:04}.jsonl")
    put(s3, "other")

    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=locked, Prefix="events/", PaginationConfig={"PageSize": 2}
    )
    keys = [[entry["Key"] for entry in page["Contents"]] for page in pages]
    assert keys == [["events/0001.jsonl", "events/0002.jsonl"], ["events/0003.jsonl"]]


def test_strangers_other_regions_and_other_accounts_are_refused(
    store: EmbeddedAws, s3: Any, locked: str
) -> None:
    good_id = store.environment()["AWS_ACCESS_KEY_ID"]
    unknown = client_for(store, "s3", "AKIAIOSFODNN7EXAMPLE", "x")
    assert error_code(put, s3=unknown, key="1") == "InvalidAccessKeyId"
    forged = client_for(store, "s3", good_id, "not the secret")
    assert error_code(put, s3=forged, key="1") == "SignatureDoesNotMatch"

    other = client_for(store, "s3", *seed_aws.create_user_key("222222222222", "mallory"))
    assert error_code(put, s3=other, key="1") == "AccessDenied"

    environment = store.environment()
    elsewhere = boto3.client(
        "s3",
        endpoint_url=store.endpoint_url,
        region_name="eu-west-1",
        aws_access_key_id=good_id,
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError) as error:
        put(elsewhere, "1")
    assert error.value.response["Error"]["Code"] == "AuthorizationHeaderMalformed"
    assert s3.list_objects_v2(Bucket=locked)["KeyCount"] == 0


def test_a_bucket_has_a_host_name_of_its_own(store: EmbeddedAws, s3: Any, locked: str) -> None:
    put(s3, "events/1")
    environment = store.environment()
    port = store.endpoint_url.rpartition(":")[2]
    virtual = boto3.client(
        "s3",
        endpoint_url=f"http://localhost:{port}",
        region_name="us-east-1",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "virtual"}, proxies={}),
    )

    # wherever *.localhost leads on this machine, it is sent to loopback
    def to_loopback(request: Any, **_: Any) -> None:
        assert request.url.startswith(f"http://{locked}.localhost:{port}/events/1")
        request.headers["Host"] = f"{locked}.localhost:{port}"
        request.url = request.url.replace(f"{locked}.localhost", "127.0.0.1")

    virtual.meta.events.register("before-send.s3", to_loopback)
    assert virtual.get_object(Bucket=locked, Key="events/1")["Body"].read() == BODY


def test_buckets_are_in_a_store(store: EmbeddedAws, s3: Any, locked: str) -> None:
    put(s3, "1")
    s3.delete_object(Bucket=locked, Key="1")
    assert s3_buckets.load(json.loads(json.dumps(s3_buckets.dump(store.buckets)))) == store.buckets
