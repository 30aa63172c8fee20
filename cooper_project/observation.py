"""What the metrics page tells though nobody asks: looked at every half a minute.

Each worker looks at its own catalogue. What is the same for all of a server, one of them asks: that
is some eight calls of AWS, which the others need not make too.
"""

import fcntl
import logging
import math
import os
import threading
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import IO

from accounts.providers.saml import certificate_ends
from brokers import catalogue
from cooper_project import health
from core import aws, metrics
from core.errors import CooperError

logger = logging.getLogger(__name__)

LOOK_EVERY = 30.0
"""Seconds between two looks at what grants need, and at the catalogue."""

TURN_EVERY = 1.0
"""Seconds between two tries to take the turn of a worker that has ended."""

CERTIFICATES_EVERY = 20
"""Looks of which one looks at the certificates too: every ten minutes."""

PATIENCE = 10.0
"""Seconds that each of the looks may take."""


LOCK = "asks-for-all.lock"
"""The file, in the folder of metrics, whose lock one worker of a server has until it ends."""


class Turn:
    """Which worker of a server asks for all of them."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None

    def is_ours(self) -> bool:
        """Return whether it is this one, which may change when another one ends.

        Where that cannot be told, each asks.
        """
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
        if self._file or not folder:
            return True
        try:
            self._file = _locked(Path(folder) / LOCK)
        except BlockingIOError:
            return False
        except OSError as error:
            logger.debug("no lock: %s", error)
        return True


def _locked(path: Path) -> IO[bytes]:
    """Return the file with its lock; raise BlockingIOError where another process has that."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


turn = Turn()


def start() -> None:
    """Look again and again, in the background, as long as the process runs."""
    threading.Thread(target=_look_forever, name="observation", daemon=True).start()


def _look_forever() -> None:
    looks_for_all = 0
    while True:
        for_all = turn.is_ours()
        try:
            look(for_all=for_all, with_certificates=looks_for_all % CERTIFICATES_EVERY == 0)
        except Exception as error:  # the next look may work
            logger.error("the metrics page is not brought up to date", exc_info=error)

        if for_all:
            looks_for_all += 1
        _pause(has_turn=for_all)


def _pause(*, has_turn: bool) -> None:
    """Wait for the next look, or until the worker that had the turn has ended."""
    end = time.monotonic() + LOOK_EVERY
    while time.monotonic() < end:
        time.sleep(TURN_EVERY)
        if not has_turn and turn.is_ours():
            return


def look(*, for_all: bool = True, with_certificates: bool = True) -> None:
    """Set the gauges of core.metrics anew; what cannot be read stays as it was.

    `for_all`: those too that are the same for all workers, and `with_certificates` all of these.
    """
    if for_all:
        _look_at_services()

    try:
        with aws.deadline(PATIENCE):
            _look_at_catalogue()
            if for_all and with_certificates:
                _look_at_certificates()
    except CooperError as error:
        # readiness tells of it
        logger.debug("not observed: %s", error.detail)


def _look_at_services() -> None:
    problems = health.watch.report().problems
    for service in health.CHECKS:
        metrics.READY.labels(service).set(service not in problems)


def _look_at_catalogue() -> None:
    catalogue_now = catalogue.current()
    metrics.CATALOGUE_READ.set_to_current_time()

    associations = sum(map(len, catalogue_now.associations_by_target.values()))
    metrics.CATALOGUE_ITEMS.labels("target").set(len(catalogue_now.targets))
    metrics.CATALOGUE_ITEMS.labels("association").set(associations)
    metrics.CATALOGUE_ITEMS.labels("AWS account").set(len(catalogue_now.accounts))


def _look_at_certificates() -> None:
    _set_end("identity provider", certificate_ends.ends_at_idps())
    _set_end("cooper", certificate_ends.own_ends())


def _set_end(owner: str, ends: Iterable[datetime]) -> None:
    """Set the first end; where there is no certificate, none ever ends."""
    first = min((end.timestamp() for end in ends), default=math.inf)
    metrics.CERTIFICATE_END.labels(owner).set(first)
