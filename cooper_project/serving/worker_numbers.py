"""The numbers of all workers, read from their files; those of ended workers are added up in one.

A file stays when its worker ends, since its counters still count. With each reload there would be
more of them, and each scrape would read them all.
"""

import os
import struct
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from cooper_project.serving import metrics_files
from core.retry import Backoff, retry

ENDED = "ended"
"""What the file of ended workers has in place of a process id."""

SUMMED = ("counter", "histogram")
"""The types whose files are added up. Gauges tell of workers that run."""

TRIES = 5

BACKOFF = Backoff(first=0.05, longest=0.1)
"""Pauses in which a worker writes the head of a file that it has just made."""


class WorkerNumbers:
    """A collector of prometheus_client over one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._collector = MultiProcessCollector(None, str(folder))
        self._lock = threading.Lock()

    def collect(self) -> list[Metric]:
        """Return every metric, summed over the workers."""
        self.add_up_ended()
        with self._lock:
            return retry(self._read, on=struct.error, tries=TRIES, backoff=BACKOFF)

    def add_up_ended(self) -> None:
        """Add up the files of workers that have ended, as far as there is room for the sums."""
        # the page is right with the files as they are
        with self._lock, suppress(OSError):
            self._add_up()

    def _read(self) -> list[Metric]:
        return list(self._collector.collect())

    def _add_up(self) -> None:
        for file in self._folder.glob("*.db"):
            kind, *_, process_id = file.stem.split("_")
            if process_id == ENDED or _is_running(int(process_id)):
                continue

            if kind in SUMMED:
                _add(file, self._folder / f"{kind}_{ENDED}.db", metrics_files.ROOM[kind])
            file.unlink()


def _add(file: Path, sum_file: Path, size: int) -> None:
    """Add a file's numbers to the sums, of so many bytes, which are replaced in one step."""
    numbers: Counter[str] = Counter()
    for source in (file, sum_file):
        if source.exists():
            numbers.update(_numbers_in(source))

    new_file = sum_file.with_suffix(".new")
    new_file.unlink(missing_ok=True)
    metrics_files.fill(new_file, size)

    sums = MmapedDict(str(new_file))
    for key, number in numbers.items():
        sums.write_value(key, number, 0.0)

    sums.close()
    new_file.replace(sum_file)


def _numbers_in(file: Path) -> dict[str, float]:
    if not file.stat().st_size:
        # its worker ended as soon as it had made it
        return {}

    values = MmapedDict.read_all_values_from_file(str(file))
    return {key: value for key, value, _, _ in values}


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # somebody else's, which has the number now
        return False
    return True
