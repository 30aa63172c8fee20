"""The shipper gives every place every event, and one that is down holds up no other one."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.retry import Backoff
from embedded_aws import EmbeddedAws
from shipping.sinks import https, sinks_from_environment
from tests.embedded_aws.clients import client_for
from tests.support.shipping import yard_of
from tests.support.sink_stub import HttpEventCollector, receiving

TOKEN = "70ce2"


def test_each_place_has_every_event(
    store: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(https, "BACKOFF", Backoff(0.001, 0.001))
    client_for(store, "s3").create_bucket(Bucket="cooper-events", ObjectLockEnabledForBucket=True)
    bus = client_for(store, "events").create_event_bus(Name="audit")["EventBusArn"]
    collector = HttpEventCollector(TOKEN, polls=1)

    with receiving() as webhook, receiving() as splunk:
        webhook.respond = lambda _: (503, {}, b"")
        splunk.respond = collector.respond
        settings = {
            "COOPER_SHIP_LOOPBACK": "1",
            "COOPER_SHIP_WEBHOOK_URL": webhook.url,
            "COOPER_SHIP_WEBHOOK_KEY": "k" * 32,
            "COOPER_SHIP_SPLUNK_URL": splunk.url,
            "COOPER_SHIP_SPLUNK_TOKEN": TOKEN,
            "COOPER_SHIP_EVENT_BUS": "audit",
            "COOPER_SHIP_S3_BUCKET": "cooper-events",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with yard_of(store, tmp_path, monkeypatch) as yard:
            yard.ship(*sinks_from_environment())

    bucket = store.buckets["cooper-events"]
    keys = [key for key in bucket.present_keys if key.startswith("batches/")]
    lines = [line for key in keys for line in bucket.versions[key][-1].body.splitlines()]
    ids = ids_of([json.loads(line) for line in lines])
    assert len(ids) > 10
    assert ids == ids_of([json.loads(e["Detail"])["event"] for e in store.event_buses[bus]])
    assert ids == ids_of([envelope["event"] for envelope in collector.events])
    assert webhook.received, "it was tried, and is tried again later"
    store.buckets.clear()
    store.event_buses.clear()


def ids_of(rows: list[dict[str, Any]]) -> list[str]:
    """Return the ids of events; what describes a batch has none."""
    return [row["id"] for row in rows if "event" in row]
