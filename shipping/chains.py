"""A chain for each partition of the audit log: whoever has the events of one can check it alone.

A chain's end is the SHA-256 of the end before it and of the event's digest. The ends are in the
descriptions of batches, and so under one signature.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from shipping.batches import sha256
from shipping.events import SentEvent

BEGINNING = "0" * 64

KEPT_DAYS = timedelta(days=7)
"""How long after its day a chain's end is at hand; events are never found that late."""


@dataclass
class Chains:
    """The ends of chains by partition, and how many events each has: `[end, count]`."""

    ends: dict[str, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def from_text(cls, text: str) -> "Chains":
        """Return what `to_text` wrote."""
        ends = {
            partition: (str(end), int(count))
            for partition, (end, count) in json.loads(text).items()
        }
        return cls(ends)

    def to_text(self) -> str:
        """Return the ends as JSON."""
        return json.dumps(self.ends)

    def extend(self, events: Iterable[SentEvent]) -> dict[str, tuple[str, int]]:
        """Add events; return the ends of the chains that grew."""
        grown = set()
        for event in events:
            end, count = self.ends.get(event.partition, (BEGINNING, 0))
            self.ends[event.partition] = (next_end(end, event.digest), count + 1)
            grown.add(event.partition)

        return {partition: self.ends[partition] for partition in sorted(grown)}

    def without_old(self, today: date) -> "Chains":
        """Return these chains without those of days long past."""
        first_day = (today - KEPT_DAYS).isoformat()
        return Chains({name: end for name, end in self.ends.items() if name >= first_day})


def next_end(end: str, digest: str) -> str:
    """Return a chain's end after one more event of this digest."""
    return sha256(f"{end}{digest}".encode())
