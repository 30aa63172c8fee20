"""Roots of Debian's packages are made once, tried twice, and their lack says why."""

import multiprocessing
import os
from pathlib import Path

import pytest

from tests.support import debian_roots
from tests.support.debian_roots import debian_root

FAKE = """#!/bin/sh
# the last argument is the place of the root
echo made >> {runs}
if [ "$(wc -l < {runs})" -le {failures} ]; then echo "E: no network" >&2; exit 25; fi
for place; do :; done
touch "$place/program"
"""


@pytest.fixture
def mmdebstrap(tmp_path, monkeypatch):
    """Return a maker of a fake mmdebstrap that fails so often, and notes its runs in a file."""
    monkeypatch.setattr(debian_roots, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    runs = tmp_path / "runs"

    def make(failures: int) -> Path:
        program = tmp_path / "mmdebstrap"
        program.write_text(FAKE.format(runs=runs, failures=failures))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        return runs

    return make


def make_root() -> Path:
    return debian_root("some/root", "trixie", ("some-package",), "program")


def test_it_is_made_once_and_kept(mmdebstrap):
    runs = mmdebstrap(failures=0)
    assert (make_root() / "program").exists()
    assert make_root() == make_root()
    assert runs.read_text() == "made\n"


def test_a_failure_is_tried_once_more(mmdebstrap):
    runs = mmdebstrap(failures=1)
    assert (make_root() / "program").exists()
    assert runs.read_text() == "made\n" * 2


def test_two_failures_skip_the_test_with_its_words(mmdebstrap):
    runs = mmdebstrap(failures=9)
    with pytest.raises(pytest.skip.Exception, match="some-package of trixie: E: no network"):
        make_root()
    assert runs.read_text() == "made\n" * 2
    assert [file.name for file in (debian_roots.CACHE / "some").iterdir()] == ["root.lock"]


def test_four_processes_at_once_make_one(mmdebstrap):
    runs = mmdebstrap(failures=0)
    processes = [multiprocessing.get_context("fork").Process(target=make_root) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert runs.read_text() == "made\n"
