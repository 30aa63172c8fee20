"""Delivering to EventBridge: ten entries a call, failed ones again, none too large."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.retry import Backoff
from embedded_aws import EmbeddedAws
from shipping.batches import sha256
from shipping.sinks import Undelivered, event_bridge
from shipping.sinks.event_bridge import EventBridgeSink
from tests.embedded_aws.clients import client_for
from tests.shipping.sinks.batches import batch_of
from tests.support import faults
from tests.support.faults import Fault


@pytest.fixture
def bus(store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(event_bridge, "BACKOFF", Backoff(0.001, 0.001))
    yield client_for(store, "events").create_event_bus(Name="audit")["EventBusArn"]
    store.event_buses.clear()
    store.event_faults.clear()


def details(store: EmbeddedAws, bus: str) -> list[dict[str, Any]]:
    return [json.loads(entry["Detail"]) for entry in store.event_buses[bus]]


def test_events_come_in_order_with_their_batch(store: EmbeddedAws, bus: str) -> None:
    sink = EventBridgeSink("audit")
    batches = [batch_of(*({"why": f"{n}"} for n in range(23)), number=number) for number in (1, 2)]
    for batch in batches:
        sink.deliver(batch)

    places = [(detail["batch"], detail["position"]) for detail in details(store, bus)]
    assert places == [(number, position) for number in (1, 2) for position in range(1, 25)]
    assert details(store, bus)[22]["event"]["why"] == "22"
    last = store.event_buses[bus][-1]
    assert last["DetailType"] == "cooper audit batch"
    assert details(store, bus)[-1]["event"]["digest"] == batches[1].digest


def test_those_that_failed_are_put_again_and_no_others(store: EmbeddedAws, bus: str) -> None:
    store.event_faults.extend(["", "ThrottlingException", "", "InternalFailure"])
    EventBridgeSink("audit").deliver(batch_of(*[{}] * 4))
    positions = [detail["position"] for detail in details(store, bus)]
    assert positions == [1, 3, 5, 2, 4]


def test_what_goes_on_failing_is_for_later(store: EmbeddedAws, bus: str) -> None:
    store.event_faults.extend(["ThrottlingException"] * 50)
    with pytest.raises(Undelivered, match="ThrottlingException") as error:
        EventBridgeSink("audit").deliver(batch_of({}))
    assert error.value.again

    store.event_faults[:] = ["NotAuthorizedForSourceException"]
    with pytest.raises(Undelivered, match="NotAuthorizedForSource") as error:
        EventBridgeSink("audit").deliver(batch_of({}))
    assert not error.value.again


def test_an_event_that_is_too_large_goes_as_its_hash(store: EmbeddedAws, bus: str) -> None:
    batch = batch_of(
        {"why": "small"}, {"why": "ä" * 140_000, "grant": "g-2"}, {"why": "x" * 200_000}
    )
    EventBridgeSink("audit").deliver(batch)
    events = [detail["event"] for detail in details(store, bus)]
    assert [event.get("why", "")[:5] for event in events[:3]] == ["small", "", "xxxxx"]
    assert events[1]["too_large"]["sha256"] == sha256(batch.lines[1])
    assert events[1]["grant"] == "g-2" and events[1]["at"] and events[1]["id"]


def test_calls_stay_within_256_kb(store: EmbeddedAws, bus: str) -> None:
    EventBridgeSink("audit").deliver(batch_of(*[{"why": "x" * 100_000}] * 7))
    assert len(store.event_buses[bus]) == 8


def test_a_bus_that_is_missing_swallows_nothing(store: EmbeddedAws, bus: str) -> None:
    sink = EventBridgeSink("missing")
    with pytest.raises(Undelivered, match="missing") as error:
        sink.deliver(batch_of({}))
    assert error.value.again
    assert "COOPER_SHIP_EVENT_BUS" in sink.problems()[0]
    assert EventBridgeSink("audit").problems() == [] and EventBridgeSink(bus).problems() == []


@pytest.mark.parametrize("mode", ["error", "deny", "bare"])
def test_an_answer_that_says_nothing_is_no_delivery(
    store: EmbeddedAws, bus: str, mode: str
) -> None:
    with (
        faults.on(Fault("events", "PutEvents", mode=mode)),
        pytest.raises(Undelivered) as error,
    ):
        EventBridgeSink("audit").deliver(batch_of({}))
    assert error.value.again
