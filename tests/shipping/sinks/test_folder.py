"""Delivering to a folder."""

from pathlib import Path

import pytest

from shipping.batches import FIRST_PREVIOUS, Batch, sha256
from shipping.sinks import Undelivered, sinks_from_environment
from shipping.sinks.folder import FolderSink

BODY = b'{"number": 1}\n{"id": "x"}\n'
BATCH = Batch(1, FIRST_PREVIOUS, sha256(BODY), "2026-11-26", "2026-11-26", 1, BODY)


def test_a_batch_is_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    FolderSink(tmp_path).deliver(BATCH)
    [file] = (tmp_path / "batches").iterdir()
    assert file.name == "000000000001.jsonl"
    assert file.read_bytes() == BODY
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_batch_is_delivered_again_over_itself(tmp_path: Path) -> None:
    FolderSink(tmp_path).deliver(BATCH)
    FolderSink(tmp_path).deliver(BATCH)
    assert [file.read_bytes() for file in (tmp_path / "batches").iterdir()] == [BODY]


def test_a_file_beside_the_batches_is_kept_as_it_is(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path)
    sink.keep("signatures/000000000001.json", b"first")
    sink.keep("signatures/000000000001.json", b"second")
    assert (tmp_path / "signatures/000000000001.json").read_bytes() == b"first"


def test_a_folder_that_is_not_there_is_a_problem_and_no_delivery(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path / "missing")
    assert "mkdir" in sink.problems()[0]
    with pytest.raises(Undelivered) as refusal:
        sink.deliver(BATCH)
    assert refusal.value.again
    assert FolderSink(tmp_path).problems() == []


def test_the_environment_names_the_sinks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sinks_from_environment() == []
    monkeypatch.setenv("COOPER_SHIP_FOLDER", str(tmp_path))
    assert [sink.name for sink in sinks_from_environment()] == ["folder"]
