"""Every way out of a credential and every write x every call to AWS x every fault."""

import logging
from contextlib import contextmanager, nullcontext, suppress
from unittest.mock import MagicMock

import pytest

from brokers.grants import issue, outcome, sts_slots
from core import aws
from core.dynamo import Transaction
from core.errors import Conflict, CooperError
from tests.support.fault_admin_writes import ADMIN_WRITES
from tests.support.fault_grants import GRANTS
from tests.support.fault_invariants import INVARIANTS, complaints
from tests.support.fault_operations import OPERATIONS
from tests.support.fault_own_writes import OWN_WRITES
from tests.support.fault_sweep import Case, Missed, absences_of, cases_of, run, sample_of
from tests.support.fault_table import Row

IN_TIME = 20.0
"""Seconds for an answer, on a machine that others use too; a request's own deadline is 10 s."""

FEW = 2
"""Cases of an operation in the normal run."""

SAMPLED = [*GRANTS, *list(ADMIN_WRITES | OWN_WRITES)[::4]]
"""The operations of the normal run: every way out of a credential, and every fourth write."""


@pytest.mark.parametrize("name", SAMPLED)
def test_it_holds_whatever_aws_does(recorded, name):
    recording = recorded(name)
    results = [run(case, recording) for case in sample_of(recording, FEW)]
    assert [line for result in results for line in complaints(result)] == []


@pytest.mark.parametrize("name", ["role in the console", "change a target"])
def test_it_holds_whatever_the_first_read_does_not_find(recorded, name):
    recording = recorded(name)
    cases = absences_of(recording)
    assert {"cooper-people", "cooper-changes"} < {case.table for case in cases}
    results = [run(case, recording) for case in cases]
    assert [line for result in results for line in complaints(result)] == []


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("add a role", "sts"),
        ("change a target", "sts"),
        ("choose a file to import", "sts"),
        ("ask for codes again", "dynamodb"),
    ],
)
@pytest.mark.parametrize("fault", ["error", "deny"])
def test_it_holds_while_a_service_is_away(recorded, name, service, fault):
    recording = recorded(name)
    number = [call.service for call in recording.calls].index(service)
    assert complaints(run(Case(name, number, fault, lasting=True), recording)) == []


@pytest.mark.soak
@pytest.mark.parametrize("name", OPERATIONS)
def test_it_holds_whatever_aws_does_at_every_call(recorded, name, table):
    recording = recorded(name)
    row = Row(name)
    for case in [*cases_of(recording), *absences_of(recording)]:
        try:
            result = run(case, recording)
        except Missed:
            row.missed.append(str(case))
            continue
        row.add(result.seconds, [*complaints(result), *delays(result)])
    table.add(row)
    assert row.violations == [] and row.is_whole


def delays(result):
    """Return the complaint about an answer that takes too long, by the time limits of this run."""
    if result.response is None or result.seconds <= IN_TIME:
        return []
    return [f"{result.case}: took {result.seconds:.1f} s"]


# -- planted holes: the sweep notices each ---------------------------------------------------------
@contextmanager
def lost_slot():
    """Take a slot and give it back only where nothing fails."""
    slots = sts_slots._slots()
    assert slots.acquire(timeout=1)
    yield
    slots.release()


def quiet_outcome(*arguments, **facts):
    """Record an outcome, and go on where it cannot be recorded."""
    with suppress(CooperError):
        outcome.record_outcome(*arguments, **facts)


def piecemeal(commit):
    """Return a commit that writes one action after the other."""

    def commit_each(writes):
        for action in writes._actions:
            one = Transaction()
            one._actions = [action]
            commit(one)

    return commit_each


def told(facts_of_outcome):
    """Return facts of an outcome with the secret among them."""

    def facts(credentials, note):
        return facts_of_outcome(credentials, note) | {"secret": credentials.secret_access_key}

    return facts


def logged(console_url):
    """Return a maker of sign-in URLs that logs what it gets."""

    def log(credentials, *arguments):
        logging.getLogger("cooper").warning("%s", credentials.session_token)
        return console_url(credentials, *arguments)

    return log


@contextmanager
def unwritten():
    """Take writes, and write none of them."""
    yield MagicMock()


KEYS = "sensitive role for credential_process"
HOLES = {
    "answers as it should": (KEYS, "core.aws.answers.unreadable", lambda *_: KeyError()),
    "answers plainly": (KEYS, "core.error_pages.request_id_of", lambda request: ""),
    "blames nobody": (
        "change a target",
        "core.dynamo.connection.OutcomeUnknown",
        lambda *_, **__: Conflict("This was changed meanwhile."),
    ),
    "tries little": (KEYS, "core.aws.clients.LIMITS", dict.fromkeys(aws.LIMITS, (1.0, 1.0, 9))),
    "hands out nothing unrecorded": (
        "role with credentials",
        "brokers.grants.issue.record_outcome",
        quiet_outcome,
    ),
    "asks STS with an intent": (
        "role in the console",
        "brokers.grants.intent.transaction",
        unwritten,
    ),
    "concludes every intent": (
        "role in the console",
        "brokers.grants.issue.failures_recorded",
        lambda *_: nullcontext(),
    ),
    "writes all or nothing": (
        "change a target",
        "core.dynamo.Transaction.commit",
        piecemeal(Transaction.commit),
    ),
    "uses a code once": (KEYS, "accounts.totp.use_code", lambda *_: None),
    "returns its slot": ("role in the console", "brokers.grants.issue.sts_slot", lost_slot),
    "keeps secrets": (
        "role in the console",
        "brokers.grants.issue._facts_of_outcome",
        told(issue._facts_of_outcome),
    ),
    "keeps secrets out of the log": (
        "role in the console",
        "brokers.grants.issue._console_url",
        logged(issue._console_url),
    ),
}
SHOWN_BY_ERROR = {"answers plainly", "tries little", "hands out nothing unrecorded"}
"""The holes that an error of AWS shows; an answer that cannot be read shows the others."""


@pytest.mark.parametrize("hole", HOLES)
def test_it_notices_a_hole(recorded, monkeypatch, hole):
    name, place, planted = HOLES[hole]
    recording = recorded(name)
    monkeypatch.setattr(place, planted)
    aws.forget_clients()
    [invariant] = [name for name in INVARIANTS if hole.startswith(name)]
    fault = "error" if hole in SHOWN_BY_ERROR else "garbled-unchecked"
    cases = [
        Case(name, number, fault, lasting=True) for number in reversed(range(len(recording.calls)))
    ]
    # as soon as one does: the others take their time
    assert any(
        f": {invariant}: " in line for case in cases for line in complaints(run(case, recording))
    )


def test_it_has_a_hole_for_every_invariant():
    assert {name for name in INVARIANTS for hole in HOLES if hole.startswith(name)} == {*INVARIANTS}
