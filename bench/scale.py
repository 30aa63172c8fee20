"""100,000 targets and 50,000 people: loading them, their memory, an edit, a preview of impact.

Each is measured in a process of its own against a fast DynamoDB in another, so that only cooper's
CPU is counted.
"""

import gc
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGETS = 100_000
PEOPLE = 50_000
EDITS = 15
REGION = "us-east-1"
MIB = 1024 * 1024


def measure() -> None:
    """Measure everything and print it."""
    with _serving_tables() as port:
        for name in MEASUREMENTS:
            command = [sys.executable, "-m", "bench.scale", name]
            subprocess.run(command, cwd=ROOT, env=_environment(port), check=True)


@contextmanager
def _serving_tables() -> Iterator[int]:
    command = [sys.executable, "-m", "bench.tables_stub", str(TARGETS), str(PEOPLE)]
    stub = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert stub.stdout is not None
    try:
        yield int(stub.stdout.readline())
    finally:
        stub.terminate()
        stub.wait()


def _environment(port: int) -> dict[str, str]:
    return os.environ | {
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_EC2_METADATA_DISABLED": "true",
        "COOPER_REGION": REGION,
        "COOPER_DEV_ENDPOINTS": "1",
        "COOPER_SECRET_KEY": "bench" * 10,
        "COOPER_LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "cooper_project.settings",
    }


# -- in a process of its own -----------------------------------------------------------------------
def _measure_load() -> None:
    """Print the CPU and the memory of a first load."""
    from brokers import catalogue

    gc.collect()
    resident_before = _resident_mib()
    start = time.process_time()
    loaded = catalogue.current()
    seconds = time.process_time() - start

    gc.collect()
    assert len(loaded.targets) == TARGETS
    print(
        f"load {TARGETS:,} targets, {2 * TARGETS:,} associations: {seconds:.2f} s of CPU, "
        f"resident {_resident_mib() - resident_before:+.0f} MiB"
    )


def _measure_memory() -> None:
    """Print what the loaded catalogue holds, as Python counts it."""
    from brokers import catalogue

    tracemalloc.start()
    catalogue.current()
    gc.collect()
    current, peak = tracemalloc.get_traced_memory()
    print(f"the catalogue holds {current / MIB:.0f} MiB, {peak / MIB:.0f} at most while loading")


def _measure_edit() -> None:
    """Print the CPU that a process takes to follow one edit of another's."""
    from brokers import catalogue

    catalogue.current()
    unchanged = statistics.median(_milliseconds(catalogue.current) for _ in range(EDITS))

    title = _edits(lambda number: _put("targets", scale_data.target(number, f"New {number}")))
    association = _edits(
        lambda number: _put(
            "associations", scale_data.association(f"target-{number:06}", "okta:team-1")
        )
    )
    print(f"a request when nothing changed: {unchanged:.1f} ms of CPU")
    print(f"following an edit: a title {title:.1f}, an association {association:.1f} ms of CPU")


def _edits(edit: Callable[[int], None]) -> float:
    from brokers import catalogue

    times = []
    for number in range(EDITS):
        latest = catalogue.current().number
        edit(number)
        _log_change(latest + 1, f"target:target-{number:06}")
        times.append(_milliseconds(catalogue.current))
    return statistics.median(times)


def _log_change(number: int, touched: str) -> None:
    log = {"S": "catalogue"}
    change = {"log": log, "number": {"N": str(number)}, "touched": {"L": [{"S": touched}]}}
    _put("changes", change)
    _put("changes", {"log": log, "number": {"N": str(10**15)}, "latest": {"N": str(number)}})


def _put(table: str, item: dict[str, object]) -> None:
    from django.conf import settings

    from core import aws

    name = f"{settings.COOPER_TABLE_PREFIX}{table}"
    aws.client("dynamodb").put_item(TableName=name, Item=item)


def _measure_preview() -> None:
    """Print the CPU of a preview: the first one of a process, and the next."""
    from brokers.admin.impact import all_people

    groups = ["okta:team-1", "okta:unit-7"]
    first = _milliseconds(lambda: all_people().in_any_of(groups))
    second = _milliseconds(lambda: all_people().in_any_of(groups))
    print(f"preview among {PEOPLE:,} people: first {first:.0f}, next {second:.1f} ms of CPU")


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return (time.process_time() - start) * 1000


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


MEASUREMENTS = {
    "load": _measure_load,
    "memory": _measure_memory,
    "edit": _measure_edit,
    "preview": _measure_preview,
}


if __name__ == "__main__":
    import django

    django.setup()
    from bench import scale_data
    from core import aws as warm

    warm.client("dynamodb")
    MEASUREMENTS[sys.argv[1]]()
