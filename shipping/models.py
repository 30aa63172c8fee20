"""What the shipper keeps, in a table of its own that nobody else writes to.

All of it is in one table: the head of the chain, the batches, how far each sink has come, and the
signatures.
"""

import gzip
import json
import zlib
from datetime import datetime
from typing import Self

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from core.dynamo import Document
from shipping.batches import Batch, DeliveredBatch, Unreadable

HEAD = "head"


class Shipment(Document):
    """Something that the shipper keeps; `kind` says of which class it is."""

    purpose = "batches of events that are sent out"
    verbose_name = "shipment"
    verbose_name_plural = "shipments"

    class Meta:
        table = "shipments"

    kind = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)


class Head(Shipment):
    """The end of the chain, and who works on it: there is one.

    Whoever writes it proves by `fence`, and by its version, that the lease is still his.
    """

    KIND = "head"

    number = NumberAttribute(default=0)
    """The last batch's; 0 before the first one."""
    digest = UnicodeAttribute()
    position = UnicodeAttribute()
    """How far the audit log was read (ISO 8601, UTC): whatever is more than the overlap older than
    this, and was there in time, is in a batch."""
    chains = UnicodeAttribute()
    """The ends of the chains of the newest partitions, as JSON (`shipping.chains`)."""
    swept = UnicodeAttribute()
    """When whole days were last compared with what was sent (ISO 8601, UTC)."""
    signed = UnicodeAttribute(null=True)
    """The newest signature (`shipping.signatures`), as JSON."""
    beside = UnicodeAttribute(null=True)
    """The newest batch that a place has and this table has not, as JSON: the next one comes after
    it. None unless the table was restored."""

    fence = NumberAttribute(default=0)
    """Counts those who had the lease."""
    holder = UnicodeAttribute(default="nobody")
    until = UnicodeAttribute(default="")
    """When the lease ends (ISO 8601, UTC)."""

    @classmethod
    def current(cls) -> Self | None:
        """Return the head as it is stored, None before the shipper first ran."""
        return cls.find(cls.KIND, HEAD)

    @property
    def beside_batch(self) -> DeliveredBatch | None:
        """The batch that is beside."""
        return DeliveredBatch.read(json.loads(self.beside or "null"))

    @property
    def position_moment(self) -> datetime:
        """The position, as a moment."""
        return datetime.fromisoformat(self.position)

    @property
    def swept_moment(self) -> datetime:
        """The time of the last comparison, as a moment."""
        return datetime.fromisoformat(self.swept)


def number_name(number: int) -> str:
    """Return a number as a name; names sort as the numbers do."""
    return f"{number:012d}"


class StoredBatch(Shipment):
    """A batch as it was fixed, packed: an event that is changed later still goes out as it was."""

    KIND = "batch"

    digest = UnicodeAttribute()
    previous = UnicodeAttribute()
    position = UnicodeAttribute()
    """That of the head from this batch on."""
    first_at = UnicodeAttribute()
    last_at = UnicodeAttribute()
    event_count = NumberAttribute()
    packed_body = BinaryAttribute(legacy_encoding=False)

    @classmethod
    def of(cls, batch: Batch, position: str) -> Self:
        """Return a batch as it is stored."""
        return cls(
            cls.KIND,
            number_name(batch.number),
            digest=batch.digest,
            previous=batch.previous,
            position=position,
            first_at=batch.first_at,
            last_at=batch.last_at,
            event_count=batch.count,
            packed_body=gzip.compress(batch.body, mtime=0),
        )

    @property
    def batch(self) -> Batch:
        """The batch; raise Unreadable where it was changed."""
        try:
            body = gzip.decompress(self.packed_body)
        except (OSError, EOFError, zlib.error) as error:
            raise Unreadable(int(self.name)) from error

        return Batch(
            number=int(self.name),
            previous=self.previous,
            digest=self.digest,
            first_at=self.first_at,
            last_at=self.last_at,
            count=int(self.event_count),
            body=body,
        )


class Cursor(Shipment):
    """How far a sink has come; its name is the sink's."""

    KIND = "cursor"

    number = NumberAttribute(default=0)
    """The last batch that was delivered to it."""
    signed = NumberAttribute(default=0)
    """The batch of the last signature that it was given, if it keeps files."""


class DeadLetter(Shipment):
    """A batch that a sink will never take: `<sink>/<number>`. The sink goes on without it."""

    KIND = "dead-letter"

    reason = UnicodeAttribute()
    delivered = UnicodeAttribute(null=True)
    """When it was delivered after all, by hand (ISO 8601, UTC)."""


class StoredSignature(Shipment):
    """A signature of the chain's end at one batch, whose number is the name."""

    KIND = "signature"

    content = UnicodeAttribute()
    """As JSON (`shipping.signatures`)."""
