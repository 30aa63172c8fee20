"""The files of the shipped log that somebody fetched: their events, and what is missing from them.

A batch names the digest of the one that it follows. Where that one is not among the files, nobody
can tell what was disabled or removed in it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from core.errors import Invalid
from shipping.batches import FIRST_PREVIOUS, Unreadable, sha256
from shipping.descriptions import Description
from shipping.walking import wrong_lines

Shipped = dict[str, Any]
"""An event as `core.audit_export` writes it."""


UNREADABLE = "an item of the audit log that is no event"
"""The kind of what the shipper has sent as `unreadable`."""

LONG_AGO = "0001-01-02T00:00:00+00:00"


@dataclass(frozen=True)
class Gap:
    """Batches that are not among the files, before one that is."""

    first: int
    last: int
    until: datetime
    """When the batch after them was made: they were made before."""

    @property
    def words(self) -> str:
        """Their numbers."""
        if self.first == self.last:
            return f"batch {self.last}"
        return f"batches {self.first} to {self.last}"


@dataclass
class ShippedFiles:
    """What the files have."""

    events: dict[str, Shipped] = field(default_factory=dict)
    """Events by id."""
    gaps: list[Gap] = field(default_factory=list)
    until: str = ""
    """How far they reach (ISO 8601): when the newest batch was made; without batches, when the
    newest event happened; "" for nothing."""
    without_batch: int = 0
    """Events that stand in no batch: nobody can tell whether there were others beside them."""


class _Line(NamedTuple):
    content: bytes
    place: str
    """The file and the line's number there, as people are told."""


def read_files(paths: Iterable[Path]) -> ShippedFiles:
    """Read files of JSON Lines, batches or events alone; raise Invalid for anything else."""
    files = ShippedFiles()
    chain = _Chain()
    for path in paths:
        for description, lines in _batches_in(path):
            for line in lines:
                event = _parse(line)
                files.events[str(event["id"])] = event

            if description:
                chain.add(description, lines)
            else:
                files.without_batch += len(lines)

    files.gaps = list(chain.gaps())
    moments = chain.made_at() or [str(event["at"]) for event in files.events.values()]
    files.until = max(moments, default="")
    return files


def _batches_in(path: Path) -> Iterator[tuple[_Line | None, list[_Line]]]:
    """Yield the batches of a file, each its description and its events; None where it has none."""
    description: _Line | None = None
    events: list[_Line] = []
    for line in _lines_of(path):
        if not _describes_batch(line):
            events.append(line)
            continue

        yield description, events
        description = line
        events = []
    yield description, events


def _lines_of(path: Path) -> Iterator[_Line]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.") from error

    for number, line in enumerate(content.splitlines(), start=1):
        yield _Line(line, f"{path}, line {number}")


def _describes_batch(line: _Line) -> bool:
    try:
        entry = json.loads(line.content)
        return "event" not in entry and "previous" in entry
    except (ValueError, TypeError) as error:
        raise _no_event(line) from error


def _parse(line: _Line) -> Shipped:
    try:
        entry = json.loads(line.content)
        if "unreadable" in entry:
            entry["event"] = UNREADABLE
            entry["at"] = _readable_moment(entry["at"])
        entry["at"] = _in_utc(entry["at"])
        # an event that was too large for where it went has none
        entry["details"] = entry.get("details") or {}
        _demand_text(entry["event"])
        _demand_text(entry["id"])
        return dict(entry)
    except (ValueError, TypeError, KeyError) as error:
        raise _no_event(line) from error


def _in_utc(at: str) -> str:
    """Return a moment in UTC, as one is that names no zone; raise ValueError or TypeError."""
    moment = datetime.fromisoformat(at)
    zone = moment.tzinfo or UTC
    return moment.replace(tzinfo=zone).astimezone(UTC).isoformat()


def _readable_moment(at: object) -> str:
    """Return when something happened that is no event, long ago where that cannot be read."""
    try:
        return _in_utc(str(at))
    except ValueError:
        return LONG_AGO


def _demand_text(value: object) -> None:
    if not isinstance(value, str) or not value:
        raise ValueError("an event without a name or an id")


def _no_event(line: _Line) -> Invalid:
    return Invalid(
        f"{line.place} is no event: the file is cut off, or no JSON Lines of cooper. Fetch it anew."
    )


# -- what is missing -------------------------------------------------------------------------------
class _Chain:
    """The batches of the files by their digests, as they follow each other."""

    def __init__(self) -> None:
        self._batches: dict[str, Description] = {}

    def add(self, description: _Line, events: list[_Line]) -> None:
        """Add a batch; raise Invalid where its events are not those that it describes."""
        try:
            batch = Description.from_line(description.content, 0)
            datetime.fromisoformat(batch.made_at)
        except (Unreadable, ValueError) as error:
            raise _no_event(description) from error

        lines = [event.content for event in events]
        wrong = wrong_lines(batch.number, batch.digests, lines)
        if wrong:
            raise Invalid(
                f"The batch at {description.place} is not as it was sent: {wrong[0]} Fetch it anew."
            )

        body = b"\n".join([description.content, *lines, b""])
        self._batches[sha256(body)] = batch

    def made_at(self) -> list[str]:
        """Return when each batch was made (ISO 8601, UTC)."""
        return [batch.made_at for batch in self._batches.values()]

    def gaps(self) -> Iterator[Gap]:
        """Yield what is missing before each batch, in the order of their numbers."""
        batches = sorted(self._batches.values(), key=lambda batch: batch.number)
        there = set(self._batches)
        for batch in batches:
            for number, digest in _followed_by(batch):
                if digest in there:
                    continue
                # after a restore two batches follow the same one
                there.add(digest)

                earlier = [other.number for other in batches if other.number < number]
                first = max(earlier, default=0) + 1
                yield Gap(first, number, datetime.fromisoformat(batch.made_at))


def _followed_by(batch: Description) -> Iterator[tuple[int, str]]:
    """Yield number and digest of what a batch follows: nothing, a batch, or two after a restore."""
    if batch.previous != FIRST_PREVIOUS:
        yield batch.follows, batch.previous
    if batch.beside:
        yield batch.beside.number, batch.beside.digest
