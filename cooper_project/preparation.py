"""What a worker needs before it may answer: an installation that it may serve, and its keys.

A worker that starts while AWS is away does not end, which would take gunicorn and its other workers
along. It says what is wrong and goes on trying.
"""

import logging
import os
import threading
from collections.abc import Callable

from django.conf import settings

from brokers import catalogue
from cooper_project import start_event
from core import audit_shards, aws, installation, secret_keys, store_identity
from core.dynamo import batch_read
from core.errors import CooperError
from core.installation import STOP_SWITCH_ITEM, Installation
from core.retry import Backoff

logger = logging.getLogger(__name__)

FIRST_TRY_SECONDS = 10.0
"""Seconds that a starting worker waits for its first try: it is usually prepared by then."""

BACKOFF = Backoff(first=1.0, longest=30.0)

STARTING = "cooper is starting. Try again in a few seconds."
FAILED = "cooper cannot start because of an error of its own; its log has it."

DEMO_REFUSED = (
    "These tables hold the demo's people, whose password everybody knows. "
    "Use other tables, or run manage.py cooper_demo."
)


class Preparation:
    """Prepares this process, again and again until it works; until then `problem` says why not."""

    def __init__(self, prepare: Callable[[], None]) -> None:
        """Take what prepares; it raises CooperError while it cannot."""
        self._prepare = prepare
        self._first_try_ended = threading.Event()
        self.problem = STARTING
        """Why no request may be answered, "" when they may."""
        self.is_done = False
        """Whether the process is warm too, and may take another one's place."""

    def start(self, warm_up: Callable[[], None]) -> None:
        """Prepare in the background, then warm up; return after FIRST_TRY_SECONDS at the latest.

        Where the first try fails it returns at once.
        """
        thread = threading.Thread(target=self._try_until_done, args=(warm_up,), daemon=True)
        thread.start()
        self._first_try_ended.wait(FIRST_TRY_SECONDS)

    def finish(self) -> None:
        """Let requests be answered."""
        self.problem = ""

    def refuse(self, problem: str) -> None:
        """Let no request be answered any more, until the process is started anew."""
        self.is_done = False
        self.problem = problem

    def _try_until_done(self, warm_up: Callable[[], None]) -> None:
        attempt = 0
        while not self._try():
            self._first_try_ended.set()
            BACKOFF.sleep(attempt)
            attempt += 1

        warm_up()
        self.is_done = True
        self._first_try_ended.set()

    def _try(self) -> bool:
        """Prepare once; return whether it worked."""
        try:
            self._prepare()
        except CooperError as error:
            self._report(error.message, error.detail)
            return False
        except Exception as error:  # a worker that ended would only be started again
            if self.problem != FAILED:
                logger.error("the worker cannot be prepared", exc_info=error)
            self._report(FAILED, repr(error))
            return False

        self.finish()
        return True

    def _report(self, problem: str, detail: str) -> None:
        """Keep why it did not work, and log it unless that is known."""
        if problem != self.problem:
            logger.warning("this worker cannot serve yet and goes on trying: %s", detail)
        self.problem = problem


def prepare() -> None:
    """Open the installation, and make what the first request would otherwise wait for.

    Raise CooperError when the installation cannot be served, or not now.
    """
    open_installation()
    # every event needs to know them
    audit_shards.current()
    start_event.record()

    # the first client of a service takes 1 to 3 s
    for service in ("dynamodb", "sts", "kms"):
        aws.client(service)
    aws.client("sts", borrowed=True)
    catalogue.current()
    # each request begins with such a read: a policy that lacks it is told before there is one
    batch_read([(Installation, STOP_SWITCH_ITEM)])


def open_installation() -> None:
    """Give Django the secret key of an installation that this process may serve.

    Raise CooperError: not set up, of another version, the demo's, or a key that does not open.
    """
    installation.refuse_other_schema()
    store_identity.refuse_other_tables()
    if installation.is_demo() and not is_embedded():
        raise CooperError(DEMO_REFUSED)

    installation.use_kms_key()
    secret_keys.use()


def is_embedded() -> bool:
    """Return whether this is the demo: it says so, and its AWS is on this machine."""
    if not settings.COOPER_EMBEDDED:
        return False
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    return any(f"//{host}:" in endpoint for host in settings.COOPER_LOOPBACK_HOSTS)


worker = Preparation(prepare)
"""That of this process."""
