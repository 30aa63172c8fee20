"""What is checked of memory: what is free on this machine, and what a cgroup leaves to cooper.

A container's limit, and MemoryMax= of a systemd unit, are limits of cgroups: whoever goes beyond
one is killed, however much is free.
https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
"""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from cooper_project.checkup.report import Finding, note, ok, warning
from cooper_project.outside import Addresses

CGROUPS = Path("/sys/fs/cgroup")

OWN_CGROUP = Path("/proc/self/cgroup")

MEBIBYTE = 1_048_576

NONE_FROM = 2**60
"""Bytes from which a limit of version 1 is none."""

TOO_LITTLE_FREE = (
    "{free} MiB are free, and {workers} workers take {needed} MiB while passwords are checked. Set "
    "COOPER_WORKERS lower, or give it more."
)

TOO_LOW_A_LIMIT = (
    "{limit} MiB are all that this container or unit may take, and {workers} workers take {needed} "
    "MiB while passwords are checked: the system would kill them. Set COOPER_WORKERS lower, or "
    "raise the limit (MemoryMax= of the unit, the task's or the pod's memory)."
)


def check_memory(_: Addresses) -> Iterator[Finding]:
    """Compare the memory that is there with what the workers take (docs/install.md)."""
    workers = settings.COOPER_WORKERS
    needed = memory_needed(workers)
    free = _free_memory()
    if free == 0:
        yield note("this system does not say how much memory is free")
    elif free < needed:
        yield warning(TOO_LITTLE_FREE.format(free=free, workers=workers, needed=needed))
    else:
        yield ok(f"{free} MiB are free, and {needed} MiB are needed")


def check_limit(_: Addresses) -> Iterator[Finding]:
    """Compare what the workers take with the lowest limit of the cgroups that this is in."""
    workers = settings.COOPER_WORKERS
    needed = memory_needed(workers)
    limit = lowest_limit()
    if limit == 0:
        yield ok("no cgroup limits it")
    elif limit < needed:
        yield warning(TOO_LOW_A_LIMIT.format(limit=limit, workers=workers, needed=needed))
    else:
        yield ok(f"the cgroup allows {limit} MiB, and {needed} MiB are needed")


def memory_needed(workers: int) -> int:
    """Return the MiB that this many workers take at most (docs/install.md)."""
    return workers * (150 + 200)


def lowest_limit() -> int:
    """Return the lowest limit of this process's cgroup and those around it, in MiB; 0: none."""
    return min(filter(None, map(_limit_in, _limit_files())), default=0)


def _limit_files() -> Iterator[Path]:
    """Yield the files with limits, the innermost first: of cgroups of version 2, or of 1."""
    for line in _text_of(OWN_CGROUP).splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _in_each(CGROUPS, path, "memory.max")
        elif controllers == "memory":
            yield from _in_each(CGROUPS / "memory", path, "memory.limit_in_bytes")


def _in_each(root: Path, path: str, name: str) -> Iterator[Path]:
    folder = root / path.removeprefix("/")
    yield folder / name
    yield from (parent / name for parent in folder.parents if parent.is_relative_to(root))


def _limit_in(file: Path) -> int:
    """Return a limit in MiB, 0 where there is none: `max`, or of version 1 a huge number."""
    text = _text_of(file).strip()
    if not text.isdecimal() or int(text) >= NONE_FROM:
        return 0
    return int(text) // MEBIBYTE


def _free_memory() -> int:
    """Return the MiB that are free, 0 when the system does not say."""
    lines = _text_of(Path("/proc/meminfo")).splitlines()
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return sum(kilobytes) // 1024


def _text_of(file: Path) -> str:
    """Return what the kernel says in a file, "" where it does not."""
    try:
        return file.read_text(encoding="ascii")
    except OSError:
        return ""
