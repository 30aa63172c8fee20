"""Whether a server's tables are still those that it began to serve, looked at while it serves.

Somebody may delete a table and restore it under its own name. Whoever was disabled after the
restore point would be enabled then, on a server that runs on, without any stop. A table takes
minutes to be restored and is not there meanwhile, which the next look sees in one cheap call.
"""

import logging
import threading
import time

from cooper_project import preparation
from core import aws, store_identity
from core.dynamo import TableMissing, documents, probes
from core.errors import CooperError

logger = logging.getLogger(__name__)

LOOK_EVERY = 30.0
"""Seconds between two looks."""

COMPARE_EVERY = 20
"""Looks of which one compares all identities, whatever was seen: every ten minutes.

That is a call of the control plane for each table, which CloudTrail records.
"""

PATIENCE = 10.0
"""Seconds that a look may take."""

CHANGED = (
    "cooper's data was replaced while it was running, so it has stopped. Tell whoever runs cooper: "
    "its log says what to do."
)
"""What people read."""

WHAT_TO_DO = "{problem} Then start this server anew: it may remember what was never restored."


def start() -> None:
    """Look again and again, in the background, as long as the process runs."""
    threading.Thread(target=_look_forever, name="table watch", daemon=True).start()


def _look_forever() -> None:
    number = 0
    while not preparation.worker.problem:
        time.sleep(LOOK_EVERY)
        number += 1
        try:
            look(compares=number % COMPARE_EVERY == 0)
        except Exception as error:  # the next look may work
            logger.error("the tables could not be looked at", exc_info=error)


def look(*, compares: bool = False) -> None:
    """Refuse all requests from now on when a table is gone or another one than before.

    `compares` says to compare the identities even where every table is there.
    """
    try:
        with aws.deadline(PATIENCE):
            if compares or not _are_there():
                store_identity.refuse_other_tables()
    except CooperError as error:
        if error.code != store_identity.OTHER_TABLES:
            # requests are told of it; it proves nothing of the tables
            logger.debug("not looked at: %s", error.detail)
            return
        logger.error("%s", WHAT_TO_DO.format(problem=error.message))
        preparation.worker.refuse(CHANGED)


def _are_there() -> bool:
    try:
        probes.ask_every_table(documents())
    except TableMissing:
        return False
    return True
