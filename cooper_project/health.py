"""Is the process alive, and could it grant? Anybody may ask, often: the answer comes from a check in the background."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from core import aws, installation, kms
from core.audit import AuditEvent
from core.errors import CooperError

logger = logging.getLogger(__name__)

KEPT = 10.0
"""Seconds that an answer is good for, whoever asks."""

TOO_OLD = 30.0
"""Seconds after which an answer is not given any more without waiting for a new one."""

PATIENCE = 5.0
"""Seconds that one who asks waits, and that a check may take for each service."""


@dataclass(frozen=True)
class Report:
    """What a check found: what is wrong, by service; and when (seconds, monotonic)."""

    wrong: dict[str, str] = field(default_factory=dict)
    at: float = 0.0

    @property
    def ready(self) -> bool:
        """Return whether everything that a grant needs is there."""
        return not self.wrong


def _storage() -> None:
    """Read the schema version."""
    installation.refuse_other_schema()


def _record() -> None:
    """Read from the audit table: without it nothing is granted."""
    list(AuditEvent.query("ready", limit=1, consistent_read=True))


def _key() -> None:
    """Look at the KMS key."""
    kms.usable_key_arn(settings.COOPER_KMS_KEY)


def _sts() -> None:
    """Ask STS who cooper is."""
    aws.caller_identity()


CHECKS: dict[str, Callable[[], None]] = {
    "DynamoDB": _storage,
    "audit": _record,
    "KMS": _key,
    "STS": _sts,
}


def look() -> Report:
    """Ask every service once, all at the same time; takes about PATIENCE seconds at most."""
    found: dict[str, str] = {}
    threads = [
        threading.Thread(target=_try, args=(*each, found), daemon=True) for each in CHECKS.items()
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + PATIENCE
    for name, thread in zip(CHECKS, threads, strict=True):
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            found[name] = f"no answer within {PATIENCE:.0f} s"
    return Report(dict(sorted(found.items())), time.monotonic())


def _try(name: str, check: Callable[[], None], found: dict[str, str]) -> None:
    """Ask one service and note what is wrong with it."""
    # stays when the check fails in a way that nobody thought of
    found[name] = "the check itself failed; see the log"
    try:
        with aws.deadline(PATIENCE):
            check()
        del found[name]
    except CooperError as error:
        found[name] = error.detail


class Watch:
    """Holds the newest report, and has it renewed in the background while somebody asks."""

    def __init__(self, check: Callable[[], Report] = look) -> None:
        """Begin with no report."""
        self._check, self._report = check, Report(at=float("-inf"))
        self._lock, self._renewal = threading.Lock(), threading.Event()
        self._renewing = False

    def report(self) -> Report:
        """Return a report that is not TOO_OLD; one older than KEPT is being renewed meanwhile."""
        age = time.monotonic() - self._report.at
        renewal = self._begin() if age >= KEPT else None
        if renewal and age >= TOO_OLD and not renewal.wait(PATIENCE + 1):
            return Report({"check": "still under way"}, time.monotonic())
        return self._report

    def _begin(self) -> threading.Event:
        """Begin a check unless one is under way; return what tells its end."""
        with self._lock:
            if not self._renewing:
                self._renewing, self._renewal = True, threading.Event()
                threading.Thread(target=self._renew, args=(self._renewal,), daemon=True).start()
            return self._renewal

    def _renew(self, renewal: threading.Event) -> None:
        """Check, tell the log when the answer changes, and wake those who wait."""
        try:
            before, self._report = self._report, self._check()
            if before.wrong != self._report.wrong:
                logger.warning("readiness: %s", self._report.wrong or "everything answers")
        finally:
            self._renewing = False
            renewal.set()


watch = Watch()


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether cooper could grant; what is wrong is told to administrators alone."""
    found = watch.report()
    lines = ["ok" if found.ready else "not ready"]
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated and user.has_perm("cooper.administer"):
        lines += [
            f"{name}: {found.wrong.get(name, 'ok')}" for name in sorted({*CHECKS, *found.wrong})
        ]
    return HttpResponse(
        "\n".join(lines), status=200 if found.ready else 503, content_type="text/plain"
    )
