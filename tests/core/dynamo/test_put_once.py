"""One conditional put: done once, whatever becomes of its answer."""

import pytest

from accounts import throttle
from core import audit
from core.audit import AuditEvent, Event
from core.dynamo import AlreadyExists, OutcomeUnknown, put_once
from core.dynamo.conflicts import TRIES
from core.errors import Unavailable
from tests.support import faults
from tests.support.faults import Fault

PUT = "PutItem"
LOST = ("lost", "lost-error", "cut", "garbled", "torn", "empty")


def new_event(at=None, **facts):
    return audit.event(Event.TARGET_CHANGED, at=at, target="dev-read", **facts)


def conflict(operation: str, **more: object) -> Fault:
    return Fault("dynamodb", operation, status=400, code="TransactionConflictException", **more)


def test_it_writes_a_document_by_one_put(store):
    event = new_event(why="a test")
    put_once(event)
    stored = AuditEvent.find(*event.key)
    assert stored.why == "a test" and stored.version == event.version == 1
    assert faults.count("dynamodb", PUT) == 1


def test_it_writes_over_nobody_else_s_document(store):
    first = new_event(why="first")
    put_once(first)
    with pytest.raises(AlreadyExists):
        put_once(new_event(first.key, why="second"))
    assert AuditEvent.find(*first.key).why == "first"


def test_it_writes_over_no_document_of_a_transaction(store):
    first = audit.record(Event.TARGET_CHANGED, target="dev-read")
    with pytest.raises(AlreadyExists):
        put_once(new_event(first.key, why="second"))
    assert AuditEvent.find(*first.key).why is None


@pytest.mark.parametrize("mode", LOST)
@pytest.mark.parametrize("times", [1, None], ids=["once", "each time"])
def test_it_was_done_though_its_answer_was_lost(store, mode, times):
    event = new_event()
    with faults.on(Fault("dynamodb", PUT, mode=mode, times=times)) as [fault]:
        put_once(event)
    assert fault.hit and AuditEvent.find(*event.key).nonce == event.nonce


@pytest.mark.parametrize("mode", LOST)
def test_another_s_document_is_in_the_way_though_an_answer_was_lost(store, mode):
    first = new_event(why="first")
    put_once(first)
    with (
        faults.on(Fault("dynamodb", PUT, mode=mode, times=1)) as [fault],
        pytest.raises((AlreadyExists, Unavailable)),
    ):
        put_once(new_event(first.key, why="second"))
    assert fault.hit and AuditEvent.find(*first.key).why == "first"


@pytest.mark.parametrize("mode", ["reset", "error"])
def test_it_does_not_call_done_what_is_not_there(store, mode):
    event = new_event()
    with (
        faults.on(Fault("dynamodb", PUT, mode=mode)) as [fault],
        pytest.raises(OutcomeUnknown, match="may or may not"),
    ):
        put_once(event)
    assert fault.hit and AuditEvent.find(*event.key) is None


def test_it_stays_unknown_when_the_table_does_not_say_either(store):
    event = new_event()
    lost, silent = Fault("dynamodb", PUT, mode="lost"), Fault("dynamodb", "GetItem", mode="error")
    # the repeated put is answered by its own item; that answer is lost as well
    with faults.on(lost, silent) as [put, _], pytest.raises(OutcomeUnknown):
        put_once(event)
    assert put.hit and AuditEvent.find(*event.key).nonce == event.nonce


def test_it_is_repeated_while_a_transaction_has_its_item(store):
    event = new_event()
    with faults.on(conflict(PUT, times=3)) as [fault]:
        put_once(event)
    assert fault.hit == 3 and AuditEvent.find(*event.key).nonce == event.nonce


def test_every_single_write_is_repeated_while_a_transaction_has_its_item(store):
    with faults.on(conflict("UpdateItem", times=2), conflict("DeleteItem", times=2)) as active:
        assert throttle.count("anything", 60) == 1
        throttle.reset("anything", 60)
    assert [fault.hit for fault in active] == [2, 2] and throttle.count("anything", 60) == 1


def test_it_is_busy_when_transactions_have_its_item_each_time(store, monkeypatch):
    monkeypatch.setattr("core.dynamo.conflicts.time.sleep", lambda seconds: None)
    event = new_event()
    with faults.on(conflict(PUT)) as [fault], pytest.raises(Unavailable, match="busy"):
        put_once(event)
    assert fault.hit == TRIES and AuditEvent.find(*event.key) is None
