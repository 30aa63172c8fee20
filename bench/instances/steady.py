"""Hours of an ordinary day: pages and grants at a steady pace, and what the processes hold.

2,000 targets, 10,000 associations and 500 groups; AWS (`bench.stub_aws`) takes its usual time, and
once in a minute somebody edits a target.
"""

import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import load
from bench.instances.fleet import Fleet, running
from bench.instances.metrics_pages import MetricsPages, grants_done
from bench.instances.pace import OK, Load, Request, loaded, percentile
from bench.processes import Stub
from bench.scale_data import association, target
from bench.stub_aws import people
from bench.timing import Figures
from brokers import aws_accounts, catalogue
from brokers.models import Target
from core import aws, dynamo

MINUTES = 30.0

TARGETS = 2_000
GROUPS = 500
GROUPS_OF_TARGET = 5
ACCOUNTS = 200
PEOPLE = 100
GROUPS_OF_PERSON = 4

PAGES = 20
"""A second, and one grant."""

DYNAMODB_MILLISECONDS = 5.0
STS_MILLISECONDS = 80.0

SAMPLES = 120
"""Times that the processes are looked at."""

EDIT_SECONDS = 60.0

PAGE_P95 = 300.0
METRICS_P95 = 300.0
GRANT_P95 = 700.0
SLOPE = 5.0
"""MiB an hour, of all processes together."""

MORE_FILES = 5
MORE_THREADS = 2

BATCH = 25
"""Items that one BatchWriteItem takes."""


def measure(stub: Stub, minutes: float = MINUTES) -> Figures:
    """Measure, and return the figures."""
    _fill_tables()
    persons = list(_sign_in())
    stub.set_milliseconds(DYNAMODB_MILLISECONDS, STS_MILLISECONDS)
    with running() as fleet:
        requests = _requests(fleet, persons)
        # caches and pools are filled first
        with loaded(requests, PAGES + 1):
            time.sleep(min(60.0, minutes * 6))
        pages = MetricsPages(fleet.metrics_ports)
        done_before = grants_done(pages.fetch())
        with loaded(requests, PAGES + 1) as under_load:
            samples = _watch(fleet, pages, minutes * 60)
        counted = grants_done(pages.fetch()) - done_before
        tracebacks = fleet.tracebacks()

    figures = Figures(f"{minutes:.0f} minutes of {PAGES} pages and a grant a second (R11)")
    _note_requests(figures, under_load)
    _note_processes(figures, samples)
    done = [outcome for outcome in under_load.of("grant") if outcome.status == OK]
    _note_metrics_pages(figures, pages, abs(counted - len(done)))
    figures.note("tracebacks in the servers' logs", tracebacks, goal=0)
    return figures


# -- the installation ------------------------------------------------------------------------------
def _fill_tables() -> None:
    for number in range(ACCOUNTS):
        aws_accounts.ensure_account(f"{100_000_000_000 + number}")

    # straight into the tables: the servers read all of it when they start
    targets = [target(number) for number in range(TARGETS)]
    _write("targets", targets)
    _write("associations", [_association(number) for number in range(TARGETS * GROUPS_OF_TARGET)])


def _association(number: int) -> dict[str, object]:
    name = f"target-{number // GROUPS_OF_TARGET:06}"
    return dict(association(name, f"local:team-{number % GROUPS}"))


def _write(table: str, items: list[dict[str, object]]) -> None:
    [name] = [
        str(model.Meta.table_name)
        for model in dynamo.documents()
        if str(model.Meta.table_name).endswith(f"-{table}")
    ]
    for start in range(0, len(items), BATCH):
        puts = [{"PutRequest": {"Item": item}} for item in items[start : start + BATCH]]
        aws.client("dynamodb").batch_write_item(RequestItems={name: puts})


@dataclass(frozen=True)
class _Somebody:
    cookie: str
    targets: list[str]
    """What they may become at once: enabled, and asking for no code."""


def _sign_in() -> Iterator[_Somebody]:
    for number in range(PEOPLE):
        teams = [(number * 7 + step * 131) % GROUPS for step in range(GROUPS_OF_PERSON)]
        groups = tuple(f"team-{team}" for team in teams)
        name = f"bench-{number:03}"
        people.add([name], groups)
        yield _Somebody(people.cookie_of(name, groups), list(_targets_of(teams)))


def _targets_of(teams: list[int]) -> Iterator[str]:
    for number in range(TARGETS):
        first = number * GROUPS_OF_TARGET % GROUPS
        is_theirs = any(first <= team < first + GROUPS_OF_TARGET for team in teams)
        is_plain = number % 11 and number % 1_000
        if is_theirs and is_plain:
            yield f"target-{number:06}"


# -- the load --------------------------------------------------------------------------------------
def _requests(fleet: Fleet, persons: list[_Somebody]) -> Iterator[Request]:
    """Yield pages of all kinds, and after so many of them a grant."""
    chance = random.Random(1)  # noqa: S311 - no secret
    everybody = zip(itertools.cycle(persons), itertools.cycle(fleet.ports), strict=False)
    for number, (somebody, port) in enumerate(everybody):
        name = chance.choice(somebody.targets)
        if number % (PAGES + 1) == 0:
            yield Request("grant", load.become(name, somebody.cookie), port)
            continue

        path = chance.choice(("/", "/", f"/targets/{name}/", f"/?q={name[-4:]}", "/me/"))
        yield Request("page", load.page(path, somebody.cookie), port)


def _edit(number: int) -> None:
    """Change a target, as an administrator does."""
    edited = Target.find(f"target-{number % TARGETS:06}")
    edited.title = f"Edited {number}"
    catalogue.edit(lambda writes: writes.save(edited), str(edited.name))


# -- the processes ---------------------------------------------------------------------------------
@dataclass
class _Samples:
    """What all processes held together, each time that they were looked at."""

    hours: list[float] = field(default_factory=list)
    mebibytes: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    cores: float = 0.0


def _watch(fleet: Fleet, pages: MetricsPages, seconds: float) -> _Samples:
    """Look at the processes at intervals, and edit a target once in a while."""
    samples = _Samples()
    cpu = sum(server.cpu_seconds() for server in fleet.servers)
    start = time.monotonic()
    edits = 0
    for number in range(SAMPLES):
        time.sleep(max(0.0, start + number * seconds / SAMPLES - time.monotonic()))
        elapsed = time.monotonic() - start
        _sample(fleet, samples, elapsed / 3600)
        pages.fetch()
        if elapsed >= edits * EDIT_SECONDS:
            _edit(edits)
            edits += 1
            print(
                f"{elapsed / 60:.0f} min: {samples.mebibytes[-1]:.0f} MiB, "
                f"{samples.files[-1]} files, {samples.threads[-1]} threads",
                file=sys.stderr,
            )
    used = sum(server.cpu_seconds() for server in fleet.servers) - cpu
    samples.cores = used / (time.monotonic() - start)
    return samples


def _sample(fleet: Fleet, samples: _Samples, hours: float) -> None:
    pids = [pid for server in fleet.servers for pid in server.pids()]
    samples.hours.append(hours)
    samples.mebibytes.append(sum(sum(server.memory_mebibytes()) for server in fleet.servers))
    samples.files.append(sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids))
    samples.threads.append(sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids))


# -- figures ---------------------------------------------------------------------------------------
def _note_requests(figures: Figures, under_load: Load) -> None:
    failed = Counter(outcome.status for outcome in under_load.failed())
    figures.note("requests", len(under_load.outcomes))
    figures.note("  failed", failed.total(), goal=0)
    for status in sorted(failed):
        figures.note(f"    {status or 'broken or too late'}", failed[status])
    for kind, goal in (("page", PAGE_P95), ("grant", GRANT_P95)):
        figures.note(f"p95 of a {kind}", under_load.p95(kind) * 1000, goal, "ms")
        figures.note(f"  longest {kind}", under_load.longest(kind) * 1000, unit="ms")
    figures.note("longest gap between two good answers", under_load.longest_gap(), unit="s")


def _note_processes(figures: Figures, samples: _Samples) -> None:
    half = len(samples.hours) // 2
    slope = _slope(samples.hours[half:], samples.mebibytes[half:])
    figures.note("memory of all workers at the end", samples.mebibytes[-1], unit="MiB")
    figures.note("  slope in the second half, an hour", slope, SLOPE, "MiB")
    figures.note("open files, least of the last quarter", _least(samples.files, 3))
    figures.note("  more open files than before that", _growth(samples.files), MORE_FILES)
    figures.note("threads, least of the last quarter", _least(samples.threads, 3))
    figures.note("  more threads than before that", _growth(samples.threads), MORE_THREADS)
    figures.note("cores that all servers used", samples.cores)


def _note_metrics_pages(figures: Figures, pages: MetricsPages, miscounted: int) -> None:
    figures.note("metrics pages that were fetched", len(pages.seconds))
    figures.note("  p95 of one", percentile(pages.seconds, 95) * 1000, METRICS_P95, "ms")
    figures.note("  longest one", max(pages.seconds) * 1000, unit="ms")
    figures.note("  size of the longest", pages.longest / 1024, unit="KiB")
    figures.note("  grants done that they count too many or too few", miscounted, goal=0)


def _slope(hours: list[float], values: list[float]) -> float:
    """Return by how much the values grow in an hour (least squares)."""
    mean_hour = sum(hours) / len(hours)
    mean = sum(values) / len(values)
    together = sum(
        (hour - mean_hour) * (value - mean) for hour, value in zip(hours, values, strict=True)
    )
    return together / sum((hour - mean_hour) ** 2 for hour in hours)


def _least(values: list[int], quarter: int) -> int:
    """Return the least of a quarter of the values (0 to 3): not what is open for a moment only."""
    length = len(values) // 4
    return min(values[quarter * length : (quarter + 1) * length])


def _growth(values: list[int]) -> int:
    return _least(values, 3) - _least(values, 2)
