"""The audit log as tests look at it."""

from datetime import UTC, datetime

from core.audit import AuditEvent
from shipping.batches import FIRST_PREVIOUS
from shipping.chains import Chains
from shipping.events import events_of, text_of
from shipping.making import next_batch
from shipping.models import Head


def all_events() -> list[AuditEvent]:
    """Return every event, oldest first; they are in several partitions, so a scan has no order."""
    return sorted(AuditEvent.everything(), key=lambda event: str(event.at))


def shipped_batches(most_events: int = 1_000) -> list[bytes]:
    """Return the log of today in batches of so many events, as a shipper sends them."""
    now = datetime.now(UTC)
    head = Head(digest=FIRST_PREVIOUS, position=text_of(now))
    chains = Chains()

    bodies = []
    events = list(events_of(now.date()))
    for start in range(0, len(events), most_events):
        part = events[start : start + most_events]
        batch = next_batch(head, chains, part, made_at=text_of(now))
        head.number = batch.number
        head.digest = batch.digest
        bodies.append(batch.body)
    return bodies


def shipped_log() -> bytes:
    """Return the same in one batch."""
    [body] = shipped_batches()
    return body
