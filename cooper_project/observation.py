"""What the metrics page tells of a worker though nobody asks: looked at every half a minute."""

import logging
import math
import threading
import time
from collections.abc import Iterable
from datetime import datetime

from accounts.providers.saml import certificate_ends
from brokers import catalogue
from cooper_project import health
from core import aws, metrics
from core.errors import CooperError

logger = logging.getLogger(__name__)

LOOK_EVERY = 30.0
"""Seconds between two looks at what grants need, and at the catalogue."""

CERTIFICATES_EVERY = 20
"""Looks of which one looks at the certificates too: every ten minutes."""

PATIENCE = 10.0
"""Seconds that each of the looks may take."""


def start() -> None:
    """Look again and again, in the background, as long as the process runs."""
    threading.Thread(target=_look_forever, name="observation", daemon=True).start()


def _look_forever() -> None:
    number = 0
    while True:
        try:
            look(with_certificates=number % CERTIFICATES_EVERY == 0)
        except Exception as error:  # the next look may work
            logger.error("the metrics page is not brought up to date", exc_info=error)

        number += 1
        time.sleep(LOOK_EVERY)


def look(*, with_certificates: bool = True) -> None:
    """Set the gauges of core.metrics anew; what cannot be read stays as it was."""
    problems = health.watch.report().problems
    for service in health.CHECKS:
        metrics.READY.labels(service).set(service not in problems)

    try:
        with aws.deadline(PATIENCE):
            _look_at_catalogue()
            if with_certificates:
                _look_at_certificates()
    except CooperError as error:
        # readiness tells of it
        logger.debug("not observed: %s", error.detail)


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
