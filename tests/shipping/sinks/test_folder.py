"""Delivering to a folder."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shipping.batches import FIRST_PREVIOUS, Batch, sha256
from shipping.sinks import PassingProblem, Undelivered, sinks_from_environment
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


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what lets a call of `os` fail, as for another user or on a network's file system."""

    def fail(name: str, number: int) -> None:
        def raise_error(path: object, *_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number), str(path))

        monkeypatch.setattr(os, name, raise_error)

    return fail


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_what_cannot_be_listed_is_never_taken_for_empty(
    tmp_path: Path, failing: Callable[..., None], number: int
) -> None:
    """The numbers of the batches that are there would be used again."""
    sink = FolderSink(tmp_path)
    assert sink.newest_after(0) is None
    sink.deliver(BATCH)
    newest = sink.newest_after(0)
    assert newest and newest.number == 1
    for name in ("listdir", "scandir"):
        failing(name, number)
    with pytest.raises(Undelivered, match="cannot be listed") as error:
        sink.newest_after(0)
    assert error.value.again


def test_a_folder_that_is_gone_says_nothing_of_what_it_had(tmp_path: Path) -> None:
    with pytest.raises(Undelivered, match="No such file"):
        FolderSink(tmp_path / "missing").newest_after(0)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_file_that_cannot_be_looked_at_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    sink = FolderSink(tmp_path)

    def fail(path: Path, *_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    for name in ("stat", "read_bytes"):
        monkeypatch.setattr(Path, name, fail)
    with pytest.raises(Undelivered):
        sink.keep("signatures/000000000001.json", b"{}")
    [problem] = sink.problems()
    assert "COOPER_SHIP_FOLDER" in problem
    # a file system that is away comes back; another user's folder stays another user's
    assert isinstance(problem, PassingProblem) == (number != errno.EACCES)
