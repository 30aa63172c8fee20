"""The files in which a worker keeps its numbers: their room is taken before anything is counted.

prometheus_client maps files with holes in them. Where the file system is full, to write into a hole
kills the process (SIGBUS, mmap(2)), and with a worker all its requests; so there are no holes.
"""

import os
from pathlib import Path

ROOM = {
    "counter": 262_144,
    "gauge_livemax": 65_536,
    "gauge_livemin": 65_536,
    "gauge_livesum": 65_536,
    "histogram": 524_288,
}
"""Bytes of each kind of file: twice what all series of a worker take, or more."""


def take_room(folder: Path, process_id: int) -> None:
    """Make a process's files; raise OSError, and leave none of them, where they do not fit."""
    files = [folder / f"{kind}_{process_id}.db" for kind in ROOM]
    try:
        for file, size in zip(files, ROOM.values(), strict=True):
            fill(file, size)
    except OSError:
        for file in files:
            file.unlink(missing_ok=True)
        raise


def fill(file: Path, size: int) -> None:
    """Let a file have so many bytes that are really there; raise OSError where they are not."""
    with file.open("ab") as opened:
        os.posix_fallocate(opened.fileno(), 0, size)
