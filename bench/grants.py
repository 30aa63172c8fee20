"""What a grant costs, against a bare AssumeRole of the same minutes; AWS is `bench.stub_aws`.

CPU counts the server's processes alone. Each figure is taken in rounds, in which cooper and bare
boto3 take turns, and compared with its goal.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench import load
from bench.processes import ROOT, Server, Stub, serving, stub_aws
from bench.timing import Figures

ROUNDS = 3
SECONDS = 4.0
MOST = 20_000
"""Requests of one run at most."""

PEOPLE = 128
TARGET = "dev-read"

DYNAMODB_MILLISECONDS = 5.0
STS_MILLISECONDS = 80.0


@dataclass
class Bare:
    """A run of bare boto3: seconds of each call, CPU seconds in all, and how long it took."""

    times: list[float]
    cpu: float
    seconds: float

    @property
    def p50(self) -> float:
        """The median of a call, in seconds."""
        return statistics.median(self.times)

    @property
    def cpu_per_call(self) -> float:
        """CPU seconds of a call."""
        return self.cpu / len(self.times)

    @property
    def rate(self) -> float:
        """Calls in a second."""
        return len(self.times) / self.seconds


@dataclass
class Bench:
    """The stub, a server with one worker for CPU, and one with two for rates."""

    stub: Stub
    one_worker: Server
    two_workers: Server
    figures: Figures

    def bare(self, threads: int) -> Bare:
        """Let bare boto3 assume a role for a while."""
        command = [sys.executable, "-m", "bench.bare"]
        command += ["--threads", str(threads), "--seconds", str(SECONDS - 1)]
        environment = {**os.environ, **self.stub.environment}
        output = subprocess.check_output(command, cwd=ROOT, env=environment)
        return Bare(**json.loads(output))

    def grants(self, server: Server, at_once: int) -> load.Run:
        """Let people become the target for a while."""
        requests = [load.become(TARGET, cookie) for cookie in self.stub.cookies]
        return load.send(server.port, requests, at_once, seconds=SECONDS, most=MOST)


def measure() -> None:
    """Measure in rounds, and print a table."""
    with (
        stub_aws(PEOPLE) as stub,
        serving(stub.environment, workers=1) as one_worker,
        serving(stub.environment, workers=2) as two_workers,
    ):
        figures = Figures("A grant, AWS by bench.stub_aws")
        bench = Bench(stub, one_worker, two_workers, figures)
        stub.set_milliseconds(0, 0)
        for server in (one_worker, two_workers):
            bench.grants(server, 16)

        for number in range(ROUNDS):
            for step in STEPS:
                step(bench)
            print(f"round {number + 1} of {ROUNDS} is over", file=sys.stderr)

    figures.print()


def _measure_calls(bench: Bench) -> None:
    """Count the AWS calls of grants, and what they consume."""
    count = 20
    bench.stub.set_milliseconds(0, 0)
    bench.stub.control(units=True)
    requests = [load.become(TARGET, bench.stub.cookies[0])]
    run = load.send(bench.one_worker.port, requests, 1, seconds=60, most=count)
    assert len(run.times) == count, run.statuses
    assert not run.errors, run.statuses

    counted = bench.stub.control()
    calls: dict[str, int] = counted["calls"]
    bench.figures.note("AWS calls of a grant", sum(calls.values()) / count, goal=5)
    for name in sorted(calls):
        bench.figures.note(f"  {name}", calls[name] / count)
    bench.figures.note("  read units", counted["units"]["reads"] / count)
    bench.figures.note("  write units, with indexes", counted["units"]["writes"] / count)


def _measure_cpu(bench: Bench) -> None:
    """Compare CPU at 32 at once: the server's processes with one of bare boto3's 16 threads."""
    bench.stub.set_milliseconds(0, 0)
    bare = bench.bare(16)

    bench.stub.set_milliseconds(DYNAMODB_MILLISECONDS, STS_MILLISECONDS)
    cpu_start = bench.one_worker.cpu_seconds()
    run = bench.grants(bench.one_worker, 32)
    cpu = (bench.one_worker.cpu_seconds() - cpu_start) / len(run.times)

    bench.figures.note("CPU at 32 at once / bare call", cpu / bare.cpu_per_call, goal=6, unit="x")
    bench.figures.note("  of a grant", cpu * 1000, unit="ms")
    bench.figures.note("  of a bare call, 16 threads", bare.cpu_per_call * 1000, unit="ms")


def _measure_p50(bench: Bench) -> None:
    bench.stub.set_milliseconds(DYNAMODB_MILLISECONDS, STS_MILLISECONDS)
    for at_once, goal in ((1, 1.4), (32, 1.6)):
        bare = bench.bare(at_once)
        run = bench.grants(bench.two_workers, at_once)
        bench.figures.note(
            f"p50 at {at_once} / bare p50", run.percentile(50) / bare.p50, goal=goal, unit="x"
        )
        _note_times(bench, run, at_once)


def _note_times(bench: Bench, run: load.Run, at_once: int, goal: float | None = None) -> None:
    bench.figures.note(f"  p50 at {at_once}", run.percentile(50) * 1000, unit="ms")
    bench.figures.note(f"  p99 at {at_once}", run.percentile(99) * 1000, goal=goal, unit="ms")
    bench.figures.note(f"  errors at {at_once}", run.errors, goal=0)


def _measure_rate(bench: Bench) -> None:
    bench.stub.set_milliseconds(DYNAMODB_MILLISECONDS, STS_MILLISECONDS)
    bare = bench.bare(64)
    run = bench.grants(bench.two_workers, 256)
    bench.figures.note(
        "rate at 256 / bare rate, 64 threads",
        run.rate / bare.rate,
        goal=0.42,
        unit="x",
        more_is_better=True,
    )
    bench.figures.note("  rate at 256", run.rate, unit="/s", more_is_better=True)
    bench.figures.note("  bare rate", bare.rate, unit="/s", more_is_better=True)
    _note_times(bench, run, 256)


def _measure_conflicts(bench: Bench) -> None:
    """Let 128 people become targets at once, while transactions that meet are cancelled."""
    bench.stub.set_milliseconds(DYNAMODB_MILLISECONDS, STS_MILLISECONDS)
    bench.stub.control(conflicts=True)
    run = bench.grants(bench.two_workers, 128)
    conflicts = bench.stub.control(conflicts=False)["conflicts"]

    bench.figures.note("rate at 128 with conflicts", run.rate, unit="/s", more_is_better=True)
    bench.figures.note("  calls cancelled for each grant", conflicts / len(run.times))
    bench.figures.note(
        "  p99 at 128 with conflicts", run.percentile(99) * 1000, goal=1_000, unit="ms"
    )
    bench.figures.note("  errors at 128 with conflicts", run.errors, goal=0)


STEPS: list[Callable[[Bench], Any]] = [
    _measure_calls,
    _measure_cpu,
    _measure_p50,
    _measure_rate,
    _measure_conflicts,
]
