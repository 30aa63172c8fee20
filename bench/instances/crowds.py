"""Slow clients, and a flood of wrong passwords: what people who are signed in notice of them."""

import itertools
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bench import load
from bench.instances.fleet import Fleet, running
from bench.instances.pace import Load, Request, loaded
from bench.instances.slow_clients import KINDS, SlowClients
from bench.stub_aws import people
from bench.timing import Figures

SECONDS = 60.0

PROBES = 15.0
"""Pages of signed-in people, a second, over all servers."""

SLOW_CLIENTS = 300
SLOW_P95 = 500.0

CUT_SECONDS = 75.0
"""In which a connection that does nothing useful has to be over: 65 s and a margin."""

GUESSES = 50.0
"""A second."""

SOURCES = 200
FLOOD_P95 = 1_000.0
FLOOD_CORES = 1.0

BIG_PASSWORD = "x" * 1_000_000
BIG_EVERY = 50
"""Each so manieth password is that big."""

BUSY = 503
"""The answer to whoever has no turn to have their password looked at: it counts as no guess."""

PEOPLE = 16


def measure(seconds: float = SECONDS) -> Iterator[Figures]:
    """Measure both, and yield a table for each."""
    cookies = people.sign_in(PEOPLE)
    with running(COOPER_TRUSTED_PROXIES="127.0.0.1") as fleet:
        quiet = _probe(fleet, cookies, seconds / 4)
        yield _measure_slow_clients(fleet, cookies, quiet, seconds)
        for sources in (1, SOURCES):
            yield _measure_flood(fleet, cookies, quiet, sources, seconds)


@dataclass(frozen=True)
class Probe:
    """How signed-in people fared for a while, and what all servers used meanwhile."""

    pages: Load
    cores: float


def _probe(fleet: Fleet, cookies: list[str], seconds: float) -> Probe:
    """Open pages of signed-in people for a while."""
    cpu = _cpu_seconds(fleet)
    start = time.monotonic()
    with loaded(_pages(fleet, cookies), PROBES) as pages:
        time.sleep(seconds)
    return Probe(pages, (_cpu_seconds(fleet) - cpu) / (time.monotonic() - start))


def _cpu_seconds(fleet: Fleet) -> float:
    return sum(server.cpu_seconds() for server in fleet.servers)


def _pages(fleet: Fleet, cookies: list[str]) -> Iterator[Request]:
    for port, cookie in zip(itertools.cycle(fleet.ports), itertools.cycle(cookies), strict=False):
        yield Request("page", load.page("/", cookie), port)


def _note_pages(figures: Figures, quiet: Probe, probe: Probe, p95: float) -> None:
    pages = probe.pages
    figures.note("pages of signed-in people", len(pages.outcomes))
    figures.note("  failed", len(pages.failed()), goal=0)
    figures.note("  p95", pages.p95("page") * 1000, goal=p95, unit="ms")
    figures.note("  p95 when nobody else is there", quiet.pages.p95("page") * 1000, unit="ms")
    figures.note("  longest", pages.longest("page") * 1000, unit="ms")


# -- slow clients ----------------------------------------------------------------------------------
def _measure_slow_clients(
    fleet: Fleet, cookies: list[str], quiet: Probe, seconds: float
) -> Figures:
    figures = Figures(f"{SLOW_CLIENTS} slow clients, each kind a quarter (R12)")
    with SlowClients(fleet.ports, SLOW_CLIENTS // len(KINDS)) as clients:
        probe = _probe(fleet, cookies, seconds)
        figures.note("connections at the beginning", clients.begun)
        _note_pages(figures, quiet, probe, SLOW_P95)

        time.sleep(max(0.0, CUT_SECONDS - clients.age()))
        for kind, count in clients.still_open().items():
            figures.note(f"open after {CUT_SECONDS:.0f} s: {kind}", count, goal=0)
    figures.note("tracebacks in the servers' logs", fleet.tracebacks(), goal=0)
    return figures


# -- a flood ---------------------------------------------------------------------------------------
def _measure_flood(
    fleet: Fleet, cookies: list[str], quiet: Probe, sources: int, seconds: float
) -> Figures:
    figures = Figures(f"{GUESSES:.0f} wrong sign-ins a second from {sources} addresses (R13)")
    with loaded(_guesses(fleet, sources), GUESSES) as guesses:
        probe = _probe(fleet, cookies, seconds)

    _note_pages(figures, quiet, probe, FLOOD_P95)
    statuses = Counter(outcome.status for outcome in guesses.outcomes)
    figures.note("wrong sign-ins", len(guesses.outcomes))
    for status in sorted(statuses):
        figures.note(f"  answered {status}", statuses[status])
    expected = {*range(400, 500), BUSY}
    others = sum(count for status, count in statuses.items() if status not in expected)
    figures.note("  neither 4xx nor 503", others, goal=0)
    # people's pages cost as much as they do when nobody else is there
    flood_cores = probe.cores - quiet.cores
    figures.note("cores that the flood used, of all servers", flood_cores, goal=FLOOD_CORES)
    figures.note("tracebacks in the servers' logs", fleet.tracebacks(), goal=0)
    return figures


def _guesses(fleet: Fleet, sources: int) -> Iterator[Request]:
    """Yield wrong sign-ins of people who are there and of people who are not."""
    for number, port in enumerate(itertools.cycle(fleet.ports)):
        password = "wrong" if number % BIG_EVERY else BIG_PASSWORD
        source = number % sources
        headers = {
            "Cookie": f"cooper-csrf={load.CSRF_TOKEN}",
            "X-CSRFToken": load.CSRF_TOKEN,
            "X-Forwarded-For": f"198.51.{source // 250}.{source % 250}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        username = f"bench-{number % PEOPLE:03}" if number % 2 else f"nobody-{number}"
        body = urllib.parse.urlencode({"username": username, "password": password}).encode()
        address = f"{load.LOOPBACK}/login/"
        yield Request("guess", load.request("POST", address, headers, body), port)
