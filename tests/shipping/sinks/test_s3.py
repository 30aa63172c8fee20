"""Delivering to S3: each batch is written once, and a file that is another one stops the sink."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import Unavailable
from embedded_aws import EmbeddedAws
from shipping.sinks import Undelivered
from shipping.sinks.s3 import S3Sink
from tests.embedded_aws.clients import client_for
from tests.shipping.sinks.batches import batch_of
from tests.support import faults
from tests.support.faults import Fault

BUCKET = "cooper-events"
BATCH = batch_of({"person": "local:alice"}, number=7)
KEY = "prod/batches/000000000007.jsonl"


@pytest.fixture
def s3(store: EmbeddedAws) -> Iterator[Any]:
    client = client_for(store, "s3")
    client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    yield client
    store.buckets.clear()


@pytest.fixture
def sink(s3: Any) -> S3Sink:
    lock_for(s3, "COMPLIANCE")
    return S3Sink(BUCKET, "prod/")


def lock_for(s3: Any, mode: str) -> None:
    s3.put_object_lock_configuration(
        Bucket=BUCKET,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": mode, "Days": 400}},
        },
    )


def test_a_batch_is_written_once_under_lock(store: EmbeddedAws, s3: Any, sink: S3Sink) -> None:
    assert sink.problems() == []
    sink.deliver(BATCH)
    sink.deliver(BATCH)
    [version] = store.buckets[BUCKET].versions[KEY]
    assert version.body == BATCH.body and version.lock_mode == "COMPLIANCE"

    sink.keep("signatures/000000000007.json", b"{}")
    sink.keep("signatures/000000000007.json", b'{"another": "signature"}')
    [version] = store.buckets[BUCKET].versions["prod/signatures/000000000007.json"]
    assert version.body == b"{}"


def test_a_lost_answer_is_no_second_file(store: EmbeddedAws, s3: Any, sink: S3Sink) -> None:
    with faults.on(Fault("s3", mode="lost", times=1)):
        sink.deliver(BATCH)
    assert len(store.buckets[BUCKET].versions[KEY]) == 1


def test_another_file_of_that_name_stops_the_sink(
    store: EmbeddedAws, s3: Any, sink: S3Sink
) -> None:
    forged = batch_of({"person": "local:mallory"}, number=7)
    sink.deliver(forged)
    with pytest.raises(Undelivered, match="other contents") as error:
        sink.deliver(BATCH)
    assert error.value.again, "the sink goes no further"
    assert store.buckets[BUCKET].current(KEY).body == forged.body


def test_a_file_without_a_checksum_is_not_taken_for_cooper_s(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=BATCH.body)
    with pytest.raises(Undelivered):
        S3Sink(BUCKET, "prod/").deliver(BATCH)


def test_somebody_who_writes_meanwhile_is_waited_for(store: EmbeddedAws, sink: S3Sink) -> None:
    store.buckets[BUCKET].under_way.add(KEY)
    with pytest.raises(Undelivered, match="at this moment") as error:
        sink.deliver(BATCH)
    assert error.value.again


def test_a_bucket_whose_files_can_be_changed_is_a_problem(s3: Any) -> None:
    def problems(bucket: str = BUCKET) -> str:
        return " ".join(S3Sink(bucket).problems())

    assert "without a default retention" in problems()
    lock_for(s3, "GOVERNANCE")
    assert "governance" in problems()
    lock_for(s3, "COMPLIANCE")
    assert not problems()

    s3.create_bucket(Bucket="plain-bucket")
    assert "keeps no versions" in problems("plain-bucket")
    assert "has no Object Lock" in problems("plain-bucket")
    assert "NoSuchBucket" in problems("missing-bucket")


@pytest.mark.parametrize("mode", ["COMPLIANCE", "GOVERNANCE"])
def test_a_bucket_that_could_not_be_asked_is_asked_before_the_first_batch(
    store: EmbeddedAws, s3: Any, mode: str
) -> None:
    """The shipper begins while S3 is away, and still sends nothing to what is not locked."""
    lock_for(s3, mode)
    sink = S3Sink(BUCKET, "prod/")
    with faults.on(Fault("s3", mode="error")):
        with pytest.raises(Unavailable):
            sink.problems()
        with pytest.raises(Undelivered):
            sink.deliver(BATCH)

    if mode == "GOVERNANCE":
        for _ in range(2):
            with pytest.raises(Undelivered, match="governance mode") as error:
                sink.deliver(BATCH)
            assert error.value.again
        lock_for(s3, "COMPLIANCE")
    sink.deliver(BATCH)
    assert list(store.buckets[BUCKET].present_keys) == [KEY]
