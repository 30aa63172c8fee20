"""Verifying what was delivered to S3, in the bucket itself."""

import errno
import io
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core.errors import CooperError, Invalid
from core.kms_signing import Verifier
from embedded_aws import EmbeddedAws
from shipping.sent_files import sent_files
from shipping.sinks.s3 import S3Sink
from shipping.verification import verify
from tests.embedded_aws.clients import client_for
from tests.support.shipping import Yard, write_events, yard_of

BUCKET = "cooper-events"
PLACE = f"s3://{BUCKET}/prod/"
SECOND = "prod/batches/000000000002.jsonl"


@pytest.fixture
def s3(store: EmbeddedAws) -> Iterator[Any]:
    client = client_for(store, "s3")
    client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    yield client
    store.buckets.clear()


@pytest.fixture
def yard(
    store: EmbeddedAws, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Yard]:
    """Yield where a test ships, after three batches, each with its signature."""
    with yard_of(store, tmp_path, monkeypatch) as yard:
        for _ in range(3):
            write_events(4)
            yard.ship(S3Sink(BUCKET, "prod/"))
            yard.ahead += timedelta(seconds=11)
        yield yard


def verify_by_command(yard: Yard, place: str) -> str:
    public_key = yard.folder / "cooper.pem"
    public_key.write_bytes(yard.key.public_pem)
    output = io.StringIO()
    words = ("verify", "--public-key", str(public_key), "--files", place)
    call_command("cooper_audit", *words, stdout=output, stderr=output)
    return output.getvalue()


@pytest.mark.parametrize("place", [PLACE, PLACE.rstrip("/")])
def test_a_bucket_is_verified_as_it_is(yard: Yard, place: str) -> None:
    said = verify_by_command(yard, place)
    assert "All is as it was sent: 3 batches, signed up to batch 3" in said


def test_what_was_put_over_a_batch_is_named(yard: Yard, s3: Any) -> None:
    """Object Lock keeps the old version, and the newest one is what everybody reads."""
    body = s3.get_object(Bucket=BUCKET, Key=SECOND)["Body"].read()
    forged = body.replace(b"audit:view", b"audit:edit")
    s3.put_object(Bucket=BUCKET, Key=SECOND, Body=forged, ChecksumAlgorithm="SHA256")

    findings = verify(sent_files(PLACE), Verifier(yard.key.public_pem), with_log=False).findings
    assert "was changed in batch 2." in findings[0]


def test_what_was_deleted_there_is_named(yard: Yard, s3: Any) -> None:
    s3.delete_object(Bucket=BUCKET, Key=SECOND)
    with pytest.raises(CommandError, match="not as they were sent"):
        verify_by_command(yard, PLACE)
    findings = verify(sent_files(PLACE), Verifier(yard.key.public_pem), with_log=False).findings
    assert findings[0] == "Batch 2 is missing."


def test_more_files_than_a_page_of_a_listing_has(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedded_aws.s3.listing.MOST_KEYS", 2)
    verdict = verify(sent_files(PLACE), Verifier(yard.key.public_pem), with_log=True)
    assert (verdict.findings, verdict.batches, verdict.signed) == ([], 3, 3)


def test_a_bucket_that_is_not_there_is_an_error_in_words(yard: Yard) -> None:
    with pytest.raises(CooperError, match="NoSuchBucket|does not exist|refused"):
        verify(sent_files("s3://missing-bucket/"), Verifier(yard.key.public_pem), with_log=False)


@pytest.mark.parametrize("place", ["s3://", "s3://UPPER/x", "s3://bucket/../x?", "s3://a"])
def test_what_is_no_place_in_a_bucket_is_refused(place: str) -> None:
    with pytest.raises(Invalid, match="s3://example-events"):
        sent_files(place)


@pytest.mark.parametrize("name", ["listdir", "scandir"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_folder_that_cannot_be_listed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    """It is another user's, or its disk fails: not that nothing is there."""
    (tmp_path / "prod/batches").mkdir(parents=True)
    sent = sent_files(str(tmp_path))

    def fail(path: object = ".") -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(CooperError, match=f"cannot be read: {os.strerror(number)}"):
        list(sent.bodies())


def test_a_file_that_cannot_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("batches/000000000001.jsonl", "signatures/000000000001.json"):
        file = tmp_path / name
        file.parent.mkdir()
        file.mkdir()
    sent = sent_files(str(tmp_path))
    for read in (sent.bodies, sent.signed_ends):
        with pytest.raises(CooperError, match="000000000001.json.* cannot be read"):
            list(read())


def test_files_are_found_however_deep_and_in_order(tmp_path: Path) -> None:
    for name in ("a/b/batches/000000000002.jsonl", "a/b/batches/000000000001.jsonl"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())
    (tmp_path / "a/b/batches/notes.txt").write_text("no batch")
    assert [number for number, _ in sent_files(str(tmp_path)).bodies()] == [1, 2]
