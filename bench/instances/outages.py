"""Each service of AWS away, one after the other: every page is answered in time, and says no more.

AWS is the embedded one, in this process, with faults before it (`tests.support.faults`).
"""

import itertools
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException

from bench import load
from bench.instances.browsers import FORM, Answer, ask_once
from bench.instances.fleet import Fleet, running
from bench.instances.pace import percentile
from bench.stub_aws import people
from bench.timing import Figures
from core import secret_keys
from tests.support import faults
from tests.support.addresses import addresses, admin_addresses, admin_path, filled
from tests.support.faults import Fault

SERVICES = ("dynamodb", "kms", "sts", "signin")

MODES: dict[str, dict[str, object]] = {
    "error": {"mode": "error", "status": 500},
    "throttle": {"mode": "throttle"},
    "reset": {"mode": "reset"},
    # longer than cooper waits for any answer, and no longer: a thread of this AWS waits with it
    "stall": {"mode": "hang", "seconds": 6.0},
    "drip": {"mode": "drip", "seconds": 1.0},
}
"""How a service is away; each call of it, for as long as its pages are asked for."""

AT_ONCE = 9
"""Questions at the same moment, three of each server."""

PAGE_P95 = 5.0
PAGE_LONGEST = 8.0
GRANT_LONGEST = 10.0
RECOVERY_SECONDS = 2.0

RECOVERY_PATIENCE = 60.0

ALLOWED = {200, 302, 303, 503, *range(400, 500)}

LEAKS = re.compile(
    r"injected|Traceback|InternalServerError|ThroughputExceeded|Throttling|arn:aws|"
    r"cooper-(people|targets|associations|aws-accounts|changes|audit|web-sessions|once)"
)
"""What no page of a failure may have: AWS's words, ARNs, names of tables."""

GRANTS = (
    "/targets/dev-read/console/",
    "/targets/dev-read/credentials/",
    "/targets/dev-uploads/credentials/",
)

GROUPS = {"alice": ("analysts", "developers"), "carol": ("admins",)}


@dataclass(frozen=True)
class Question:
    """A request of somebody."""

    person: str
    address: str
    is_grant: bool = False


@dataclass
class Results:
    """What was answered while something was away."""

    pages: list[float] = field(default_factory=list)
    grants: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Answers that may not be, and leaks."""


def measure() -> Iterator[Figures]:
    """Let each service be away in each way, and yield a table for each way."""
    secret_keys.use()
    cookies = {name: people.cookie_of(name, groups) for name, groups in GROUPS.items()}
    with running() as fleet:
        questions = list(_questions())
        # what each worker has to read once is no matter here
        _ask_all(fleet, cookies, questions)
        for name, options in MODES.items():
            figures = Figures(f"A service of AWS away: {name} (R3); {len(questions)} requests each")
            for service in SERVICES:
                fault = Fault(service, **options)  # type: ignore[arg-type]
                _measure_fault(figures, fleet, cookies, questions, fault)
            figures.note("tracebacks in the servers' logs", fleet.tracebacks(), goal=0)
            yield figures


def _questions() -> Iterator[Question]:
    """Yield a GET of every address, by those whom it concerns, and grants of each kind."""
    for address in addresses():
        if not address.startswith("/admin/") and not _is_of_balancer(address):
            yield Question("alice", filled(address))
            yield Question("carol", filled(address))
    for address in admin_addresses():
        if "logout" not in address:
            yield Question("carol", admin_path(address))
    for address in GRANTS:
        yield Question("alice", address, is_grant=True)


def _is_of_balancer(address: str) -> bool:
    """Return whether an address is for load balancers: /readyz answers 503 as it should."""
    return address in {"/healthz", "/readyz", "/logout/"}


def _measure_fault(
    figures: Figures,
    fleet: Fleet,
    cookies: dict[str, str],
    questions: list[Question],
    fault: Fault,
) -> None:
    with faults.on(fault, may_miss=True) as [active]:
        results = _ask_all(fleet, cookies, questions)
        met = active.hit
        faults.clear()

    of = f"{fault.service} {fault.mode}"
    figures.note(f"{fault.service}: calls that failed", met)
    figures.note("  p95 of a page", percentile(results.pages, 95), PAGE_P95, "s", of=of)
    figures.note("  longest page", max(results.pages), PAGE_LONGEST, "s", of=of)
    figures.note("  longest grant", max(results.grants), GRANT_LONGEST, "s", of=of)
    figures.note("  wrong answers", len(results.wrong), goal=0, of=of)
    figures.note("  until all goes on", _recovery(fleet, cookies), RECOVERY_SECONDS, "s", of=of)
    for line in results.wrong[:10]:
        print(f"{of}: {line}", file=sys.stderr)


def _ask_all(fleet: Fleet, cookies: dict[str, str], questions: list[Question]) -> Results:
    results = Results()
    tasks = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for question, port in zip(questions, itertools.cycle(fleet.ports), strict=False):
            tasks.append(pool.submit(_ask, port, cookies[question.person], question, results))

    for task in tasks:
        # raises what the asking itself has raised
        task.result()
    return results


def _ask(port: int, cookie: str, question: Question, results: Results) -> None:
    start = time.monotonic()
    try:
        answer = _send(port, cookie, question)
    except (OSError, HTTPException) as error:
        results.wrong.append(f"{question.person} {question.address}: {error!r}")
    else:
        results.wrong += [f"{question.person} {question.address}: {it}" for it in _wrong(answer)]
    seconds = time.monotonic() - start
    (results.grants if question.is_grant else results.pages).append(seconds)


def _send(port: int, cookie: str, question: Question) -> Answer:
    if not question.is_grant:
        return ask_once(port, "GET", question.address, {"Cookie": cookie})

    headers = {
        "Cookie": f"{cookie}; cooper-csrf={load.CSRF_TOKEN}",
        "X-CSRFToken": load.CSRF_TOKEN,
        "Content-Type": FORM,
    }
    return ask_once(port, "POST", question.address, headers, b"duration=900")


def _wrong(answer: Answer) -> Iterator[str]:
    """Yield what is wrong with an answer."""
    if answer.status_code not in ALLOWED:
        yield f"status {answer.status_code}"
    if "X-Request-Id" not in answer.headers:
        yield "no request id"
    leak = LEAKS.search(answer.text)
    if answer.status_code >= 400 and leak:
        yield f"status {answer.status_code} with {leak[0]!r}"


def _recovery(fleet: Fleet, cookies: dict[str, str]) -> float:
    """Return the seconds until every server shows home and grants again."""
    start = time.monotonic()
    for port in fleet.ports:
        while not _goes_on(port, cookies["alice"]):
            assert time.monotonic() < start + RECOVERY_PATIENCE, "it does not go on"
            time.sleep(0.1)
    return time.monotonic() - start


def _goes_on(port: int, cookie: str) -> bool:
    questions = (Question("alice", "/"), Question("alice", GRANTS[1], is_grant=True))
    return all(_send(port, cookie, question).status_code == 200 for question in questions)
