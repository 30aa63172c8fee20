"""Is the process alive, and could it grant? Load balancers ask often, and anybody may ask.

So the answer comes from a check in the background, whose report is kept for some seconds.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from brokers import catalogue
from core import __version__, aws, installation, kms
from core.audit import AuditEvent
from core.aws import clock
from core.errors import CooperError

logger = logging.getLogger(__name__)

FRESH_SECONDS = 2.0
"""Age up to which a report is given as it is. With PATIENCE: what is away is named within 5 s."""

STALE_SECONDS = 5.0
"""Age from which a report is not given any more: whoever asks waits for the new one."""

PATIENCE = 3.0
"""Seconds that a check may take for each service."""

CLOCK = "clock"
"""What is named in place of the services that refuse what is signed at another time than theirs."""


@dataclass(frozen=True)
class Report:
    """What a check found."""

    problems: dict[str, str] = field(default_factory=dict)
    """What is wrong, by service."""
    at: float = 0.0
    """When it was checked, in seconds of the monotonic clock."""
    notes: dict[str, str] = field(default_factory=dict)
    """What somebody should mend, though nothing is kept from working by it yet."""

    @property
    def ready(self) -> bool:
        """Whether everything that a grant needs is there."""
        return not self.problems

    @property
    def lines(self) -> dict[str, str]:
        """What operators read, by service."""
        return {**self.notes, **self.problems}

    @property
    def names(self) -> list[str]:
        """What is wrong, in words that anybody may read: the cause alone, where one is known."""
        if CLOCK in self.problems:
            return [CLOCK]
        return list(self.problems)


def _check_storage() -> None:
    installation.refuse_other_schema()


def _check_audit_log() -> None:
    # without the audit log nothing is granted
    list(AuditEvent.query("ready", limit=1, consistent_read=True))


def _check_kms_key() -> None:
    """Use the KMS key once: to describe it may be allowed where to decrypt is not."""
    key_arn = kms.usable_key_arn(settings.COOPER_KMS_KEY)
    context = {"cooper:purpose": "readiness", "cooper:tables": settings.COOPER_TABLE_PREFIX}
    ciphertext = kms.encrypt(b"ready", key_arn, context)
    kms.decrypt(ciphertext, context)


def _check_sts() -> str:
    """Return how far this server's clock is off, "" where it hardly is: STS says the time."""
    aws_time = aws.aws_time()
    if clock.seconds_off(aws_time) < clock.WORTH_SAYING:
        return ""
    return f"{clock.describe(aws_time)} {clock.CORRECT_IT}"


STORAGE = "DynamoDB"

CHECKS: dict[str, Callable[[], str | None]] = {
    STORAGE: _check_storage,
    "audit": _check_audit_log,
    "KMS": _check_kms_key,
    "STS": _check_sts,
}


def check_services() -> Report:
    """Call every service once, all at the same time; takes about PATIENCE seconds at most."""
    problems: dict[str, str] = {}
    notes: dict[str, str] = {}
    threads: dict[str, threading.Thread] = {}
    for name, check in CHECKS.items():
        arguments = (name, check, problems, notes)
        thread = threading.Thread(target=_run_check, args=arguments, daemon=True)
        threads[name] = thread
        thread.start()

    # a thread that hangs goes on by itself: waiting for it would stop every later report
    end = time.monotonic() + PATIENCE
    for name, thread in threads.items():
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            problems[name] = f"no answer within {PATIENCE:.0f} s"
    return Report(dict(sorted(problems.items())), time.monotonic(), dict(notes))


def _run_check(
    name: str,
    check: Callable[[], str | None],
    problems: dict[str, str],
    notes: dict[str, str],
) -> None:
    # stays there when the check fails in an unexpected way
    problems[name] = "the check itself failed; see the log"
    try:
        with aws.deadline(PATIENCE):
            clock_note = check()
        del problems[name]
        if clock_note:
            notes[CLOCK] = clock_note
    except aws.WrongClock as error:
        problems[name] = error.detail
        problems[CLOCK] = error.message
    except CooperError as error:
        # only administrators see it
        problems[name] = error.detail


class Watch:
    """Keeps the newest report, and has it renewed in the background while somebody asks."""

    def __init__(self, check: Callable[[], Report] = check_services) -> None:
        self._check = check
        self._report = Report(at=float("-inf"))
        self._lock = threading.Lock()
        self._is_renewing = False
        self._renewed = threading.Event()

    def report(self) -> Report:
        """Return a report younger than STALE_SECONDS."""
        age = time.monotonic() - self._report.at
        if age < FRESH_SECONDS:
            return self._report

        renewed = self._start_renewal()
        if age >= STALE_SECONDS and not renewed.wait(PATIENCE + 1):
            return Report({"check": "still under way"}, time.monotonic())
        return self._report

    def _start_renewal(self) -> threading.Event:
        """Start a check unless one is running; return the event of its end."""
        with self._lock:
            if not self._is_renewing:
                self._is_renewing = True
                self._renewed = threading.Event()
                thread = threading.Thread(target=self._renew, args=(self._renewed,), daemon=True)
                thread.start()
            return self._renewed

    def _renew(self, renewed: threading.Event) -> None:
        """Check, log a change, and wake whoever waits."""
        try:
            before = self._report
            self._report = self._check()
            # of the same ones the details differ each time: they have the time in them
            if _what_is_told(self._report) != _what_is_told(before):
                logger.warning("readiness: %s", self._report.lines or "everything answers")
        finally:
            self._is_renewing = False
            renewed.set()


def _what_is_told(report: Report) -> tuple[set[str], set[str]]:
    return set(report.problems), set(report.notes)


watch = Watch()


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process is alive, and which version it is."""
    return HttpResponse(f"cooper {__version__} ok", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer whether cooper could grant, and what is away; administrators see the details."""
    report = watch.report()
    lines = ["ok"]
    if not report.ready:
        lines = [f"not ready: {', '.join(report.names)}"]

    if _is_administrator(request):
        services = sorted({*CHECKS, CLOCK, *report.lines})
        lines += [f"{service}: {report.lines.get(service, 'ok')}" for service in services]
        # workers whose numbers differ for long do not see the same targets
        lines.append(f"catalogue of this worker: {catalogue.describe()}")
    elif CLOCK in report.problems:
        # nobody can be known as an administrator then, and every page says it too
        lines.append(report.problems[CLOCK])

    status = 200 if report.ready else 503
    return HttpResponse("\n".join(lines), status=status, content_type="text/plain; charset=utf-8")


def is_storage_away() -> bool:
    """Return whether nobody's session can be read, an administrator's neither."""
    return STORAGE in watch.report().problems


def not_prepared(problem: str) -> HttpResponse:
    """Answer that this worker cannot grant yet, and why."""
    text = f"not ready: {problem}"
    return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")


def _is_administrator(request: HttpRequest) -> bool:
    # there is no user when DynamoDB did not answer
    user = getattr(request, "user", None)
    return user is not None and user.is_authenticated and user.has_perm("cooper.administer")
