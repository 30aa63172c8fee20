"""A transaction whose answer is lost: it is looked for, and said to be done only if it is."""

import pytest

from core import audit
from core.audit import AuditEvent, Event
from core.dynamo import OutcomeUnknown, transaction
from core.dynamo.conflicts import TRIES
from core.errors import Unavailable
from tests.support import faults
from tests.support.faults import Fault

LOST = ("lost", "lost-error", "cut", "garbled", "torn", "empty")


def new_event():
    return audit.event(Event.TARGET_CHANGED, target="dev-read", why="a test")


@pytest.mark.parametrize("mode", LOST)
def test_it_finds_what_was_done_though_no_answer_said_so(store, mode):
    event = new_event()
    with faults.on(Fault("dynamodb", "TransactWriteItems", mode=mode)), transaction() as writes:
        writes.create(event)
    assert AuditEvent.find(*event.key) is not None
    assert event.version == 1


@pytest.mark.parametrize("mode", ["hang", "reset", "error"])
def test_it_does_not_call_done_what_is_not_there(store, mode):
    event = new_event()
    not_done = Fault("dynamodb", "TransactWriteItems", mode=mode, seconds=0.1)
    with (
        faults.on(not_done),
        pytest.raises(OutcomeUnknown, match="may or may not"),
        transaction() as writes,
    ):
        writes.create(event)
    assert AuditEvent.find(*event.key) is None


def test_it_stays_unknown_when_the_table_does_not_say_either(store):
    event = new_event()
    with (
        faults.on(
            Fault("dynamodb", "TransactWriteItems", mode="lost"),
            Fault("dynamodb", "GetItem", mode="error"),
        ),
        pytest.raises(OutcomeUnknown),
        transaction() as writes,
    ):
        writes.create(event)
    assert AuditEvent.find(*event.key) is not None


def cancelled(**more):
    reasons = {"CancellationReasons": [{"Code": "TransactionConflict"}]}
    return Fault(
        "dynamodb",
        "TransactWriteItems",
        status=400,
        code="TransactionCanceledException",
        more=reasons,
        **more,
    )


def test_it_is_repeated_while_others_have_its_items(store):
    event = new_event()
    with faults.on(cancelled(times=3)) as [fault], transaction() as writes:
        writes.create(event)
    assert fault.hit == 3 and AuditEvent.find(*event.key) is not None


def test_one_that_was_done_by_a_try_without_an_answer_is_done(store):
    """A try whose client has given up may be done while another one meets a conflict."""
    event = new_event()
    with faults.on(cancelled(mode="lost-error", times=1)) as [fault], transaction() as writes:
        writes.create(event)
    assert fault.hit == 1 and AuditEvent.find(*event.key) is not None


def test_it_says_that_others_are_in_the_way_when_they_stay(store, monkeypatch):
    monkeypatch.setattr("core.dynamo.conflicts.time.sleep", lambda seconds: None)
    event = new_event()
    with (
        faults.on(cancelled()) as [fault],
        pytest.raises(Unavailable, match="Others are changing the same things right now"),
        transaction() as writes,
    ):
        writes.create(event)
    assert fault.hit == TRIES and AuditEvent.find(*event.key) is None
