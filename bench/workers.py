"""Workers: their first requests against warm ones, and their memory over many requests.

First requests are compared with those of other people, whom the worker has not seen either; AWS
(`bench.stub_aws`) takes its usual time.
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from bench import load
from bench.processes import Server, Stub, serving, stub_aws
from bench.timing import Figures

ROUNDS = 3

PEOPLE = 32
TARGET = "dev-read"

DYNAMODB_MILLISECONDS = 5.0
STS_MILLISECONDS = 80.0

REQUESTS = 5_000
LONG_REQUESTS = 20_000
"""Requests over which memory is followed; the second with --long."""

AT_ONCE = 8
STEP_SECONDS = 600.0

MAX_GROWTH_MEBIBYTES = 2.0


def measure(*, long: bool = False) -> None:
    """Measure and print two tables."""
    with stub_aws(PEOPLE) as stub:
        _measure_first_requests(stub)
        _measure_memory(stub, LONG_REQUESTS if long else REQUESTS)


def _measure_first_requests(stub: Stub) -> None:
    """Start a server for each kind of request: the first one is what it is about."""
    stub.set_milliseconds(DYNAMODB_MILLISECONDS, STS_MILLISECONDS)
    figures = Figures("The first request of a worker, AWS by bench.stub_aws")
    kinds: dict[str, Callable[[str], bytes]] = {
        "the sign-in page": lambda _: load.page("/login/"),
        "home": partial(load.page, "/"),
        "a target's page": partial(load.page, f"/targets/{TARGET}/"),
        "a grant": partial(load.become, TARGET),
    }
    for _ in range(ROUNDS):
        for name, request_of in kinds.items():
            with serving(stub.environment) as server:
                times = [_seconds(server, request_of(cookie)) for cookie in stub.cookies]
            first = times[0]
            warm = statistics.median(times[1:])
            figures.note(f"{name}: first / warm", first / warm, goal=1.2, unit="x")
            figures.note("  first", first * 1000, unit="ms", of=name)
            figures.note("  warm", warm * 1000, unit="ms", of=name)
    figures.print()


def _seconds(server: Server, request: bytes) -> float:
    run = load.send(server.port, [request], 1, seconds=60, most=1)
    assert not run.errors, run.statuses
    return run.times[0]


def _measure_memory(stub: Stub, count: int) -> None:
    """Follow a worker's memory while pages and grants are asked for in turn."""
    stub.set_milliseconds(0, 0)
    figures = Figures("Memory of a worker, in MiB")
    requests = []
    for cookie in stub.cookies:
        requests += [load.page("/", cookie), load.become(TARGET, cookie)]

    with serving(stub.environment) as server:
        figures.note("after the start", _mebibytes(server))
        # the first requests fill caches and pools
        _ask(server, requests, count // 10)
        start = time.monotonic()
        before = _mebibytes(server)
        figures.note(f"after {count // 10:,} requests", before)
        _ask(server, requests, count - count // 10)
        after = _mebibytes(server)
        figures.note(f"after {count:,} requests", after, goal=130)
        figures.note("growth between the two", after - before, goal=MAX_GROWTH_MEBIBYTES)
        print(f"{count} requests took {time.monotonic() - start:.0f} s", file=sys.stderr)
    figures.print()


def _ask(server: Server, requests: list[bytes], count: int) -> None:
    run = load.send(server.port, requests, AT_ONCE, seconds=STEP_SECONDS, most=count)
    assert not run.errors, run.statuses


def _mebibytes(server: Server) -> float:
    return max(server.memory_mebibytes())
