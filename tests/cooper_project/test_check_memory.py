"""`cooper -check`: memory that is free, and what a cgroup leaves of it."""

from pathlib import Path
from typing import Any

import pytest

from cooper_project.checkup import memory
from cooper_project.checkup.report import Level
from cooper_project.outside import Addresses

MEBIBYTE = 1_048_576


@pytest.fixture
def cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the kernel shows cgroups; this process is in one of version 2."""
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "OWN_CGROUP", tmp_path / "own")
    (tmp_path / "own").write_text("1:cpu:/\n0::/system.slice/cooper.service\n")
    return tmp_path


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")


def finding(settings: Any, workers: int = 2) -> tuple[Level, str]:
    settings.COOPER_WORKERS = workers
    [found] = memory.check_limit(Addresses())
    return found.level, found.text


def test_without_a_limit_there_is_nothing_to_say(cgroups: Path, settings: Any) -> None:
    put(cgroups / "system.slice/cooper.service/memory.max", "max")
    assert finding(settings) == (Level.OK, "no cgroup limits it")


def test_a_limit_below_what_workers_take_is_warned_of(cgroups: Path, settings: Any) -> None:
    put(cgroups / "system.slice/cooper.service/memory.max", str(512 * MEBIBYTE))
    level, text = finding(settings)
    assert level is Level.WARNING
    assert text.startswith("512 MiB are all that this container or unit may take, and 2 workers")
    assert "700 MiB" in text and "MemoryMax=" in text
    assert finding(settings, workers=1)[0] is Level.OK


def test_the_lowest_limit_around_it_counts(cgroups: Path, settings: Any) -> None:
    put(cgroups / "system.slice/cooper.service/memory.max", str(2048 * MEBIBYTE))
    put(cgroups / "system.slice/memory.max", str(600 * MEBIBYTE))
    assert "600 MiB are all" in finding(settings)[1]


@pytest.mark.parametrize(("limit", "count"), [(512 * MEBIBYTE, 512), (9223372036854771712, 0)])
def test_cgroups_of_version_1_are_read_too(cgroups: Path, limit: int, count: int) -> None:
    put(cgroups / "own", "4:memory:/docker/1\n0::/")
    # a container sees its own as the root
    put(cgroups / "memory/memory.limit_in_bytes", str(limit))
    assert memory.lowest_limit() == count
