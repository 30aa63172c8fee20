"""Handing batches to sinks, each at its own pace: one that is down keeps no other waiting.

Nor does one that is far behind: each has its turn (`shipping.turns`).
"""

import logging
from collections import Counter
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
from shipping.turns import Turn, Turns

logger = logging.getLogger(__name__)


class Stopped(Exception):
    """The shipper was told to end: between two batches, so that nothing is half done."""


class Reach(NamedTuple):
    """How far a sink is."""

    sink: str
    number: int
    """The last batch that it has, or that it refused for good."""
    refused: int
    """Batches that it refused for good since this shipper has the lease."""


class Delivery:
    """What each sink has, and the handing over of what it lacks."""

    def __init__(self, sinks: Sequence[Sink], before_each: Callable[[], None]) -> None:
        """Call `before_each` before every delivery: it keeps the lease, or raises.

        LostLease where another shipper has taken over, Stopped where this one is to end.
        """
        self._before_each = before_each
        self._cursors = {sink.name: _cursor_of(sink) for sink in sinks}
        self._sinks = sinks
        self._turns = Turns()
        self._signature_turns = Turns()
        """A sink that takes no signatures still takes batches."""
        self._refused: Counter[str] = Counter()
        self._unfinished: set[str] = set()
        self._unsigned: set[str] = set()

    @property
    def is_unfinished(self) -> bool:
        """Whether a sink's turn was too short for what it lacks: it would take more at once."""
        return bool(self._unfinished or self._unsigned)

    def reaches(self) -> list[Reach]:
        """Return how far each sink is."""
        return [
            Reach(name, int(cursor.number), self._refused[name])
            for name, cursor in self._cursors.items()
        ]

    def deliver(self, ledger: Ledger) -> None:
        """Give each sink in its turn the batches that it lacks, as far as it takes them.

        Raise CooperError where the table fails, and never for a sink.
        """
        self._unfinished.clear()
        for sink in self._sinks:
            self._deliver_to(sink, ledger.head)

    def give_signatures(self, public_pem: bytes) -> None:
        """Put the signatures of delivered batches, and the public key, beside the batches."""
        self._unsigned.clear()
        for sink in self._sinks:
            if isinstance(sink, FileSink) and self._may_take_signatures(sink):
                self._give_signatures_to(sink, public_pem)

    def _may_take_signatures(self, sink: FileSink) -> bool:
        return self._turns.is_due(sink.name) and self._signature_turns.is_due(sink.name)

    def _give_signatures_to(self, sink: FileSink, public_pem: bytes) -> None:
        cursor = self._cursors[sink.name]
        if cursor.signed >= cursor.number:
            return

        turn = Turn()
        try:
            self._keep(sink, public_key_name(public_pem), public_pem)
            for signature in signatures_between(int(cursor.signed) + 1, int(cursor.number)):
                number = int(signature.name)
                self._keep(sink, signature_name(number), signature.content.encode())

                cursor.signed = number
                with transaction() as writes:
                    writes.save(cursor)
                if turn.is_over:
                    self._unsigned.add(sink.name)
                    return
            self._signature_turns.note_success(sink.name)
        except Undelivered as error:
            self._signature_turns.note_failure(sink.name, error.retry_after)
            metrics.SHIP_FAILURES.labels(sink.name).inc()
            logger.error("shipping: %s took no signature: %s", sink.name, error.line)

    def _keep(self, sink: FileSink, name: str, content: bytes) -> None:
        self._before_each()
        with at_work(sink):
            sink.keep(name, content)

    def _deliver_to(self, sink: Sink, head: Head) -> None:
        cursor = self._cursors[sink.name]
        turn = Turn()
        while cursor.number < head.number:
            if not self._turns.is_due(sink.name):
                return

            batch = next_batch_after(int(cursor.number)).batch
            # what it may lack from here on: these events, and all that are newer
            lag.reached(sink.name, batch.first_at)
            if not self._deliver_batch(sink, cursor, batch):
                return
            # a turn is a batch at least
            if turn.is_over and cursor.number < head.number:
                self._unfinished.add(sink.name)
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
                self._turns.note_failure(sink.name, error.retry_after)
                return False
            self._refused[sink.name] += 1
            dead_letters = [dead_letter_of(sink.name, number, error.line)]
        else:
            metrics.SHIP_BATCHES.labels(sink.name).inc()

        self._turns.note_success(sink.name)
        cursor.number = number
        with transaction() as writes:
            writes.save(cursor)
            for dead_letter in dead_letters:
                writes.replace(dead_letter)
        return True


def _cursor_of(sink: Sink) -> Cursor:
    return Cursor.find(Cursor.KIND, sink.name) or Cursor(Cursor.KIND, sink.name)
