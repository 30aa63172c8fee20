"""One line for each request: its method, path, status and time. Never its query, body or headers.

Queries carry what a sign-in hands over (`code`, `SAMLRequest`); no path of cooper's has a secret.
Load balancers' probes and static files, where all is well with them, are left out; so is what a
worker asks of itself.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from core import metrics

logger = logging.getLogger("cooper.access")

PROBES = ("/healthz", "/readyz")

REHEARSAL = "cooper.rehearsal"
"""What a request has in its WSGI environment that a worker makes of itself to get warm.

Nobody waits for it. No client can say so: its headers begin with HTTP_ there.
"""


@dataclass
class Answer:
    """What came of a request: a fault, until it says something else."""

    status: int = 500


@contextmanager
def answered(request: HttpRequest) -> Iterator[Answer]:
    """Count the block as a request, and write its line; the block says what the answer was."""
    began = time.monotonic()
    answer = Answer()
    try:
        yield answer
    finally:
        if REHEARSAL not in request.META:
            _tell(request, answer.status, time.monotonic() - began)


def _tell(request: HttpRequest, status: int, seconds: float) -> None:
    metrics.count_request(status, seconds)
    if settings.COOPER_ACCESS_LOG and not _goes_without_saying(request.path, status):
        _write(request, status, seconds)


def _goes_without_saying(path: str, status: int) -> bool:
    is_of_machines = path in PROBES or path.startswith(settings.STATIC_URL)
    return is_of_machines and status < 400


def _write(request: HttpRequest, status: int, seconds: float) -> None:
    milliseconds = round(seconds * 1_000)
    facts = {
        "method": request.method,
        "path": request.path,
        "status": status,
        "milliseconds": milliseconds,
    }
    line = "%s %s %d in %d ms"
    logger.info(line, request.method, request.path, status, milliseconds, extra=facts)
