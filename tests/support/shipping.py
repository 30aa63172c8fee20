"""A shipper to a folder, at a time that tests choose, and the events to send."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import audit
from core.audit import AuditEvent, Event
from embedded_aws import EmbeddedAws
from shipping import ledger
from shipping.shipper import Shipper
from shipping.signing import SigningKey, signing_key
from shipping.sinks import Sink
from shipping.sinks.folder import FolderSink
from tests.embedded_aws.clients import client_for
from tests.support.kms_keys import another_key


class Killed(BaseException):
    """What a sink raises at which the shipper is killed: nobody catches it."""


@dataclass
class Yard:
    """Where a test ships: the folder of a sink, and a clock that may be moved."""

    folder: Path
    key: SigningKey
    ahead: timedelta = field(default_factory=timedelta)

    def clock(self) -> datetime:
        """Return the time, as far ahead as the test wants it."""
        return datetime.now(UTC) + self.ahead

    def shipper(self, *sinks: Sink) -> Shipper:
        """Return a new shipper, as a process of its own would be."""
        return Shipper(sinks or [FolderSink(self.folder)], self.key, self.clock)

    def ship(self, *sinks: Sink) -> None:
        """Send what is there, and end."""
        shipper = self.shipper(*sinks)
        assert shipper.run_once()
        shipper.end()

    def bodies(self) -> list[list[dict[str, Any]]]:
        """Return the delivered batches, each with its description first."""
        files = sorted(self.folder.glob("batches/*.jsonl"))
        return [[json.loads(line) for line in file.read_bytes().splitlines()] for file in files]

    def ids(self) -> list[str]:
        """Return the ids of all events that were delivered."""
        return [event["id"] for _, *events in self.bodies() for event in events]


@contextmanager
def yard_of(aws: EmbeddedAws, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """Yield where a test ships, with a KMS key that signs."""
    kms = client_for(aws, "kms")
    with another_key(kms, KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256") as arn:
        monkeypatch.setenv("COOPER_SHIP_SIGNING_KEY", arn)
        monkeypatch.setenv("COOPER_SHIP_FOLDER", str(folder))
        # a year of days without an event takes a second to read
        monkeypatch.setattr(ledger, "BEGINNING", datetime.now(UTC) - timedelta(days=3))
        yield Yard(folder, signing_key())


def write_events(count: int, **facts: Any) -> list[AuditEvent]:
    """Write events of now."""
    return [audit.record(Event.AUDIT_VIEWED, number=number, **facts) for number in range(count)]


def event_at(moment: datetime, **facts: Any) -> AuditEvent:
    """Return an event of another time."""
    return audit.event(Event.AUDIT_VIEWED, at=audit.event_key(moment), **facts)


def write_event_at(moment: datetime, **facts: Any) -> AuditEvent:
    """Write an event of another time."""
    event = event_at(moment, **facts)
    event.save()
    return event


def stored_ids() -> set[str]:
    """Return the ids of all events of the audit log."""
    return {event.pk for event in AuditEvent.everything()}


def make_places(aws: EmbeddedAws) -> None:
    """Make the bucket and the bus that tests send events to."""
    client_for(aws, "events").create_event_bus(Name="audit")
    s3 = client_for(aws, "s3")
    s3.create_bucket(Bucket="cooper-events", ObjectLockEnabledForBucket=True)
    retention = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 400}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": retention}
    s3.put_object_lock_configuration(Bucket="cooper-events", ObjectLockConfiguration=lock)
