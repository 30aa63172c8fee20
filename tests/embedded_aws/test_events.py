"""The embedded EventBridge has its limits, and drops what is for a bus that is not there."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from embedded_aws import EmbeddedAws
from tests.embedded_aws.clients import client_for, error_code

DETAIL = json.dumps({"number": 1})


def entry(**changes: Any) -> dict[str, Any]:
    return {"Source": "cooper", "DetailType": "cooper audit", "Detail": DETAIL} | changes


@pytest.fixture
def events(store: EmbeddedAws) -> Iterator[Any]:
    yield client_for(store, "events")
    store.event_buses.clear()
    store.event_faults.clear()


def test_entries_are_put_in_their_order(store: EmbeddedAws, events: Any) -> None:
    bus = events.create_event_bus(Name="audit")["EventBusArn"]
    details = [json.dumps({"number": number}) for number in range(10)]
    answer = events.put_events(
        Entries=[entry(Detail=detail, EventBusName="audit") for detail in details]
    )
    assert answer["FailedEntryCount"] == 0 and len(answer["Entries"]) == 10
    assert [put["Detail"] for put in store.event_buses[bus]] == details
    assert events.describe_event_bus(Name="audit")["Arn"] == bus


def test_a_call_has_at_most_ten_entries_and_256_kb(events: Any) -> None:
    put = events.put_events
    assert error_code(put, Entries=[]) == "ValidationException"
    assert error_code(put, Entries=[entry()] * 11) == "ValidationException"

    overhead = len("cooper" + "cooper audit" + '{"t": ""}')
    exact = json.dumps({"t": "x" * (262_144 - overhead)})
    assert put(Entries=[entry(Detail=exact)])["FailedEntryCount"] == 0
    # a time counts 14 bytes, and each letter as many as UTF-8 has
    assert error_code(put, Entries=[entry(Detail=exact, Time=1)]) == "ValidationException"
    assert error_code(put, Entries=[entry(Detail=exact, Resources=["x"])]) == "ValidationException"


def test_one_that_fails_is_told_in_its_place(store: EmbeddedAws, events: Any) -> None:
    store.event_faults.extend(["", "ThrottlingException"])
    wrong = [entry(), entry(), entry(Detail="no json"), entry(Source="aws.sts"), entry(Detail="[]")]
    answer = events.put_events(Entries=wrong)
    codes = [result.get("ErrorCode", "") for result in answer["Entries"]]
    assert codes == [
        "",
        "ThrottlingException",
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        "MalformedDetail",
    ]
    assert answer["FailedEntryCount"] == 4


def test_what_is_for_no_bus_is_dropped_without_a_word(store: EmbeddedAws, events: Any) -> None:
    answer = events.put_events(Entries=[entry(EventBusName="nowhere")])
    assert answer["FailedEntryCount"] == 0 and not store.event_buses
    assert error_code(events.describe_event_bus, Name="nowhere") == "ResourceNotFoundException"
    assert error_code(client_for(store, "events", "AKIA0", "x").describe_event_bus) == (
        "UnrecognizedClientException"
    )
