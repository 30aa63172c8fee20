"""A chain for each partition of the audit log: whoever has the events of one can check it alone.

A chain's end is the SHA-256 of the end before it and of the event's digest. The ends are in the
descriptions of batches, and so under one signature.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from shipping.batches import sha256
from shipping.events import SentEvent

KEPT_DAYS = timedelta(days=7)
"""How long before the last comparison chains are kept: it comes upon nothing that is older."""


class End(NamedTuple):
    """The end of a chain, and how many events the chain has."""

    digest: str
    length: int

    def after(self, event_digest: str) -> "End":
        """Return the end after one more event of this digest."""
        link = f"{self.digest}{event_digest}".encode()
        return End(sha256(link), self.length + 1)


BEGINNING = End("0" * 64, 0)

Ends = dict[str, End]
"""The ends of chains by partition."""


def read_ends(content: Mapping[str, Any]) -> Ends:
    """Return ends that were JSON; raise ValueError or TypeError for others."""
    ends = {}
    for partition, (digest, length) in content.items():
        ends[partition] = End(str(digest), int(length))

    return ends


class Chains:
    """The chains of the newest partitions, as they grow."""

    def __init__(self, ends: Ends | None = None) -> None:
        self.ends: Ends = dict(ends or {})

    @classmethod
    def from_text(cls, text: str) -> "Chains":
        """Return what `to_text` wrote."""
        return cls(read_ends(json.loads(text)))

    def to_text(self) -> str:
        """Return the ends as JSON."""
        return json.dumps(self.ends)

    def extend(self, events: Iterable[SentEvent]) -> Ends:
        """Add events; return the ends of the chains that grew."""
        grown: Ends = {}
        for event in events:
            end = self.ends.get(event.partition, BEGINNING)
            self.ends[event.partition] = end.after(event.digest)
            grown[event.partition] = self.ends[event.partition]

        return dict(sorted(grown.items()))

    def without_old(self, day: date) -> "Chains":
        """Return these chains without those of days long before this one."""
        # a partition's name begins with its day
        first_day = (day - KEPT_DAYS).isoformat()

        kept: Ends = {}
        for partition, end in self.ends.items():
            if partition >= first_day:
                kept[partition] = end
        return Chains(kept)
