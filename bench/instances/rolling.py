"""Reloads, a rolling restart behind a proxy, a stop, a killed worker: what requests notice of it.

Meanwhile a steady load goes on: pages, and grants for which STS takes two seconds, so that some
are under way at every moment.
"""

import itertools
import os
import signal
import ssl
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from bench import load
from bench.instances.fleet import WORKERS, Fleet, lines_to_workers, running
from bench.instances.pace import Load, Request, loaded
from bench.processes import Server, Stub, free_port
from bench.stub_aws import people
from bench.timing import Figures
from tests.support import proxies

RATE = 50.0
GRANT_EVERY = 10
"""Each tenth request is a grant."""

STS_MILLISECONDS = 2_000.0

RELOADS = 10
KILLS = 3

ROLLS = 2
"""Restarts of all servers, one after the other: as many as it takes for LEAST_REQUESTS."""

PEOPLE = 16

SETTLE_SECONDS = 2.0
"""Seconds of load before and after each thing that is done."""

RELOAD_SECONDS = 120.0
"""In which a reload has to be over."""

LEAST_REQUESTS = 3_000
GAP_SECONDS = 1.0
STOP_SECONDS = 30.0
RECOVERY_SECONDS = 5.0

PAPER = "capacity.md"
"""The paper with the proxies' configurations for several servers."""


def measure(stub: Stub, reloads: int = RELOADS, rate: float = RATE) -> Iterator[Figures]:
    """Measure all, and yield a table for each."""
    stub.set_milliseconds(0, STS_MILLISECONDS)
    cookies = people.sign_in(PEOPLE)
    with running() as fleet:
        yield _measure_reloads(fleet, cookies, reloads, rate)
        yield _measure_killed_workers(fleet, cookies, rate)

    for name in ("nginx", "haproxy"):
        yield _measure_roll(name, cookies, rate)


def _requests(cookies: list[str], port: int, url: str = load.LOOPBACK) -> Iterator[Request]:
    """Yield pages, and every now and then a grant, of one person after the other."""
    for number, cookie in enumerate(itertools.cycle(cookies)):
        if number % GRANT_EVERY:
            yield Request("page", load.page("/", cookie, url=url), port)
        else:
            yield Request("grant", load.become("dev-read", cookie, url=url), port)


# -- one server, asked directly --------------------------------------------------------------------
def _measure_reloads(fleet: Fleet, cookies: list[str], reloads: int, rate: float) -> Figures:
    server = fleet.servers[0]
    with loaded(_requests(cookies, server.port), rate) as under_load:
        time.sleep(SETTLE_SECONDS)
        start = time.monotonic()
        done = 0
        while done < reloads:
            _reload(server)
            done += 1
        seconds = (time.monotonic() - start) / reloads
        time.sleep(SETTLE_SECONDS)

    figures = Figures(f"{reloads} reloads of one server under load, asked directly (R10)")
    _note_load(figures, under_load)
    figures.note("seconds of a reload", seconds, unit="s")
    figures.note("tracebacks in the servers' logs", fleet.tracebacks(), goal=0)
    return figures


def _reload(server: Server) -> None:
    """Reload, and wait until every worker is a new one."""
    old = set(server.worker_pids())
    server.process.send_signal(signal.SIGHUP)
    _wait_until(lambda: _are_new(server, old), RELOAD_SECONDS)


def _are_new(server: Server, old: set[int]) -> bool:
    pids = server.worker_pids()
    return len(pids) == WORKERS and old.isdisjoint(pids)


def _measure_killed_workers(fleet: Fleet, cookies: list[str], rate: float) -> Figures:
    """Kill a worker under load: no request may fail that was begun after it."""
    server = fleet.servers[1]
    killed_at = []
    recoveries = []
    with loaded(_requests(cookies, server.port), rate) as under_load:
        for _ in range(KILLS):
            time.sleep(SETTLE_SECONDS)
            killed_at.append(time.monotonic())
            _kill_worker(server)
            recoveries.append(time.monotonic() - killed_at[-1])
        time.sleep(SETTLE_SECONDS)

    failed = under_load.failed()
    begun_later = [
        outcome for outcome in failed if not any(outcome.started < at for at in killed_at)
    ]
    figures = Figures(f"{KILLS} workers killed (SIGKILL), of two of one server (R10)")
    figures.note("requests", len(under_load.outcomes))
    figures.note("failed, under way in the killed worker", len(failed) - len(begun_later))
    figures.note("failed, begun after it", len(begun_later), goal=0)
    figures.note("longest gap between two good answers", under_load.longest_gap(), unit="s")
    figures.note("until another worker answers", max(recoveries), goal=RECOVERY_SECONDS, unit="s")
    return figures


def _kill_worker(server: Server) -> None:
    """Kill a worker, and wait until another one answers."""
    killed = server.worker_pids()[0]
    os.kill(killed, signal.SIGKILL)
    _wait_until(lambda: _are_new(server, {killed}), RELOAD_SECONDS)
    with lines_to_workers([server]):
        # each of them has answered
        pass


# -- behind a proxy --------------------------------------------------------------------------------
def _measure_roll(name: str, cookies: list[str], rate: float) -> Figures:
    """Restart one server after the other behind a proxy, as the paper configures it."""
    port = free_port()
    url = f"https://localhost:{port}"
    environment = {"COOPER_PUBLIC_URL": url, "COOPER_TRUSTED_PROXIES": "127.0.0.1"}
    with tempfile.TemporaryDirectory() as folder, running(**environment) as fleet:
        pem = proxies.write_certificate(Path(folder))
        tls = ssl.create_default_context(cafile=str(pem))
        stops = []
        with (
            _proxy(name, port, fleet.ports, pem),
            loaded(_requests(cookies, port, url), rate, tls) as under_load,
        ):
            time.sleep(SETTLE_SECONDS)
            for number in [*range(len(fleet.servers))] * ROLLS:
                stops.append(fleet.restart(number))
                time.sleep(SETTLE_SECONDS)
        tracebacks = fleet.tracebacks()

    figures = Figures(f"{ROLLS} rolling restarts of three servers behind {name} (R10)")
    _note_load(figures, under_load)
    figures.note("longest stop (SIGTERM), grants under way", max(stops), STOP_SECONDS, "s")
    figures.note("tracebacks in the servers' logs", tracebacks, goal=0)
    return figures


def _proxy(name: str, port: int, server_ports: list[int], pem: Path) -> AbstractContextManager[str]:
    config = proxies.documented(name, PAPER)
    run: Callable[..., AbstractContextManager[str]] = getattr(proxies, name)
    return run(config, port, server_ports, pem)


# -- figures ---------------------------------------------------------------------------------------
def _note_load(figures: Figures, under_load: Load) -> None:
    count = len(under_load.outcomes)
    figures.note("requests", count, goal=LEAST_REQUESTS, more_is_better=True)
    failed = Counter(outcome.status for outcome in under_load.failed())
    figures.note("  failed", failed.total(), goal=0)
    for status in sorted(failed):
        figures.note(f"    {status or 'broken or too late'}", failed[status])
    gap = under_load.longest_gap()
    figures.note("longest gap between two good answers", gap, goal=GAP_SECONDS, unit="s")
    for kind in ("page", "grant"):
        figures.note(f"p95 of a {kind}", under_load.p95(kind) * 1000, unit="ms")
        figures.note(f"longest {kind}", under_load.longest(kind) * 1000, unit="ms")


def _wait_until(is_so: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.02)
