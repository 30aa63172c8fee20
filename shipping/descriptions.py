"""The first line of a batch: which events it has, and what it follows."""

import json
from dataclasses import dataclass
from typing import Any

from shipping.batches import Batch, DeliveredBatch, Unreadable
from shipping.chains import Ends, read_ends


@dataclass(frozen=True)
class Description:
    """What a batch's first line says."""

    number: int
    previous: str
    """The digest of the batch that it follows."""
    made_at: str
    position: str
    """How far the log had been read."""
    digests: dict[str, str]
    """SHA-256 of each event's line by the event's id, in order."""
    late: list[str]
    chains: Ends
    """The ends of the chains that grew; all that are at hand after a restore."""
    signed: dict[str, Any] | None
    """The newest signature."""
    follows: int
    """The number of the batch before it: one less, unless the shipper's table was restored."""
    beside: DeliveredBatch | None = None
    """After a restore: the last batch of those between that one and this."""

    @classmethod
    def of(cls, batch: Batch) -> "Description":
        """Return a batch's description; raise Unreadable."""
        first_line = batch.body.split(b"\n", 1)[0]
        return cls.from_line(first_line, batch.number)

    @classmethod
    def from_line(cls, line: bytes, number: int) -> "Description":
        """Return what a line says, which is in the place of a batch; raise Unreadable."""
        try:
            return cls._from_content(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreadable(number) from error

    @classmethod
    def _from_content(cls, content: dict[str, Any]) -> "Description":
        number = int(content["batch"])
        return cls(
            number=number,
            previous=str(content["previous"]),
            made_at=str(content["made_at"]),
            position=str(content["position"]),
            digests=dict(zip(content["ids"], content["sha256"], strict=True)),
            late=list(content["late"]),
            chains=read_ends(content["chains"]),
            signed=content["signed"],
            follows=int(content.get("follows", number - 1)),
            beside=DeliveredBatch.read(content.get("beside")),
        )

    def to_line(self) -> bytes:
        """Return it as the line that begins a batch."""
        content: dict[str, Any] = {
            "batch": self.number,
            "previous": self.previous,
            "made_at": self.made_at,
            "position": self.position,
            "ids": list(self.digests),
            "sha256": list(self.digests.values()),
            "late": self.late,
            "chains": self.chains,
            "signed": self.signed,
        }
        if self.beside:
            content |= {"follows": self.follows, "beside": self.beside.content}
        return json.dumps(content).encode()
