"""A shipper's table that was restored: the places have batches that it knows nothing of.

Their numbers must not be used again: a bucket refuses another file of the same name, and whoever
receives batches would take one for the other. So the chain goes on behind the newest of them.
"""

import logging
from collections.abc import Sequence

from core import metrics
from shipping.batches import DeliveredBatch
from shipping.ledger import Ledger
from shipping.sinks import FileSink, Sink, Undelivered
from shipping.sinks.base import at_work

logger = logging.getLogger(__name__)

FURTHEST = 1_000_000
"""How far the places may be ahead of the table; what is further is no batch of cooper's."""


class Places:
    """The places that can say which batches they have, over the life of a process."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = [sink for sink in sinks if isinstance(sink, FileSink)]
        self._asked: set[str] = set()

    def note_newest(self, ledger: Ledger) -> None:
        """Let the ledger go on behind the newest batch that a place has.

        Raise Undelivered for a place that has not answered yet, ever since this process began.
        """
        newest: DeliveredBatch | None = None
        for sink in self._sinks:
            batch = self._newest_of(sink, int(ledger.head.number))
            if batch and (not newest or batch.number > newest.number):
                newest = batch

        if newest:
            ledger.go_on_behind(newest)
            metrics.SHIP_RESTORED.inc()
            logger.error(
                "shipping: the shipper's table is an older one: its last batch is %d, and batch %d "
                "was delivered. It goes on with batch %d",
                ledger.head.number,
                newest.number,
                newest.number + 1,
            )

    def _newest_of(self, sink: FileSink, number: int) -> DeliveredBatch | None:
        """Return the newest batch that a place has after that of a number."""
        try:
            with at_work(sink):
                batch = sink.newest_after(number)
        except Undelivered as error:
            if sink.name not in self._asked:
                raise
            # it had nothing newer when it was asked before
            logger.error("shipping: %s does not say what it has: %s", sink.name, error.line)
            return None

        self._asked.add(sink.name)
        if batch and batch.number > number + FURTHEST:
            logger.error(
                "shipping: %s has a batch %d: somebody else writes there", sink.name, batch.number
            )
            return None
        return batch
