"""A worker that is killed in the middle of a grant: what STS may have issued is always listed."""

from datetime import UTC, datetime

from django.test import Client

from brokers.grants import active_grants_for
from core.audit import AuditEvent, Event
from tests.support import faults
from tests.support.kill_sweep import killed_at
from tests.support.removals import ALICE, DEV

IN_ORDER = [
    ("dynamodb", "TransactWriteItems"),
    ("dynamodb", "TransactGetItems"),
    ("sts", "AssumeRole"),
    ("dynamodb", "PutItem"),
]
"""The calls of a grant from its intent on: intent, check, STS, outcome."""


def become(alice: Client) -> None:
    answer = alice.post(f"/targets/{DEV}/credentials/", {"duration": 900})
    assert answer.status_code == 200, answer.text


def calls_of_a_grant(alice: Client) -> list[tuple[str, str]]:
    faults.clear()
    become(alice)
    return [(call.service, call.operation) for call in faults.journal()]


def active_ids() -> set[str]:
    return {str(active.event.grant) for active in active_grants_for(ALICE, datetime.now(UTC))}


def intents() -> set[str]:
    events = AuditEvent.everything()
    return {str(event.grant) for event in events if event.event == Event.GRANT_INTENDED}


def test_what_sts_issued_is_listed_wherever_the_worker_is_killed(client_of, store, settings):
    settings.COOPER_GRANTS_PER_MINUTE = 100
    alice = client_of("alice")
    become(alice)
    calls = calls_of_a_grant(alice)
    assert calls[-len(IN_ORDER) :] == IN_ORDER

    for number, call in enumerate(calls, 1):
        for after in (False, True):
            issued = len(store.issued)
            active = active_ids()
            recorded = intents()
            assert killed_at(number, after, lambda: become(alice))

            new_intents = intents() - recorded
            if len(store.issued) > issued:
                assert len(new_intents) == 1, f"STS was asked without an intent: {call}"
            # one without an outcome may have been issued
            assert active_ids() - active == new_intents, call
