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
from core.errors import CooperError

logger = logging.getLogger(__name__)

FRESH_SECONDS = 10.0
"""Age up to which a report is given as it is."""

STALE_SECONDS = 30.0
"""Age from which a report is not given any more: whoever asks waits for the new one."""

PATIENCE = 5.0
"""Seconds that a check may take for each service."""


@dataclass(frozen=True)
class Report:
    """What a check found."""

    problems: dict[str, str] = field(default_factory=dict)
    """What is wrong, by service."""
    at: float = 0.0
    """When it was checked, in seconds of the monotonic clock."""

    @property
    def ready(self) -> bool:
        """Whether everything that a grant needs is there."""
        return not self.problems


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


def _check_sts() -> None:
    aws.caller_identity()


CHECKS: dict[str, Callable[[], None]] = {
    "DynamoDB": _check_storage,
    "audit": _check_audit_log,
    "KMS": _check_kms_key,
    "STS": _check_sts,
}


def check_services() -> Report:
    """Call every service once, all at the same time; takes about PATIENCE seconds at most."""
    problems: dict[str, str] = {}
    threads: dict[str, threading.Thread] = {}
    for name, check in CHECKS.items():
        thread = threading.Thread(target=_run_check, args=(name, check, problems), daemon=True)
        threads[name] = thread
        thread.start()

    # a thread that hangs goes on by itself: waiting for it would stop every later report
    end = time.monotonic() + PATIENCE
    for name, thread in threads.items():
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            problems[name] = f"no answer within {PATIENCE:.0f} s"
    return Report(dict(sorted(problems.items())), time.monotonic())


def _run_check(name: str, check: Callable[[], None], problems: dict[str, str]) -> None:
    # stays there when the check fails in an unexpected way
    problems[name] = "the check itself failed; see the log"
    try:
        with aws.deadline(PATIENCE):
            check()
        del problems[name]
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
            problems_before = self._report.problems
            self._report = self._check()
            if self._report.problems != problems_before:
                logger.warning("readiness: %s", self._report.problems or "everything answers")
        finally:
            self._is_renewing = False
            renewed.set()


watch = Watch()


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process is alive, and which version it is."""
    return HttpResponse(f"cooper {__version__} ok", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer whether cooper could grant; administrators see what is wrong."""
    report = watch.report()
    lines = ["ok" if report.ready else "not ready"]
    if _is_administrator(request):
        services = sorted({*CHECKS, *report.problems})
        lines += [f"{service}: {report.problems.get(service, 'ok')}" for service in services]
        # workers whose numbers differ for long do not see the same targets
        lines.append(f"catalogue of this worker: {catalogue.describe()}")

    status = 200 if report.ready else 503
    return HttpResponse("\n".join(lines), status=status, content_type="text/plain; charset=utf-8")


def not_prepared(problem: str) -> HttpResponse:
    """Answer that this worker cannot grant yet, and why."""
    text = f"not ready: {problem}"
    return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")


def _is_administrator(request: HttpRequest) -> bool:
    # there is no user when DynamoDB did not answer
    user = getattr(request, "user", None)
    return user is not None and user.is_authenticated and user.has_perm("cooper.administer")
