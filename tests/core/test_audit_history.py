"""What was done to a target: found by an index that has no long text, and read whole."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from brokers.admin import last_used
from brokers.grants.issue import REASON_LIMIT
from core import audit
from core.audit import Event
from core.audit_history import AT_ONCE, events_of, outlines_of
from core.audit_search import AuditSearch, Search
from core.dynamo import transaction
from core.dynamo.sizes import item_size
from core.errors import Unavailable
from embedded_aws import EmbeddedAws
from tests.support import faults
from tests.support.faults import Fault

WRITE_UNIT = 1024
"""Bytes of a write unit."""

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def write(number: int) -> None:
    key = audit.event_key(NOON + timedelta(seconds=number), f"n{number:03}")
    event = audit.event(Event.TARGET_CHANGED, at=key, target="ledger", number=number)
    with transaction() as writes:
        writes.create(event)


def test_events_come_whole_and_in_order_however_many(store: EmbeddedAws) -> None:
    count = AT_ONCE + 5
    for number in range(count):
        write(number)
    numbers = [event.facts["number"] for event in events_of("ledger")]
    assert numbers == list(range(count))
    newest = events_of("ledger", scan_index_forward=False, limit=3)
    assert [event.facts["number"] for event in newest] == [count - 1, count - 2, count - 3]


def test_a_long_reason_costs_the_index_nothing(client_of: Callable[[str | None], Client]) -> None:
    reason = "é" * REASON_LIMIT
    form = {"duration": 900, "reason": reason}
    assert client_of("alice").post("/targets/dev-read/credentials/", form).status_code == 200
    events = [event for event in events_of("dev-read") if event.grant]
    assert any(event.facts.get("reason") == reason for event in events)
    assert max(item_size(event.serialize()) for event in events) > WRITE_UNIT

    # DynamoDB itself answers with no more than the index has
    outlines = list(outlines_of("dev-read"))
    assert len(outlines) >= len(events) >= 2
    assert max(item_size(outline.serialize()) for outline in outlines) < WRITE_UNIT / 2
    assert {(outline.details, outline.why, outline.person) for outline in outlines} == {
        (None, None, None)
    }


def test_a_search_by_name_goes_by_event_and_request(store: EmbeddedAws) -> None:
    with audit.acting(request_id="0123456789abcdef"):
        audit.record(Event.TARGET_CHANGED, target="dev-read", title="new")
    write(1)
    search = Search(name="dev-read", event="target:", request_id="0123456789abcdef")
    [event] = AuditSearch(search)
    assert event.facts["title"] == "new"


def test_the_list_of_targets_reads_no_whole_event(
    client_of: Callable[[str | None], Client],
) -> None:
    form = {"duration": 900}
    assert client_of("alice").post("/targets/dev-read/credentials/", form).status_code == 200
    last_used.forget()
    faults.clear()
    assert last_used.last_used(["dev-read"])["dev-read"] is not None
    assert faults.counts() == {("dynamodb", "Query"): 1}


def test_an_event_that_an_answer_lacks_is_not_left_out(store: EmbeddedAws) -> None:
    for number in range(3):
        write(number)

    def without_one(body: bytes) -> bytes:
        answer = json.loads(body)
        [items] = answer["Responses"].values()
        items.pop()
        return json.dumps(answer).encode()

    fault = Fault("dynamodb", "BatchGetItem", mode="signed", change=without_one)
    with faults.on(fault) as [active], pytest.raises(Unavailable):
        list(events_of("ledger"))
    assert active.hit == 1
    assert len(list(events_of("ledger"))) == 3
