"""The files of workers' numbers: on a file system that is full, workers serve all the same."""

import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from prometheus_client import Counter

from cooper_project.serving import hooks, metrics_files
from core import metrics

SCRIPT = """
import json, os, sys
from contextlib import suppress
from pathlib import Path
from cooper_project.serving import hooks

folder = Path(sys.argv[1])
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)

class Worker:
    class log:
        error = lambda text, *words: lines.append(text % words)

lines = []
{begin}
kept = "PROMETHEUS_MULTIPROC_DIR" in os.environ

# whatever else is in there: not a byte is left
with suppress(OSError), (folder / "filler").open("wb") as filler:
    while True:
        filler.write(b"x" * 4096)
        filler.flush()

from prometheus_client import Counter, Histogram
counter = Counter("c", "c", ["number"])
histogram = Histogram("h", "h", ["number"])
for number in range(100):
    counter.labels(str(number)).inc()
    histogram.labels(str(number)).observe(1)
assert counter.labels("99")._value.get() == 1
print(json.dumps([kept, lines, sorted(file.name for file in folder.glob("*.db"))]))
"""


def on_a_full_file_system(
    folder: Path, size: int, begin: str
) -> "subprocess.CompletedProcess[str]":
    """Run the script in a memory file system of so many bytes, mounted for it alone."""
    script = SCRIPT.replace("{begin}", begin)
    shell = f'mount -t tmpfs -o size={size} none "$0" && exec "$@"'
    python = [sys.executable, "-c", script, str(folder)]
    command = ["unshare", "--mount", "sh", "-c", shell, str(folder), *python]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


KEY_BYTES = 240
"""Of a series at most: its name, labels and help, as prometheus_client writes them."""

TAKE_ROOM = "hooks.post_fork(None, Worker)"


def test_a_worker_whose_files_have_room_counts_on_when_it_gets_full(tmp_path: Path) -> None:
    size = sum(metrics_files.ROOM.values()) + 65_536
    run = on_a_full_file_system(tmp_path, size, TAKE_ROOM)
    assert run.returncode == 0, run.stderr
    kept, lines, files = json.loads(run.stdout)
    assert kept and not lines and len(files) == len(metrics_files.ROOM)


def test_a_worker_without_room_counts_in_memory_and_says_so(tmp_path: Path) -> None:
    run = on_a_full_file_system(tmp_path, 262_144, TAKE_ROOM)
    assert run.returncode == 0, run.stderr
    kept, [line], files = json.loads(run.stdout)
    assert not kept and not files
    assert "No space left on device. It serves all the same." in line


def test_the_fault_is_real(tmp_path: Path) -> None:
    """Without room that was taken, the process is killed in the midst of a request."""
    assert on_a_full_file_system(tmp_path, 262_144, "").returncode < 0


def test_the_room_is_twice_what_all_series_take() -> None:
    """Of twice the operations of AWS that a server calls, which fail in every way."""
    calls = [(f"service-{n % 6}", f"SomeOperationOfAws{n:06}") for n in range(40)]
    histograms = [metrics.AWS_CALL_SECONDS, metrics.REQUEST_SECONDS]
    counters = [one for one in vars(metrics).values() if type(one) is Counter]
    failures = [*metrics.FAILURES, metrics.OTHER]
    of_each = {metrics.AWS_RETRIES: calls, metrics.AWS_FAILURES: list(product(calls, failures))}

    series = len(metrics.SECONDS) + 3
    assert (
        series * (len(calls) + len(histograms)) * KEY_BYTES * 2 <= metrics_files.ROOM["histogram"]
    )
    others = 16 * (len(counters) - len(of_each))
    number = others + sum(map(len, of_each.values()))
    assert number * KEY_BYTES * 2 <= metrics_files.ROOM["counter"]


def test_a_folder_that_is_gone_is_said_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        metrics_files.take_room(tmp_path / "gone", 1)
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    hooks.post_fork(None, None)
