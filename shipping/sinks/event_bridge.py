"""EventBridge: an entry for each event, ten a call; the batch's number and place are in it.

Limits: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

import json
from collections.abc import Iterator
from typing import Any

from core import aws
from core.errors import CooperError, Unavailable
from core.retry import Backoff
from shipping.batches import Batch, pointer_line
from shipping.sinks.base import HOW_TO_MAKE_IT, Undelivered

SOURCE = "cooper"
EVENT_TYPE = "cooper audit event"
BATCH_TYPE = "cooper audit batch"

MOST_ENTRIES = 10

MOST_BYTES = 256_000
"""Of the entries of a call: a little less than the 256 KB that AWS takes."""

TRIES = 4

BACKOFF = Backoff(first=0.2, longest=2.0)

LATER_CODES = {
    "InternalFailure",
    "InternalException",
    "ThrottlingException",
    "LimitExceededException",
    "AccessDeniedException",
    "KmsValidationException",
}
"""Failures of an entry that pass by themselves, or when somebody gives a right back."""

Entry = dict[str, str]


class EventBridgeSink:
    """Puts each event on a bus, and the batch's description after its events."""

    name = "eventbridge"

    def __init__(self, bus: str, region: str = "") -> None:
        self._bus = bus
        self._region = region
        self._is_there = False

    def deliver(self, batch: Batch) -> None:
        """Return once the bus has every event of a batch; raise Undelivered.

        A batch that failed in its midst is put whole again: consumers know events by their ids.
        """
        if not self._is_there:
            self._check_bus()

        for entries in _calls(self._entries(batch)):
            self._put(entries)

    def problems(self) -> list[str]:
        """Return what is wrong with the bus: what is for one that is missing is dropped by AWS.

        Raise Unavailable when EventBridge does not answer.
        """
        try:
            self._describe_bus()
        except Unavailable:
            raise
        except CooperError as error:
            return [f"COOPER_SHIP_EVENT_BUS: {self._bus}: {error.line} {HOW_TO_MAKE_IT}"]
        return []

    def _check_bus(self) -> None:
        try:
            self._describe_bus()
        except CooperError as error:
            raise Undelivered(f"The event bus {self._bus}: {error.line}", again=True) from error

    def _describe_bus(self) -> None:
        client = aws.client("events", self._region)
        aws.call(client.describe_event_bus, Name=self._bus)
        self._is_there = True

    def _entries(self, batch: Batch) -> Iterator[Entry]:
        """Yield the entries of a batch in order: its events, then what describes it."""
        for position, line in enumerate(batch.lines, start=1):
            entry = self._entry(EVENT_TYPE, batch, position, line)
            if entry_size(entry) > MOST_BYTES:
                entry = self._entry(EVENT_TYPE, batch, position, pointer_line(line))
            yield entry

        summary = {
            "previous": batch.previous,
            "digest": batch.digest,
            "first_at": batch.first_at,
            "last_at": batch.last_at,
            "count": batch.count,
        }
        yield self._entry(BATCH_TYPE, batch, batch.count + 1, json.dumps(summary).encode())

    def _entry(self, kind: str, batch: Batch, position: int, content: bytes) -> Entry:
        detail = {"batch": batch.number, "position": position, "event": json.loads(content)}
        return {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": kind,
            "Detail": json.dumps(detail, ensure_ascii=False),
        }

    def _put(self, entries: list[Entry]) -> None:
        """Put entries, and those that failed again, in their order; raise Undelivered."""
        waiting = entries
        for attempt in range(TRIES):
            if attempt:
                BACKOFF.sleep(attempt - 1)
            waiting, code = self._put_once(waiting)
            if not waiting:
                return
            if code not in LATER_CODES:
                raise Undelivered(f"{self.name} refused an event ({code}).", again=False)

        raise Undelivered(f"{self.name} did not take all events ({code}).", again=True)

    def _put_once(self, entries: list[Entry]) -> tuple[list[Entry], str]:
        """Return the entries that failed, and the code of the first one's failure."""
        client = aws.client("events", self._region)
        try:
            answer = aws.call(client.put_events, Entries=entries).to_dict()
        except CooperError as error:
            raise Undelivered(f"{self.name}: {error.line}", again=True) from error

        results: list[Any] = answer.get("Entries", [])
        if len(results) != len(entries):
            raise Undelivered(f"{self.name} gave an answer that cannot be read.", again=True)

        failed = []
        first_code = ""
        for entry, result in zip(entries, results, strict=True):
            if not result.get("EventId"):
                failed.append(entry)
                first_code = first_code or str(result.get("ErrorCode", "InternalFailure"))

        return failed, first_code


def entry_size(entry: Entry) -> int:
    """Return the bytes of an entry as AWS counts them; it has no time and no resources."""
    counted = ("Source", "DetailType", "Detail")
    return sum(len(entry[name].encode(errors="replace")) for name in counted)


def _calls(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    """Yield entries by the calls in which they go."""
    together: list[Entry] = []
    size = 0
    for entry in entries:
        new_size = entry_size(entry)
        if together and (len(together) == MOST_ENTRIES or size + new_size > MOST_BYTES):
            yield together
            together = []
            size = 0
        together.append(entry)
        size += new_size

    if together:
        yield together
