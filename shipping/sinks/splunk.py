"""Splunk's HTTP Event Collector: each event in its envelope, acknowledged once it is indexed.

Rules: docs.splunk.com, "Format events for HTTP Event Collector" and "About HTTP Event Collector
Indexer Acknowledgment"
"""

import json
import time
import uuid
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from core import aws
from core.errors import Unavailable
from core.retry import Backoff
from shipping.batches import Batch, pointer_line
from shipping.moments import moment_of
from shipping.sinks import network
from shipping.sinks.base import Undelivered
from shipping.sinks.https import NEVER_TAKEN, NoReply, Reply, post, post_until_answered
from shipping.sinks.network import Permission, Place

EVENT_PATH = "/services/collector/event"
ACK_PATH = "/services/collector/ack"

SOURCE = "cooper"
EVENT_TYPE = "cooper:audit"
BATCH_TYPE = "cooper:batch"

MOST_BYTES = 1_000_000
"""Of a request: Splunk Cloud's limit."""

ACK_SECONDS = 15.0
"""For which an acknowledgement is waited for."""

ACK_BACKOFF = Backoff(first=0.2, longest=2.0)

MEANINGS = {
    0: "success",
    1: "token disabled",
    2: "token is required",
    3: "invalid authorization",
    4: "invalid token",
    5: "no data",
    6: "invalid data format",
    7: "incorrect index",
    8: "internal server error",
    9: "server is busy",
    10: "data channel is missing",
    11: "invalid data channel",
    12: "event field is required",
    13: "event field cannot be blank",
    14: "acknowledgement is disabled",
    15: "error in handling indexed fields",
    16: "query string authorization is not enabled",
    27: "request entity too large",
}
"""What Splunk's codes say: docs.splunk.com, "Troubleshoot HTTP Event Collector"."""

ABOUT_EVENTS = (5, 6, 12, 13, 15)
"""The codes of 400 that are about what was sent; the others are about token, index and channel."""


class SplunkSink:
    """Sends events to a collector; `host` is what Splunk shows as their host."""

    name = "splunk"

    def __init__(
        self, place: Place, token: str, permission: Permission, *, host: str, index: str = ""
    ) -> None:
        self._place = place
        self._permission = permission
        self._host = host
        self._index = index
        # one channel for as long as the shipper runs: acknowledgements are its own
        self._channel = str(uuid.uuid4())
        self._headers = {
            "Authorization": f"Splunk {token}",
            "Content-Type": "application/json",
            "X-Splunk-Request-Channel": self._channel,
            "User-Agent": "cooper-ship",
        }

    def __repr__(self) -> str:
        """Say where it is, and never the token."""
        return f"SplunkSink({self._place.host})"

    def deliver(self, batch: Batch) -> None:
        """Return once Splunk has every event of a batch, indexed where it says so.

        Raise Undelivered.
        """
        for body in _requests(self._envelopes(batch)):
            self._send(body)

    def problems(self) -> list[str]:
        """Return what is wrong with the address; nothing is sent."""
        return network.problems("COOPER_SHIP_SPLUNK_URL", self._place, self._permission)

    def _envelopes(self, batch: Batch) -> Iterator[bytes]:
        for line in batch.lines:
            envelope = self._envelope(EVENT_TYPE, batch, line)
            if len(envelope) > MOST_BYTES:
                envelope = self._envelope(EVENT_TYPE, batch, pointer_line(line))
            yield envelope

        summary = {
            "at": batch.last_at,
            "batch": batch.number,
            "previous": batch.previous,
            "digest": batch.digest,
            "count": batch.count,
        }
        yield self._envelope(BATCH_TYPE, batch, json.dumps(summary).encode())

    def _envelope(self, kind: str, batch: Batch, line: bytes) -> bytes:
        """Return a line within what HEC wants round it; the line itself stays as it is.

        Where its time is none, Splunk takes the one at which it comes.
        """
        envelope: dict[str, Any] = {
            "host": self._host,
            "source": SOURCE,
            "sourcetype": kind,
            "fields": {"cooper_batch": str(batch.number)},
        }
        moment = moment_of(json.loads(line).get("at"))
        if moment and moment.timestamp() > 0:
            envelope["time"] = f"{moment.timestamp():.6f}"
        if self._index:
            envelope["index"] = self._index

        beginning = json.dumps(envelope).encode()
        return beginning[:-1] + b', "event": ' + line + b"}"

    def _send(self, body: bytes) -> None:
        reply = post_until_answered(
            self.name, self._place, self._permission, lambda: (self._headers, body), EVENT_PATH
        )
        if reply.status != HTTPStatus.OK:
            self._refuse(reply)

        answer = _document(reply)
        if answer.get("code") != 0:
            raise Undelivered(f"{self.name} answered {_words(answer)}.", again=True)

        if "ackId" in answer:
            self._await_indexing(answer["ackId"])

    def _refuse(self, reply: Reply) -> None:
        answer = _document(reply)
        words = _words(answer)
        if _is_about_events(reply, answer):
            raise Undelivered(f"{self.name} refused events: {reply.status} ({words}).", again=False)

        raise Undelivered(
            f"{self.name} answered {reply.status} ({words}). Look at COOPER_SHIP_SPLUNK_URL, at "
            "the token, its index and its acknowledgement; every batch waits meanwhile.",
            again=True,
        )

    def _await_indexing(self, ack_id: object) -> None:
        """Return once Splunk says that what it acknowledges by `ack_id` is indexed."""
        end = time.monotonic() + _patience()
        attempt = 0
        question = json.dumps({"acks": [ack_id]}).encode()
        path = f"{ACK_PATH}?channel={self._channel}"

        while time.monotonic() < end:
            try:
                reply = post(self._place, self._permission, self._headers, question, path)
            except NoReply:
                reply = None
            if reply and _is_indexed(reply, ack_id):
                return
            ACK_BACKOFF.sleep(attempt)
            attempt += 1
        raise Undelivered(f"{self.name} did not say that events are indexed.", again=True)


def _patience() -> float:
    """Return for how long an acknowledgement may be waited for, within the delivery's time."""
    try:
        return aws.seconds_left(ACK_SECONDS)
    except Unavailable:
        return 0.0


def _requests(envelopes: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bodies of requests: envelopes one after another, as HEC takes them."""
    body = b""
    for envelope in envelopes:
        if body and len(body) + len(envelope) > MOST_BYTES:
            yield body
            body = b""
        body += envelope + b"\n"

    if body:
        yield body


def _document(reply: Reply) -> dict[str, Any]:
    try:
        content = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_about_events(reply: Reply, answer: dict[str, Any]) -> bool:
    """Return whether what was sent is refused, which no later try changes.

    Splunk answers 400 also where it has no such index or channel: its code says which.
    """
    if reply.status == HTTPStatus.BAD_REQUEST and "code" in answer:
        return answer["code"] in ABOUT_EVENTS
    return reply.status in NEVER_TAKEN


def _is_indexed(reply: Reply, ack_id: object) -> bool:
    """Return whether Splunk says so; a collector that is not in its senses says anything."""
    acks = _document(reply).get("acks")
    return isinstance(acks, dict) and acks.get(str(ack_id)) is True


def _words(answer: dict[str, Any]) -> str:
    """Return what Splunk said, by its code alone: a text may repeat the token that was sent."""
    code = answer.get("code")
    if not isinstance(code, int) or code not in MEANINGS:
        return "without a code of Splunk's"
    return f"code {code}: {MEANINGS[code]}"
