"""Handing batches to sinks, each at its own pace: one that is down keeps no other waiting."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from core import metrics
from core.dynamo import Document, transaction
from shipping import lag
from shipping.batches import Batch
from shipping.dead_letters import dead_letter_of
from shipping.ledger import Ledger, next_batch_after, signatures_between
from shipping.models import Cursor, Head
from shipping.signatures import public_key_name, signature_name
from shipping.sinks import FileSink, Sink, Undelivered
from shipping.sinks.base import at_work

logger = logging.getLogger(__name__)


class Stopped(Exception):
    """The shipper was told to end: between two batches, so that nothing is half done."""


class Reach(NamedTuple):
    """How far a sink is."""

    sink: str
    number: int
    """The last batch that it has, or that it refused for good."""


class Delivery:
    """What each sink has, and the handing over of what it lacks."""

    def __init__(self, sinks: Sequence[Sink], before_each: Callable[[], None]) -> None:
        """Call `before_each` before every delivery: it keeps the lease, or raises.

        LostLease where another shipper has taken over, Stopped where this one is to end.
        """
        self._before_each = before_each
        self._cursors = {sink.name: _cursor_of(sink) for sink in sinks}
        self._sinks = sinks

    def reaches(self) -> list[Reach]:
        """Return how far each sink is."""
        return [Reach(name, int(cursor.number)) for name, cursor in self._cursors.items()]

    def deliver(self, ledger: Ledger) -> None:
        """Give each sink the batches that it lacks, as far as it takes them.

        Raise CooperError where the table fails, and never for a sink.
        """
        for sink in self._sinks:
            self._deliver_to(sink, ledger.head)

    def give_signatures(self, public_pem: bytes) -> None:
        """Put the signatures of delivered batches, and the public key, beside the batches."""
        for sink in self._sinks:
            if isinstance(sink, FileSink):
                self._give_signatures_to(sink, public_pem)

    def _give_signatures_to(self, sink: FileSink, public_pem: bytes) -> None:
        cursor = self._cursors[sink.name]
        if cursor.signed >= cursor.number:
            return

        try:
            self._keep(sink, public_key_name(public_pem), public_pem)
            for signature in signatures_between(int(cursor.signed) + 1, int(cursor.number)):
                number = int(signature.name)
                self._keep(sink, signature_name(number), signature.content.encode())

                cursor.signed = number
                with transaction() as writes:
                    writes.save(cursor)
        except Undelivered as error:
            metrics.SHIP_FAILURES.labels(sink.name).inc()
            logger.error("shipping: %s took no signature: %s", sink.name, error.line)

    def _keep(self, sink: FileSink, name: str, content: bytes) -> None:
        self._before_each()
        with at_work(sink):
            sink.keep(name, content)

    def _deliver_to(self, sink: Sink, head: Head) -> None:
        cursor = self._cursors[sink.name]
        while cursor.number < head.number:
            batch = next_batch_after(int(cursor.number)).batch
            if not self._deliver_batch(sink, cursor, batch):
                # older events than these wait, so what is newer waits too
                lag.reached(sink.name, batch.first_at)
                return
        lag.reached(sink.name, head.position)

    def _deliver_batch(self, sink: Sink, cursor: Cursor, batch: Batch) -> bool:
        """Return whether the sink is done with the batch."""
        number = batch.number
        self._before_each()

        dead_letters: list[Document] = []
        try:
            with at_work(sink):
                sink.deliver(batch)
        except Undelivered as error:
            metrics.SHIP_FAILURES.labels(sink.name).inc()
            logger.error("shipping: %s did not take batch %d: %s", sink.name, number, error.line)
            if error.again:
                return False
            dead_letters = [dead_letter_of(sink.name, number, error.line)]
        else:
            metrics.SHIP_BATCHES.labels(sink.name).inc()

        cursor.number = number
        with transaction() as writes:
            writes.save(cursor)
            for dead_letter in dead_letters:
                writes.replace(dead_letter)
        return True


def _cursor_of(sink: Sink) -> Cursor:
    return Cursor.find(Cursor.KIND, sink.name) or Cursor(Cursor.KIND, sink.name)
