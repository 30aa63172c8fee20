"""Grants that are under way while something is taken away: waited for, and none left out."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from brokers.grants import under_way
from brokers.grants.events import GrantScope
from brokers.grants.under_way import GrantsUnderWay
from core import audit
from core.audit import AuditEvent, Event
from core.dynamo import transaction
from tests.support import clock, faults
from tests.support.faults import Fault
from tests.support.grants import become
from tests.support.served import wait_until

ALICE = "local:alice"
HERS = GrantScope(people=frozenset({ALICE}))
MIDNIGHT = datetime(2026, 11, 27, tzinfo=UTC)


def put_intent(name: str, person: str = ALICE) -> tuple[str, str]:
    """Record the intent of a grant; return its key."""
    key = audit.event_key(datetime.now(UTC), name)
    facts = {"person": person, "target": "dev-read", "grant": name, "seconds": 900}
    with transaction() as writes:
        writes.create(audit.event(Event.GRANT_INTENDED, at=key, **facts))
    return key


def put_outcome(intent: tuple[str, str], kind: Event = Event.GRANT_FAILED) -> None:
    day, at = intent
    grant_id = at.split("#")[1]
    facts = {"person": ALICE, "target": "dev-read", "grant": grant_id}
    if kind == Event.GRANT_DONE:
        facts["expires_at"] = (datetime.now(UTC) + timedelta(minutes=15)).isoformat()
    with transaction() as writes:
        writes.create(audit.event(kind, at=(day, f"{at}#outcome"), **facts))


@contextmanager
def grant_at_sts(alice) -> Iterator[Future[str]]:
    """Let a grant of Alice wait at STS for a moment; yield what will be its id."""
    stall = Fault("sts", "AssumeRole", mode="stall", seconds=0.6)
    with faults.on(stall) as [at_sts], ThreadPoolExecutor() as pool:
        future = pool.submit(lambda: become(alice, "dev-read").grant_id)
        wait_until(lambda: bool(at_sts.hit) or future.done())
        assert at_sts.hit, future.exception()
        yield future


def test_it_waits_for_a_grant_at_sts_and_says_what_it_became(identity):
    with grant_at_sts(identity("alice")) as grant_id:
        outcome = GrantsUnderWay().wait_for(HERS)
    [issued] = outcome.issued
    assert issued.event.grant == grant_id.result() and issued.event.event == Event.GRANT_DONE
    assert "Issued to local:alice: dev-read in AWS account 222222222222" in issued.description
    assert outcome.headline == "1 grant was under way when this was saved."


@pytest.mark.parametrize("kind", [Event.GRANT_FAILED, Event.GRANT_STOPPED])
def test_it_counts_those_to_which_nothing_was_issued(store, kind):
    grants = GrantsUnderWay()
    for name in ("one", "two"):
        put_outcome(put_intent(name), kind)
    outcome = grants.wait_for(HERS)
    assert outcome.issued == () and outcome.nothing_issued == 2
    assert "2 grants were under way" in outcome.headline and "failed: 2" in outcome.headline


def test_it_names_a_grant_that_is_issued_between_the_first_look_and_the_saving(store):
    intent = put_intent("quick")
    grants = GrantsUnderWay()
    put_outcome(intent, Event.GRANT_DONE)
    assert [issued.event.grant for issued in grants.wait_for(HERS).issued] == ["quick"]


def test_it_names_none_that_was_finished_before(store):
    put_outcome(put_intent("earlier"), Event.GRANT_DONE)
    assert GrantsUnderWay().wait_for(HERS).headline == ""


def test_it_does_not_wait_where_none_is_under_way(store, monkeypatch):
    monkeypatch.setattr(under_way.time, "sleep", lambda seconds: pytest.fail("it waited"))
    noon = MIDNIGHT - timedelta(hours=12)
    with clock.travelling(noon.timestamp()):
        put_intent("another", person="local:bob")
        faults.clear()
        assert GrantsUnderWay().wait_for(HERS).lines == []
    # once before, and once after the saving
    looks = 2 * len(audit.partitions_of(noon.date()))
    assert faults.count("dynamodb", "Query", "audit") == looks


def test_it_waits_for_no_grant_that_began_after_the_saving(store, monkeypatch):
    """People go on trying while all is stopped: each try is an intent, and refused."""
    first = put_intent("first")
    pauses = []

    def meanwhile(seconds: float) -> None:
        pauses.append(seconds)
        put_intent(f"later-{len(pauses)}")
        if len(pauses) == 2:
            put_outcome(first)

    monkeypatch.setattr(under_way.time, "sleep", meanwhile)
    outcome = GrantsUnderWay().wait_for(HERS)
    assert len(pauses) == 2 and outcome.nothing_issued == 1 and outcome.issued == ()


def test_it_says_after_the_deadline_that_one_may_have_been_issued(store, monkeypatch):
    monkeypatch.setattr(under_way, "LONGEST_WAIT", 0.4)
    put_intent("lost")
    outcome = GrantsUnderWay().wait_for(HERS)
    [issued] = outcome.issued
    assert issued.is_uncertain and "May have been issued" in outcome.lines[1]


def test_it_finds_one_from_before_midnight(store, monkeypatch):
    monkeypatch.setattr(under_way, "LONGEST_WAIT", 0.0)
    with clock.travelling((MIDNIGHT - timedelta(seconds=1)).timestamp()):
        grants = GrantsUnderWay()
        put_intent("late")
    with clock.travelling((MIDNIGHT + timedelta(seconds=1)).timestamp()):
        put_intent("early")
        names = [issued.event.grant for issued in grants.wait_for(HERS).issued]
    assert names == ["early", "late"]


def test_it_says_that_the_audit_log_could_not_be_read(store):
    grants = GrantsUnderWay()
    put_intent("unseen")
    with faults.on(Fault("dynamodb", "Query", "audit", mode="deny")) as [denied]:
        outcome = grants.wait_for(HERS)
    assert denied.hit and not outcome.are_known
    assert "could not be read" in outcome.headline and "It is saved" in outcome.headline


def test_it_names_more_where_the_first_look_fails(store):
    """What was finished before is then not known, so that it is named as well."""
    put_outcome(put_intent("earlier"), Event.GRANT_DONE)
    with faults.on(Fault("dynamodb", "Query", "audit", mode="deny")) as [denied]:
        grants = GrantsUnderWay()
    assert denied.hit
    assert [issued.event.grant for issued in grants.wait_for(HERS).issued] == ["earlier"]


@pytest.mark.parametrize(
    ("scope", "is_included"),
    [
        (GrantScope(), False),
        (GrantScope(people=frozenset({"local:alice"})), True),
        (GrantScope(people=frozenset({"local:bob"})), False),
        (GrantScope(targets=frozenset({"dev-read"})), True),
        (GrantScope(targets=frozenset({"dev-admin"})), False),
        (GrantScope(aws_accounts=frozenset({"222222222222"})), True),
        (GrantScope(aws_accounts=frozenset({"333333333333"})), False),
        (GrantScope(all_grants=True), True),
        (GrantScope(providers=frozenset({"local"})), True),
        (GrantScope(providers=frozenset({"loca", "okta"})), False),
        (GrantScope(targets=frozenset({"x"})) | GrantScope(people=frozenset({ALICE})), True),
    ],
)
def test_a_scope_includes_what_it_names(scope, is_included):
    event = AuditEvent(person="local:alice", target="dev-read", aws_account="222222222222")
    assert scope.includes(event) is is_included
