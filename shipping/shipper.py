"""The shipper: reads what is new, fixes batches, delivers them, over and over.

It may be killed at any call. What it knows is in its table; the next one goes on from there.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from core import metrics
from core.errors import CooperError
from shipping import lag
from shipping.delivery import Delivery, Reach, Stopped
from shipping.events import SentEvent, text_of
from shipping.ledger import Ledger, new_holder
from shipping.making import in_parts, next_batch
from shipping.reading import OVERLAP, SentIds, latest, new_events
from shipping.restoring import Places
from shipping.signing import SigningKey, sign_end
from shipping.sinks import Sink
from shipping.sweeping import is_due, sweep

logger = logging.getLogger(__name__)


def now() -> datetime:
    """Return the time (UTC)."""
    return datetime.now(UTC)


class Shipper:
    """One run: it has the lease from `begin` on, until it is lost or released."""

    def __init__(
        self, sinks: Sequence[Sink], key: SigningKey, clock: Callable[[], datetime] = now
    ) -> None:
        self._sinks = sinks
        self._key = key
        self._clock = clock
        self._holder = new_holder()
        self._work: _Work | None = None
        self._stopping = threading.Event()
        self._places = Places(sinks)
        for sink in sinks:
            lag.begin(sink.name)

    def run_once(self) -> bool:
        """Send all that is new, as far as the sinks take it; return whether it has the lease.

        Raise CooperError where something failed: the next call begins with what is in the table;
        Stopped when told to end meanwhile.
        """
        return self._pass(to_the_end=True)

    def _pass(self, *, to_the_end: bool) -> bool:
        """Read, and give each sink its turns; with `to_the_end` as many as it takes."""
        work, self._work = self._work, None
        work = work or self._begin()
        if work is None:
            return False

        try:
            work.run()
            if to_the_end:
                work.finish()
        except Stopped:
            self._work = work
            raise
        # only now: after a failure, what it has in memory is worth nothing
        self._work = work
        return True

    def run(self, stopping: threading.Event, pause: float) -> None:
        """Go on until told to stop, `pause` seconds between the readings.

        It ends after the batch under way.
        """
        self._stopping = stopping
        while not stopping.is_set():
            try:
                self._pass(to_the_end=False)
            except Stopped:
                break
            except CooperError as error:
                metrics.SHIP_FAILURES.labels("audit log").inc()
                logger.error("shipping: %s", error.line)
            if not self._is_unfinished:
                stopping.wait(pause)
        self.end()

    @property
    def _is_unfinished(self) -> bool:
        return bool(self._work and self._work.delivery.is_unfinished)

    def last_batch(self) -> int:
        """Return the number of the last batch that there is, 0 without the lease."""
        return int(self._work.ledger.head.number) if self._work else 0

    def reaches(self) -> list[Reach]:
        """Return how far each sink is, nothing without the lease."""
        return self._work.delivery.reaches() if self._work else []

    def end(self) -> None:
        """Let another shipper go on at once."""
        if self._work:
            self._work.ledger.release(self._clock())
            self._work = None

    def _begin(self) -> "_Work | None":
        ledger = Ledger.take(self._holder, self._clock())
        if ledger is None:
            for sink in self._sinks:
                lag.begin_anew(sink.name)
            return None

        try:
            self._places.note_newest(ledger)
            return _Work(ledger, self._sinks, self._key, self._clock, self._stopping)
        except CooperError:
            # another one may reach what this one does not
            ledger.release(self._clock())
            raise


class _Work:
    """What the holder of the lease does; it is dropped at the first failure."""

    def __init__(
        self,
        ledger: Ledger,
        sinks: Sequence[Sink],
        key: SigningKey,
        clock: Callable[[], datetime],
        stopping: threading.Event,
    ) -> None:
        self.ledger = ledger
        self._stopping = stopping
        self._key = key
        self._clock = clock
        self._sent = SentIds.since(ledger.head.position_moment - OVERLAP)
        self.delivery = Delivery(sinks, self._go_on)

    def run(self) -> None:
        """Deliver what an earlier run fixed, then fix and deliver all that is new."""
        began = self._clock()
        self.ledger.renew(began)
        self.delivery.deliver(self.ledger)

        position = self.ledger.head.position_moment
        for events in in_parts(new_events(position, began, self._sent, self._go_on)):
            self._go_on()
            self._fix(events, min(began, latest(events, position)))
            self.delivery.deliver(self.ledger)
            self._sign()
            # a first run reads years: it need not remember them
            self._sent.forget_before(self.ledger.head.position_moment - OVERLAP)

        self.ledger.move_to(began)
        self._sent.forget_before(began - OVERLAP)
        if is_due(self.ledger.head, began):
            self._sweep(began)
        # whatever is older is with the sinks, or waits in a batch
        self.delivery.deliver(self.ledger)
        self._sign()

    def finish(self) -> None:
        """Deliver what a sink's turn was too short for."""
        while self.delivery.is_unfinished:
            self.delivery.deliver(self.ledger)
            self._sign()

    def _go_on(self) -> None:
        """Keep the lease; raise Stopped where this shipper is to end."""
        if self._stopping.is_set():
            raise Stopped
        self.ledger.renew(self._clock())

    def _sweep(self, began: datetime) -> None:
        """Compare whole days with what was sent: send what is late, and raise the alarm."""
        result = sweep(self.ledger.head, began, self._go_on)
        for event in result.late:
            logger.error("shipping: %s was written too late, or put there by hand", event.id)
        for events in in_parts(result.late):
            self._fix(events, self.ledger.head.position_moment, is_late=True)

        for name, how in sorted(result.tampered.items()):
            logger.error("shipping: %s is not as it was sent: %s", name, how)
            metrics.SHIP_TAMPERED.labels(how).inc()

        self.ledger.head.swept = text_of(began)
        self.ledger.save()

    def _sign(self) -> None:
        sign_end(self.ledger, self._key, self._clock())
        self.delivery.give_signatures(self._key.public_pem)

    def _fix(
        self, events: Sequence[SentEvent], position: datetime, *, is_late: bool = False
    ) -> None:
        """Make a batch of events and fix it; the log is read up to `position` then."""
        ledger = self.ledger
        chains = ledger.chains
        made_at = text_of(self._clock())

        ledger.move_to(position)
        batch = next_batch(ledger.head, chains, events, made_at=made_at, is_late=is_late)

        ledger.fix(batch, chains, self._clock())
        self._sent.add_all(events)
        when = "late" if is_late else "in time"
        metrics.SHIP_EVENTS.labels(when).inc(len(events))
