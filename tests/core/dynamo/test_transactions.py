"""A transaction whose answer is lost: it is looked for, and said to be done only if it is."""

import pytest

from core import audit
from core.audit import AuditEvent, Event
from core.dynamo import OutcomeUnknown, transaction
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
