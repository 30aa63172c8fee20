"""The chain of batches in its table, and the lease of whoever works on it.

Any number of shippers may run; one has the lease. The lease is a matter of clocks, and its fence is
not: a shipper that stood still for longer than its lease, and goes on, can fix no batch, because
the head has another fence by then.
"""

import json
import secrets
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from core.dynamo import Stale, transaction
from core.errors import Conflict
from shipping.batches import FIRST_PREVIOUS, Batch, DeliveredBatch
from shipping.chains import Chains
from shipping.descriptions import Description
from shipping.events import text_of
from shipping.models import HEAD, Head, StoredBatch, StoredSignature, number_name
from shipping.sinks.base import LONGEST_DELIVERY

LEASE = timedelta(seconds=30)
"""How long a shipper that was killed keeps others from going on."""

LONGEST_STEP = timedelta(seconds=LONGEST_DELIVERY)
"""What is done between two looks at the lease takes no longer: so much of it has to be left."""

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""There was no cooper before (`core.audit_search.BEGINNING`)."""


class LostLease(Conflict):
    """Another shipper has taken over: nothing was written."""

    def __init__(self) -> None:
        super().__init__("Another shipper has taken over.")


def new_holder() -> str:
    """Return a name for one run of the shipper: no other run has it."""
    return f"{socket.gethostname()} {secrets.token_hex(8)}"


class Ledger:
    """The chain, as the holder of the lease knows it; raises LostLease once it is another's."""

    def __init__(self, head: Head) -> None:
        self.head = head

    @classmethod
    def take(cls, holder: str, now: datetime) -> "Ledger | None":
        """Take the lease; return None while another one has it."""
        head = Head.current() or _first_head()
        if head.holder != holder and head.until > text_of(now):
            return None

        head.holder = holder
        head.fence += 1
        head.until = text_of(now + LEASE)
        try:
            with transaction() as writes:
                writes.save(head)
        except Stale:
            # another one was faster
            return None
        return cls(head)

    def renew(self, now: datetime) -> None:
        """Keep the lease, unless there is time enough for another step."""
        if self.head.until > text_of(now + LONGEST_STEP):
            return

        self.head.until = text_of(now + LEASE)
        self.save()

    def release(self, now: datetime) -> None:
        """Let another one go on at once."""
        self.head.until = text_of(now)
        self.save()

    def save(self) -> None:
        """Write the head; raise LostLease."""
        with transaction() as writes:
            writes.save(self.head, Head.fence == self.head.fence, LostLease())

    def move_to(self, position: datetime) -> None:
        """Note how far the log was read; it is written with whatever is written next."""
        self.head.position = max(self.head.position, text_of(position))

    def go_on_behind(self, batch: DeliveredBatch) -> None:
        """Let the next batch have the number after that one's; it is written with the next one."""
        self.head.beside = json.dumps(batch.content)

    @property
    def chains(self) -> Chains:
        """The ends of the chains of the newest partitions."""
        return Chains.from_text(self.head.chains)

    def fix(self, batch: Batch, chains: Chains, now: datetime) -> None:
        """Add a batch to the chain for ever, in one transaction with the head; raise LostLease."""
        head = self.head
        head.number = batch.number
        head.digest = batch.digest
        head.beside = None
        # after a long time without a shipper, its first comparison comes upon older events
        oldest_moment = min(head.position_moment, head.swept_moment)
        head.chains = chains.without_old(oldest_moment.date()).to_text()
        head.until = text_of(now + LEASE)

        with transaction() as writes:
            writes.save(head, Head.fence == head.fence, LostLease())
            writes.create(StoredBatch.of(batch, head.position), LostLease())


def _first_head() -> Head:
    return Head(
        Head.KIND,
        HEAD,
        digest=FIRST_PREVIOUS,
        position=text_of(BEGINNING),
        chains=Chains().to_text(),
        swept=text_of(datetime.now(UTC)),
    )


def stored_batch(number: int) -> StoredBatch:
    """Return a batch that was fixed; raise CooperError where it is gone."""
    batch = StoredBatch.find(StoredBatch.KIND, number_name(number))
    if batch is None:
        raise removed(number)
    return batch


def next_batch_after(number: int) -> StoredBatch:
    """Return the batch after that of a number; raise CooperError where it is gone.

    There has to be one.
    """
    stored = next(batches_from(number + 1, limit=1), None)
    if stored is None:
        raise removed(number + 1)

    is_next = int(stored.name) == number + 1
    if not is_next and Description.of(stored.batch).follows > number:
        raise removed(number + 1)
    return stored


def removed(number: int) -> Conflict:
    """Return the error for a batch that the table has not, though it was fixed there."""
    return Conflict(f"Batch {number} is not in the table any more: somebody removed it.")


def batches_from(number: int, limit: int | None = None) -> Iterator[StoredBatch]:
    """Yield the batches from a number on, as they are read."""
    from_there = StoredBatch.name >= number_name(number)
    return StoredBatch.under(StoredBatch.KIND, range_key_condition=from_there, limit=limit)


def newest_batches() -> Iterator[StoredBatch]:
    """Yield the batches, the newest first, as they are read."""
    return StoredBatch.under(StoredBatch.KIND, scan_index_forward=False, page_size=10)


def signatures_between(first: int, last: int) -> Iterator[StoredSignature]:
    """Yield the signatures of batches from one number to another, as they are read."""
    within = StoredSignature.name.between(number_name(first), number_name(last))
    return StoredSignature.under(StoredSignature.KIND, range_key_condition=within)
