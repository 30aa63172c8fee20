"""A batch: some events as they leave, fixed for ever before the first delivery."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import CooperError

FIRST_PREVIOUS = "0" * 64
"""What stands for the digest of the batch before the first one."""


class Unreadable(CooperError):
    """What is in a batch's place is none: somebody changed it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Batch {number} cannot be read: somebody changed it.")


@dataclass(frozen=True)
class Batch:
    """Events with the line that describes them.

    `body` is JSON Lines in UTF-8: first its description (`shipping.descriptions`), then an event a
    line in the very form of `core.audit_export`. Whoever delivers it again delivers the same bytes.
    """

    number: int
    """From 1 on, without gaps."""
    previous: str
    """The digest of the batch before it, FIRST_PREVIOUS for the first one."""
    digest: str
    """SHA-256 of `body`, in hex."""
    first_at: str
    """When its oldest event happened (ISO 8601, UTC)."""
    last_at: str
    """When its newest event happened."""
    count: int
    """Events in it."""
    body: bytes

    @property
    def lines(self) -> list[bytes]:
        """The events, a line of JSON each, without line breaks."""
        return self.body.split(b"\n")[1:-1]


@dataclass(frozen=True)
class DeliveredBatch:
    """A batch that a place has, and the shipper's table has not: it was restored."""

    number: int
    digest: str

    @classmethod
    def read(cls, content: Mapping[str, Any] | None) -> "DeliveredBatch | None":
        """Return what `content` names, None for nothing; raise KeyError, ValueError, TypeError."""
        if not content:
            return None
        return cls(int(content["batch"]), str(content["digest"]))

    @property
    def content(self) -> dict[str, Any]:
        """What JSON has of it."""
        return {"batch": self.number, "digest": self.digest}


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def pointer_line(line: bytes) -> bytes:
    """Return what goes in place of an event's line that is too large: its hash, and where it is.

    The columns by which events are found stay, unless they are long themselves.
    """
    event = json.loads(line)

    short = {name: value for name, value in event.items() if len(str(value)) <= SHORT}

    pointer = short | {"too_large": {"bytes": len(line), "sha256": sha256(line)}}
    return json.dumps(pointer, ensure_ascii=False).encode(errors="backslashreplace")


SHORT = 1_100
"""Characters of a column that stays in a pointer; an id has that many at most."""
