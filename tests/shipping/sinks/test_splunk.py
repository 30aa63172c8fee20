"""Delivering to Splunk's collector, which is strict, busy at times, and says what is indexed."""

import dataclasses
import json
from collections.abc import Iterator

import pytest

from core.retry import Backoff
from shipping.batches import sha256
from shipping.sinks import Undelivered, https, splunk
from shipping.sinks.network import Permission, read_place
from shipping.sinks.splunk import SplunkSink
from tests.shipping.sinks.batches import batch_of
from tests.support.sink_stub import HttpEventCollector, Stub, receiving

TOKEN = "8e1d1bb9-0000-4000-8000-5ec2e7000000"
TRYING_OUT = Permission(loopback=True)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    for module, name in ((https, "BACKOFF"), (splunk, "ACK_BACKOFF")):
        monkeypatch.setattr(module, name, Backoff(0.001, 0.001))
    with receiving() as running:
        yield running


@pytest.fixture
def collector(stub: Stub) -> HttpEventCollector:
    made = HttpEventCollector(TOKEN)
    stub.respond = made.respond
    return made


def sink_at(stub: Stub, token: str = TOKEN) -> SplunkSink:
    place = read_place("COOPER_SHIP_SPLUNK_URL", stub.url, TRYING_OUT)
    return SplunkSink(place, token, TRYING_OUT, host="cooper-1", index="audit")


def test_each_event_is_in_its_envelope(stub: Stub, collector: HttpEventCollector) -> None:
    batch = batch_of({"why": "Störung"}, {"why": "b"}, number=7)
    sink_at(stub).deliver(batch)
    event, _, summary = collector.events
    assert event["event"] == json.loads(batch.lines[0])
    assert event["time"] == "1795694400.000001" and event["host"] == "cooper-1"
    assert event["sourcetype"] == "cooper:audit" and event["index"] == "audit"
    assert event["fields"] == {"cooper_batch": "7"}
    assert summary["sourcetype"] == "cooper:batch"
    assert summary["event"]["digest"] == batch.digest


def test_it_is_delivered_once_it_is_indexed(
    stub: Stub, collector: HttpEventCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.polls = 3
    sink_at(stub).deliver(batch_of({}))
    asked = [request.path.split("?")[0] for request in stub.received]
    assert asked == ["/services/collector/event"] + ["/services/collector/ack"] * 3

    collector.polls = 10**9
    monkeypatch.setattr(splunk, "ACK_SECONDS", 0.05)
    with pytest.raises(Undelivered, match="did not say") as error:
        sink_at(stub).deliver(batch_of({}))
    assert error.value.again


def test_a_busy_collector_is_asked_again(stub: Stub, collector: HttpEventCollector) -> None:
    collector.busy = 2
    sink_at(stub).deliver(batch_of({}))
    assert len(collector.events) == 2

    collector.busy = 3
    with pytest.raises(Undelivered, match="503") as error:
        sink_at(stub).deliver(batch_of({}))
    assert error.value.again


def test_a_wrong_token_waits_for_a_person_and_loses_nothing(
    stub: Stub, collector: HttpEventCollector
) -> None:
    with pytest.raises(Undelivered, match="invalid token") as error:
        sink_at(stub, "another").deliver(batch_of({}))
    assert error.value.again and not collector.events
    assert TOKEN not in repr(sink_at(stub)) + error.value.line


def test_requests_stay_within_a_megabyte(stub: Stub, collector: HttpEventCollector) -> None:
    large = {"why": "x" * 390_000}
    batch = batch_of(large, large, large, {"why": "ä" * 600_000, "person": "local:alice"})
    sink_at(stub).deliver(batch)
    assert len(collector.events) == 5
    pointer = collector.events[3]["event"]
    assert pointer["too_large"]["sha256"] == sha256(batch.lines[3])
    assert pointer["person"] == "local:alice"


@pytest.mark.parametrize("at", ["2026-11-26T10:00:00.banana", "", None, "0001-01-01T00:00:00"])
def test_an_event_whose_time_is_none_goes_out_without_one(
    stub: Stub, collector: HttpEventCollector, at: str | None
) -> None:
    batch = batch_of({"at": at}, {})
    sink_at(stub).deliver(dataclasses.replace(batch, last_at=str(at)))
    first, second, summary = collector.events
    assert first["event"]["at"] == at and "time" not in first and "time" not in summary
    assert second["time"] == "1795694400.000001"


def test_a_time_without_a_zone_is_of_utc(stub: Stub, collector: HttpEventCollector) -> None:
    sink_at(stub).deliver(batch_of({"at": "2026-11-26T12:00:00.000001"}))
    assert collector.events[0]["time"] == "1795694400.000001"


@pytest.mark.parametrize("acks", [b'{"acks": null}', b'{"acks": []}', b'{"acks": "0"}', b"[]"])
def test_an_answer_that_acknowledges_nothing_is_no_delivery(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, acks: bytes
) -> None:
    monkeypatch.setattr(splunk, "ACK_SECONDS", 0.05)
    stub.answers = [(200, {}, b'{"code": 0, "ackId": 0}')]
    stub.respond = lambda _: (200, {}, acks)
    with pytest.raises(Undelivered, match="did not say") as error:
        sink_at(stub).deliver(batch_of({}))
    assert error.value.again


def test_a_refused_event_is_for_a_person(stub: Stub) -> None:
    for code in (5, 6, 12, 13, 15):
        stub.answers = [(400, {}, json.dumps({"text": "no", "code": code}).encode())]
        with pytest.raises(Undelivered, match=f"code {code}:") as error:
            sink_at(stub).deliver(batch_of({}))
        assert not error.value.again

    for status, body in ((413, b'{"code": 27}'), (413, b""), (415, b""), (422, b""), (400, b"")):
        stub.answers = [(status, {}, body)]
        with pytest.raises(Undelivered, match=f"refused events: {status}") as error:
            sink_at(stub).deliver(batch_of({}))
        assert not error.value.again

    for answer in (b"", b"[]", b"<html>", b'{"code": 8}'):
        stub.answers = [(200, {}, answer)]
        with pytest.raises(Undelivered) as error:
            sink_at(stub).deliver(batch_of({}))
        assert error.value.again, "what cannot be read is no delivery"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((400, json.dumps({"code": code}).encode()) for code in (7, 10, 11, 14, 16, 99, None)),
        (400, b'{"code": []}'),
        *((status, b"<html>") for status in (302, 401, 403, 404, 405, 410, 451)),
    ],
)
def test_what_can_be_mended_makes_no_dead_letter(stub: Stub, status: int, body: bytes) -> None:
    """An index that is missing, or a proxy between, is no fault of the batch."""
    stub.answers = [(status, {}, body)]
    with pytest.raises(Undelivered, match="every batch waits") as error:
        sink_at(stub).deliver(batch_of({}))
    assert error.value.again
