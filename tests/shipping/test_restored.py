"""A shipper whose table is an older one than what it has delivered: it goes on behind that."""

import copy
import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core import metrics
from core.errors import CooperError
from core.kms_signing import Verifier
from embedded_aws import EmbeddedAws
from shipping.batches import Batch, sha256
from shipping.models import Shipment, StoredBatch, number_name
from shipping.sent_files import SentFiles
from shipping.sinks import FileSink, Undelivered
from shipping.sinks.folder import FolderSink
from shipping.sinks.s3 import S3Sink
from shipping.verification import SentTable, verify
from tests.embedded_aws.clients import client_for
from tests.support.shipping import Yard, stored_ids, write_events, yard_of

BUCKET = "cooper-events"


class Receiver:
    """A place that keeps no files, and so cannot say what it has."""

    name = "receiver"

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def deliver(self, batch: Batch) -> None:
        self.batches.append(batch)

    def problems(self) -> list[str]:
        return []


@pytest.fixture
def yard(store: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    with yard_of(store, tmp_path / "sent", monkeypatch) as yard:
        yard.folder.mkdir()
        yield yard
    store.buckets.clear()


def ship_batches(yard: Yard, count: int, *sinks: Any) -> None:
    """Ship so many batches, each with its signature."""
    for _ in range(count):
        yard.ahead += timedelta(seconds=11)
        write_events(3)
        yard.ship(*sinks)


def restore_after(store: EmbeddedAws, yard: Yard, *sinks: Any) -> None:
    """Ship two batches, keep the shipper's table, ship two more, and bring the table back."""
    ship_batches(yard, 2, *sinks)
    table = Shipment.Meta.table_name
    backup = copy.deepcopy(store.tables[table])
    ship_batches(yard, 2, *sinks)
    store.tables[table] = backup


def findings(yard: Yard, where: str = "files") -> list[str]:
    sent = SentFiles(yard.folder) if where == "files" else SentTable()
    return verify(sent, Verifier(yard.key.public_pem), with_log=True).findings


def body_of(yard: Yard, number: int) -> bytes:
    return (yard.folder / f"batches/{number_name(number)}.jsonl").read_bytes()


def test_no_number_is_used_twice_and_all_is_verified(
    store: EmbeddedAws, yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver()
    sinks = (FolderSink(yard.folder), receiver)
    restore_after(store, yard, *sinks)
    before = [body_of(yard, number) for number in (3, 4)]
    alarms = metrics.SHIP_RESTORED._value.get()

    ship_batches(yard, 2, *sinks)
    assert [body_of(yard, number) for number in (3, 4)] == before
    assert [description["batch"] for description, *_ in yard.bodies()] == [1, 2, 3, 4, 5, 6]
    assert [batch.number for batch in receiver.batches] == [1, 2, 3, 4, 5, 6]
    assert set(yard.ids()) == stored_ids()

    [fifth] = [description for description, *_ in yard.bodies() if description["batch"] == 5]
    assert fifth["follows"] == 2 and fifth["previous"] == sha256(body_of(yard, 2))
    assert fifth["beside"] == {"batch": 4, "digest": sha256(before[1])}
    assert "the shipper's table is an older one" in caplog.text
    assert metrics.SHIP_RESTORED._value.get() == alarms + 1
    assert findings(yard) == findings(yard, "table") == []


def test_a_bucket_under_lock_takes_what_comes_after(store: EmbeddedAws, yard: Yard) -> None:
    s3 = client_for(store, "s3")
    s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    sinks = (S3Sink(BUCKET, "prod/"), FolderSink(yard.folder))
    restore_after(store, yard, *sinks)
    ship_batches(yard, 1, *sinks)

    versions = store.buckets[BUCKET].versions
    for number in range(1, 6):
        [version] = versions[f"prod/batches/{number_name(number)}.jsonl"]
        assert version.body == body_of(yard, number)


def test_a_sink_that_was_behind_gets_what_there_is(store: EmbeddedAws, yard: Yard) -> None:
    restore_after(store, yard)
    receiver = Receiver()
    ship_batches(yard, 1, FolderSink(yard.folder), receiver)
    assert [batch.number for batch in receiver.batches] == [1, 2, 5]


def test_a_second_restore_goes_on_behind_the_first(store: EmbeddedAws, yard: Yard) -> None:
    restore_after(store, yard)
    backup = copy.deepcopy(store.tables[Shipment.Meta.table_name])
    ship_batches(yard, 2)
    store.tables[Shipment.Meta.table_name] = backup
    ship_batches(yard, 1)
    description = yard.bodies()[-1][0]
    assert (description["batch"], description["follows"]) == (7, 2)
    assert findings(yard) == findings(yard, "table") == []


def test_what_was_sent_before_the_restore_is_still_verified(store: EmbeddedAws, yard: Yard) -> None:
    restore_after(store, yard)
    ship_batches(yard, 1)
    third = yard.folder / f"batches/{number_name(3)}.jsonl"
    fourth = yard.folder / f"batches/{number_name(4)}.jsonl"
    for file in yard.folder.glob("signatures/*[34].json"):
        file.unlink()

    content = third.read_bytes()
    third.unlink()
    assert findings(yard)[0] == "Batch 3 is missing."
    third.write_bytes(content)
    lines = fourth.read_bytes().splitlines(keepends=True)
    description = json.loads(lines[0])
    fourth.write_bytes(json.dumps(description | {"made_at": "forged"}).encode() + b"\n")
    fourth.write_bytes(fourth.read_bytes() + b"".join(lines[1:]))
    assert findings(yard) == [
        "Batch 4 is not the one that was there when the shipper's table was restored."
    ]


def test_a_batch_that_was_removed_is_no_restore(store: EmbeddedAws, yard: Yard) -> None:
    ship_batches(yard, 3)
    batch = StoredBatch.find(StoredBatch.KIND, number_name(2))
    assert batch
    batch.delete()
    with pytest.raises(Exception, match="Batch 2 is not in the table any more"):
        yard.ship(Receiver())
    assert findings(yard, "table")[0] == "Batch 2 is missing."


@pytest.mark.parametrize("content", [b"nothing", gzip.compress(b"nothing", mtime=0)])
def test_a_batch_that_was_changed_in_the_table_is_said_to_be(yard: Yard, content: bytes) -> None:
    """Whoever runs the shipper reads a sentence, and not a traceback."""
    ship_batches(yard, 2)
    batch = StoredBatch.find(StoredBatch.KIND, number_name(2))
    assert batch
    batch.update(actions=[StoredBatch.packed_body.set(content)])
    with pytest.raises(CooperError, match="Batch 2 cannot be read: somebody changed it"):
        yard.ship()


def test_a_number_far_away_is_somebody_else_s(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    ship_batches(yard, 1)
    (yard.folder / f"batches/{number_name(999_999_999_999)}.jsonl").write_bytes(b"forged")
    ship_batches(yard, 1)
    assert (yard.folder / f"batches/{number_name(2)}.jsonl").exists()
    assert "somebody else writes there" in caplog.text


def test_nothing_is_fixed_before_the_place_has_been_asked(yard: Yard) -> None:
    class Silent(FolderSink):
        def newest_after(self, number: int) -> None:
            raise Undelivered("It does not answer.", again=True)

    silent = Silent(yard.folder)
    assert isinstance(silent, FileSink)
    with pytest.raises(Undelivered):
        yard.ship(silent)
    assert StoredBatch.find(StoredBatch.KIND, number_name(1)) is None

    # another shipper that reaches the place need not wait for the lease
    yard.ship(FolderSink(yard.folder))
    assert len(yard.bodies()) == 1


def test_a_folder_s_file_is_never_another_one(yard: Yard) -> None:
    """Somebody put it there before, or the table was restored while the shipper ran."""
    (yard.folder / "batches").mkdir()
    file = yard.folder / f"batches/{number_name(1)}.jsonl"
    file.write_bytes(b"another")
    sink = FolderSink(yard.folder)
    with pytest.raises(Undelivered, match="other contents") as error:
        sink.deliver(Batch(1, "0" * 64, sha256(b"this"), "", "", 0, b"this"))
    assert error.value.again and file.read_bytes() == b"another"
