"""All five kinds of places at once, and what arrived at each: in which order, and how often."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core import aws
from core.aws import clients
from core.retry import Backoff
from embedded_aws import EmbeddedAws
from shipping.batches import Batch, sha256
from shipping.sinks import Sink, base, https, sinks_from_environment, splunk
from shipping.sinks.folder import FolderSink
from shipping.sinks.webhook import signature
from tests.embedded_aws.clients import client_for
from tests.support.sink_stub import HttpEventCollector, Received, Stub, receiving

BUCKET = "cooper-events"
BUS = "audit"
TOKEN = "70ce2"
KEY = "k" * 32

SETTINGS = {
    "COOPER_SHIP_LOOPBACK": "1",
    "COOPER_SHIP_WEBHOOK_KEY": KEY,
    "COOPER_SHIP_SPLUNK_TOKEN": TOKEN,
    "COOPER_SHIP_EVENT_BUS": BUS,
    "COOPER_SHIP_S3_BUCKET": BUCKET,
}

PATIENCE = 120.0
"""Seconds."""

Arrival = tuple[str, str]
"""An event's id, and the SHA-256 of what came of it."""


@dataclass
class Count:
    """What arrived at a place, beside what should have."""

    missing: int
    twice: int
    """Arrivals of events that were there before."""
    changed: int
    """Of these, those with other contents."""
    disordered: int
    """Events that first came after one that is behind them."""

    @property
    def is_right(self) -> bool:
        """Whether all is there, in order; more than once is allowed, with the same contents."""
        return (self.missing, self.changed, self.disordered) == (0, 0, 0)


@dataclass
class Places:
    """Where batches go, and what came there."""

    store: EmbeddedAws
    folder: Path
    webhook: Stub
    collector: HttpEventCollector
    bus: str
    names: tuple[str, ...] = field(
        default=("folder", "s3", "eventbridge", "splunk", "webhook"), init=False
    )

    def sinks(self) -> list[Sink]:
        """Return the sinks as a process that begins makes them."""
        sinks = [sink for sink in sinks_from_environment() if sink.name != "folder"]
        return [JournallingFolder(self.folder), *sinks]

    def count(self, name: str, expected: list[str]) -> Count:
        """Compare what arrived at a place with the ids of all events, in their order."""
        rank = {event_id: number for number, event_id in enumerate(expected)}
        contents: dict[str, str] = {}
        count = Count(0, 0, 0, 0)
        furthest = -1

        for event_id, digest in self._arrivals(name):
            if event_id in contents:
                count.twice += 1
                count.changed += digest != contents[event_id]
                continue
            contents[event_id] = digest
            count.disordered += rank[event_id] < furthest
            furthest = max(furthest, rank[event_id])

        count.missing = len(rank.keys() - contents.keys())
        return count

    def _arrivals(self, name: str) -> Iterator[Arrival]:
        """Yield the events as they came to a place; KeyError for one that nobody sent."""
        bodies = {
            "folder": self._folder_bodies,
            "s3": self._s3_bodies,
            "webhook": self._webhook_bodies,
        }
        if name in bodies:
            for body in bodies[name]():
                for line in body.splitlines()[1:]:
                    yield json.loads(line)["id"], sha256(line)
            return

        events = self._bus_events() if name == "eventbridge" else self._splunk_events()
        for event in events:
            yield event["id"], sha256(json.dumps(event, sort_keys=True).encode())

    def _folder_bodies(self) -> Iterator[bytes]:
        for name in (self.folder / JOURNAL).read_text().splitlines():
            yield (self.folder / "delivered" / name).read_bytes()

    def _s3_bodies(self) -> Iterator[bytes]:
        bucket = self.store.buckets[BUCKET]
        for key in bucket.present_keys:
            if key.startswith("batches/"):
                for version in bucket.versions[key]:
                    yield version.body

    def _webhook_bodies(self) -> Iterator[bytes]:
        for request in self.webhook.received:
            yield request.body

    def _bus_events(self) -> Iterator[dict[str, Any]]:
        for entry in self.store.event_buses[self.bus]:
            if entry["DetailType"] == "cooper audit event":
                yield json.loads(entry["Detail"])["event"]

    def _splunk_events(self) -> Iterator[dict[str, Any]]:
        for envelope in self.collector.events:
            if envelope["sourcetype"] == "cooper:audit":
                yield envelope["event"]


JOURNAL = "deliveries"


class JournallingFolder(FolderSink):
    """A folder that also keeps the bytes of each delivery, in order."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._root = folder

    def deliver(self, batch: Batch) -> None:
        super().deliver(batch)
        delivered = self._root / "delivered"
        delivered.mkdir(exist_ok=True)
        name = f"{batch.number}-{batch.digest}"
        (delivered / name).write_bytes(batch.body)
        with (self._root / JOURNAL).open("a") as file:
            file.write(f"{name}\n")


@contextmanager
def patience() -> Iterator[None]:
    """Let a slow machine be no fault: AWS and the receivers may take their time."""
    with pytest.MonkeyPatch.context() as patch:
        for service in clients.LIMITS:
            patch.setitem(clients.LIMITS, service, (PATIENCE, PATIENCE, 3))
        patch.setattr(https, "ANSWER_SECONDS", PATIENCE)
        patch.setattr(splunk, "ACK_SECONDS", PATIENCE)
        patch.setattr(base, "LONGEST_DELIVERY", 10 * PATIENCE)
        aws.forget_clients()
        yield
    aws.forget_clients()


@contextmanager
def all_places(
    store: EmbeddedAws, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Places]:
    """Yield all five, empty: the bucket under lock, the receivers on loopback."""
    for module, name in ((https, "BACKOFF"), (splunk, "ACK_BACKOFF")):
        monkeypatch.setattr(module, name, Backoff(0.001, 0.01))
    s3 = client_for(store, "s3")
    s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    retention = {"Mode": "COMPLIANCE", "Days": 400}
    s3.put_object_lock_configuration(
        Bucket=BUCKET,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": retention},
        },
    )
    bus = client_for(store, "events").create_event_bus(Name=BUS)["EventBusArn"]
    collector = HttpEventCollector(TOKEN, polls=2)

    try:
        with receiving() as webhook, receiving() as hec:
            webhook.respond = demand_signature
            hec.respond = collector.respond
            urls = {"COOPER_SHIP_WEBHOOK_URL": webhook.url, "COOPER_SHIP_SPLUNK_URL": hec.url}
            for name, value in (SETTINGS | urls).items():
                monkeypatch.setenv(name, value)
            yield Places(store, folder, webhook, collector, bus)
    finally:
        store.buckets.clear()
        store.event_buses.clear()


def demand_signature(request: Received) -> tuple[int, dict[str, str], bytes]:
    """Answer as a receiver that takes nothing without cooper's signature."""
    number = int(request.headers["Cooper-Batch"])
    expected = signature(KEY.encode(), request.headers["Cooper-Timestamp"], number, request.body)
    is_right = expected == request.headers["Cooper-Signature"]
    return 200 if is_right else 401, {}, b""
