"""What is counted for Prometheus: one object for each metric, that any package counts with.

Labels say of what kind something is, never who, which target, which group or which AWS account: the
metrics page is read by people who may not know, and each value would be a series of its own.

Where a server runs, each worker keeps its numbers in a file of PROMETHEUS_MULTIPROC_DIR, which has
to be set before this is imported (`cooper_project.serving.metrics_folder`). Elsewhere (commands,
tests) they stay in memory and go with the process.
https://prometheus.github.io/client_python/multiprocess/
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from core import __version__

OTHER = "other"
"""The label of what none of the known values fits."""

# -- grants and people -----------------------------------------------------------------------------
GRANT_OUTCOMES = ("done", "refused", "stopped", "failed")
"""`refused` before the intent, `stopped` by the check after it, `failed` at AWS."""

WAYS = ("console", "credentials", "command line", "several")

GRANTS = Counter("cooper_grants", "Grants by outcome and way.", ["outcome", "way"])

PROVIDERS = ("local", "identity provider")

SIGN_INS = Counter(
    "cooper_sign_ins", "Sign-ins by kind of identity provider and outcome.", ["provider", "outcome"]
)

STEP_UPS = Counter("cooper_step_ups", "One-time codes that were checked, by outcome.", ["outcome"])

DONE_OR_REFUSED = ("done", "refused")

WRITES_FAILED = Counter(
    "cooper_writes_failed", "Writes that DynamoDB did not do, or did not confirm.", ["table"]
)

# -- AWS -------------------------------------------------------------------------------------------
CALL = ("service", "operation")

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Buckets of times; a grant has 10 seconds in all."""

AWS_CALL_SECONDS = Histogram(
    "cooper_aws_call_seconds", "Times of calls to AWS, with their retries.", CALL, buckets=SECONDS
)

AWS_RETRIES = Counter("cooper_aws_retries", "Tries of calls to AWS after the first one.", CALL)

FAILURES = ("denied", "throttled", "fault", "no answer", "conflict", OTHER)

AWS_FAILURES = Counter(
    "cooper_aws_failures", "Calls that AWS did not do, by kind of failure.", [*CALL, "failure"]
)

STS_PLACES = Gauge(
    "cooper_sts_places", "Calls to STS that may be under way at once.", multiprocess_mode="livesum"
)

STS_PLACES_TAKEN = Gauge(
    "cooper_sts_places_taken", "Calls to STS that are under way.", multiprocess_mode="livesum"
)

STS_PLACES_FULL = Counter(
    "cooper_sts_places_full", "Grants that were given up because no place at STS got free."
)

# -- what workers know -----------------------------------------------------------------------------
CATALOGUE_ITEMS = Gauge(
    "cooper_catalogue_items",
    "Targets, associations and AWS accounts that a worker knows (the fewest).",
    ["kind"],
    multiprocess_mode="livemin",
)

CATALOGUE_READ = Gauge(
    "cooper_catalogue_read_timestamp_seconds",
    "When a worker last knew that its catalogue is the newest one (the oldest of them).",
    multiprocess_mode="livemin",
)

CERTIFICATE_END = Gauge(
    "cooper_certificate_end_timestamp_seconds",
    "When the first certificate ends, by whose it is.",
    ["owner"],
    multiprocess_mode="livemin",
)

READY = Gauge(
    "cooper_ready",
    "1 where a service that grants need answers the worker that asks, else 0.",
    ["service"],
    multiprocess_mode="livemin",
)

# -- processes -------------------------------------------------------------------------------------
BUILD_INFO = Gauge(
    "cooper_build_info", "1 for each version that serves.", ["version"], multiprocess_mode="livemax"
)

WORKER_STARTS = Counter("cooper_worker_starts", "Workers that were started.")

STATUSES = ("2xx", "3xx", "4xx", "5xx")

REQUESTS = Counter("cooper_requests", "Requests by the class of their status.", ["status"])

REQUEST_SECONDS = Histogram("cooper_request_seconds", "Times of requests.", buckets=SECONDS)

# -- shipping: on the shipper's own page -----------------------------------------------------------
SHIP_LAG = Gauge(
    "cooper_ship_lag_seconds",
    "Age of the oldest event that a sink may not have yet.",
    ["sink"],
    multiprocess_mode="livemax",
)

SHIP_BATCHES = Counter("cooper_ship_batches", "Batches that a sink took.", ["sink"])

SHIP_FAILURES = Counter(
    "cooper_ship_failures",
    "Batches that a sink did not take, readings and signatures that failed.",
    ["sink"],
)

TIMELINESS = ("in time", "late")

SHIP_EVENTS = Counter(
    "cooper_ship_events", "Events that were put into batches, in time or late.", ["when"]
)

TAMPERINGS = ("changed", "missing")

SHIP_TAMPERED = Counter(
    "cooper_ship_tampered_events",
    "Events of the last days that are not as they were sent, counted at each comparison.",
    ["how"],
)


SHIP_RESTORED = Counter(
    "cooper_ship_restored",
    "Times that places had batches which the shipper's table knew nothing of.",
)


def count_grant(outcome: str, way: str, *, is_one_of_several: bool = False) -> None:
    """Count a grant with its outcome; `way` is its `brokers.grants.Delivery`."""
    known_way = _known(way, WAYS)
    if is_one_of_several:
        known_way = "several"

    GRANTS.labels(_known(outcome, GRANT_OUTCOMES), known_way).inc()


def count_sign_in(provider: str, outcome: str) -> None:
    """Count a sign-in; of the provider, whose id is given, only the kind is kept."""
    kind = "local"
    if provider != kind:
        kind = "identity provider"

    SIGN_INS.labels(kind, _known(outcome, DONE_OR_REFUSED)).inc()


def count_step_up(outcome: str) -> None:
    """Count a one-time code that was checked."""
    STEP_UPS.labels(_known(outcome, DONE_OR_REFUSED)).inc()


def count_aws_call(
    service: str, operation: str, seconds: float, *, retries: int = 0, failure: str = ""
) -> None:
    """Count a call to AWS; `failure` is one of FAILURES, "" for one that AWS did."""
    AWS_CALL_SECONDS.labels(service, operation).observe(seconds)
    if retries > 0:
        AWS_RETRIES.labels(service, operation).inc(retries)
    if failure:
        AWS_FAILURES.labels(service, operation, _known(failure, FAILURES)).inc()


@contextmanager
def sts_place_taken() -> Iterator[None]:
    """Count the block as a call to STS that is under way."""
    STS_PLACES_TAKEN.inc()
    try:
        yield
    finally:
        STS_PLACES_TAKEN.dec()


def count_request(status: int, seconds: float) -> None:
    """Count a request with the status of its answer."""
    REQUESTS.labels(_known(f"{status // 100}xx", STATUSES)).inc()
    REQUEST_SECONDS.observe(seconds)


def begin_worker(sts_places: int) -> None:
    """Let the page show a worker from its start on, with a zero for all that it may count.

    Prometheus sees no increase in a series whose first value is 1.
    """
    BUILD_INFO.labels(__version__).set(1)
    WORKER_STARTS.inc()
    STS_PLACES.set(sts_places)

    _begin(GRANTS, GRANT_OUTCOMES, WAYS)
    _begin(SIGN_INS, PROVIDERS, DONE_OR_REFUSED)
    _begin(STEP_UPS, DONE_OR_REFUSED)
    _begin(WRITES_FAILED, ("audit",))
    _begin(REQUESTS, STATUSES)


def begin_shipper(sinks: Iterable[str]) -> None:
    """Let the shipper's page show a zero for all that it may count, as `begin_worker` does."""
    BUILD_INFO.labels(__version__).set(1)

    names = list(sinks)
    _begin(SHIP_BATCHES, names)
    _begin(SHIP_FAILURES, [*names, "audit log", "signing"])
    _begin(SHIP_EVENTS, TIMELINESS)
    _begin(SHIP_TAMPERED, TAMPERINGS)


def shipper_page() -> CollectorRegistry:
    """Return what the shipper's own page shows."""
    page = CollectorRegistry()
    for metric in (
        BUILD_INFO,
        SHIP_LAG,
        SHIP_BATCHES,
        SHIP_FAILURES,
        SHIP_EVENTS,
        SHIP_TAMPERED,
        SHIP_RESTORED,
    ):
        page.register(metric)
    return page


def _begin(counter: Counter, *values: Iterable[str]) -> None:
    for labels in product(*values):
        counter.labels(*labels)


def _known(value: str, values: tuple[str, ...]) -> str:
    """Return the value, or OTHER: the number of series has a bound whatever comes."""
    if value in values:
        return value
    return OTHER
