"""STS does not answer, and fifty people press "console": what everybody else notices of it."""

import itertools
import time
from collections import Counter
from collections.abc import Iterator

from bench import load
from bench.instances.browsers import ask_once
from bench.instances.fleet import Fleet, running
from bench.instances.pace import Load, Request, loaded
from bench.processes import Stub
from bench.stub_aws import people
from bench.timing import Figures

PRESSING = 50
"""People who wait for a console at any moment."""

GRANT_LONGEST = 10.0
"""Seconds in which a press has its answer."""

PRESSES = PRESSING / GRANT_LONGEST
"""A second."""

STALLED_MILLISECONDS = 60_000.0
"""Longer than anything waits for STS."""

LOOKS = 15.0
"""Pages of other people a second, and as many looks of a load balancer."""

SECONDS = 60.0
PAGE_P95 = 500.0
HEALTH_P95 = 100.0
READY_SECONDS = 5.0
READY_PATIENCE = 60.0

NOT_READY = 503


def measure(stub: Stub, seconds: float = SECONDS) -> Figures:
    """Measure, and return the figures."""
    cookies = people.sign_in(PRESSING * 2)
    with running() as fleet:
        with loaded(_looks(fleet, cookies[PRESSING:]), LOOKS * 2) as before:
            time.sleep(seconds / 4)

        stub.set_milliseconds(dynamodb=0, sts=STALLED_MILLISECONDS)
        with loaded(_presses(fleet, cookies[:PRESSING]), PRESSES) as presses:
            # until as many wait as ever will
            time.sleep(GRANT_LONGEST)
            with loaded(_looks(fleet, cookies[PRESSING:]), LOOKS * 2) as meanwhile:
                ready_seconds = _seconds_of_readiness(fleet)
                time.sleep(seconds)
        stub.set_milliseconds(dynamodb=0, sts=0)
        tracebacks = fleet.tracebacks()

    figures = Figures(f"STS stalls, and {PRESSING} people press console (R3d)")
    _note_presses(figures, presses)
    _note_looks(figures, before, meanwhile)
    figures.note("/readyz says so within", ready_seconds, goal=READY_SECONDS, unit="s")
    figures.note("tracebacks in the servers' logs", tracebacks, goal=0)
    return figures


def _presses(fleet: Fleet, cookies: list[str]) -> Iterator[Request]:
    for port, cookie in zip(itertools.cycle(fleet.ports), itertools.cycle(cookies), strict=False):
        yield Request("console", load.become("dev-read", cookie, "console"), port)


def _looks(fleet: Fleet, cookies: list[str]) -> Iterator[Request]:
    """Yield home pages of others, and /healthz, in turn."""
    for port, cookie in zip(itertools.cycle(fleet.ports), itertools.cycle(cookies), strict=False):
        yield Request("page", load.page("/", cookie), port)
        yield Request("healthz", load.page("/healthz"), port)


def _seconds_of_readiness(fleet: Fleet) -> float:
    """Return how long a server takes to say that it is not ready, the slowest of them."""
    times = []
    for port in fleet.ports:
        begun = time.monotonic()
        while ask_once(port, "GET", "/readyz", {}).status_code != NOT_READY:
            assert time.monotonic() < begun + READY_PATIENCE, "it says that it is ready"
            time.sleep(0.1)
        times.append(time.monotonic() - begun)
    return max(times)


def _note_presses(figures: Figures, presses: Load) -> None:
    statuses = Counter(outcome.status for outcome in presses.outcomes)
    figures.note("presses", len(presses.outcomes))
    for status in sorted(statuses):
        figures.note(f"  answered {status}", statuses[status])

    others = len(presses.outcomes) - statuses[NOT_READY]
    figures.note("  not told that AWS is away", others, goal=0)
    figures.note("  longest", presses.longest("console"), goal=GRANT_LONGEST, unit="s")


def _note_looks(figures: Figures, before: Load, meanwhile: Load) -> None:
    goals = {"page": PAGE_P95, "healthz": HEALTH_P95}
    for kind, goal in goals.items():
        figures.note(f"{kind}: answers", len(meanwhile.of(kind)))
        figures.note("  p95", meanwhile.p95(kind) * 1000, goal=goal, unit="ms", of=kind)
        figures.note("  p95 before", before.p95(kind) * 1000, unit="ms")
        figures.note("  longest", meanwhile.longest(kind) * 1000, unit="ms")
    figures.note("others that failed", len(meanwhile.failed()), goal=0)
