"""Which grants' AWS sessions are active: read so that none is missing, however new it is."""

from datetime import UTC, datetime, timedelta

import pytest

from brokers.grants import active, active_grants_for, active_grants_in
from brokers.grants.events import GrantScope
from core import audit
from core.audit import Event
from core.dynamo import transaction
from tests.support import clock, faults, grants
from tests.support.fault_admin_writes import ADMIN_WRITES
from tests.support.lag import index_without, lagging_index
from tests.support.removals import disable_target

ALICE = "local:alice"
MIDNIGHT = datetime(2026, 11, 27, tzinfo=UTC)


def become(alice, target: str = "dev-read") -> str:
    """Let her become a target; return the grant's id."""
    return grants.become(alice, target).grant_id


def active_ids() -> list[str]:
    return [str(active.event.grant) for active in active_grants_for(ALICE, datetime.now(UTC))]


def test_it_has_a_grant_of_a_second_ago_while_the_index_lags(identity):
    grant_id = become(identity("alice"))
    with faults.on(lagging_index("audit")) as [lag]:
        assert active_ids() == [grant_id]
    assert lag.hit > 0


def test_it_has_a_grant_once_that_is_in_the_index_already(identity):
    alice = identity("alice")
    first = become(alice)
    second = become(alice, "dev-uploads")
    assert active_ids() == [second, first]


def test_it_has_a_grant_from_before_midnight_while_the_index_lags(identity):
    with clock.travelling((MIDNIGHT - timedelta(seconds=3)).timestamp()):
        grant_id = become(identity("alice"))
    with (
        clock.travelling((MIDNIGHT + timedelta(seconds=3)).timestamp()),
        faults.on(lagging_index("audit")) as [lag],
    ):
        assert active_ids() == [grant_id]
    assert lag.hit > 0


def test_it_goes_by_an_outcome_that_is_not_in_the_index_yet(identity):
    """Its intent is in the index: without the outcome it would look as if it may be active."""
    begun = datetime.now(UTC) - timedelta(minutes=5)
    day, at = audit.event_key(begun, "failed")
    facts = {"person": ALICE, "target": "dev-read", "grant": "failed", "seconds": 3600}
    with transaction() as writes:
        writes.create(audit.event(Event.GRANT_INTENDED, at=(day, at), **facts))
        writes.create(audit.event(Event.GRANT_FAILED, at=(day, f"{at}#outcome"), **facts))

    with faults.on(index_without("audit", lambda at: at.endswith("#outcome"))) as [lag]:
        assert active_ids() == []
    assert lag.hit > 0


# -- for a target, an AWS account, or all ----------------------------------------------------------
SCOPES = {
    "of a target": GrantScope(targets=frozenset({"dev-read"})),
    "in an AWS account": GrantScope(aws_accounts=frozenset({"222222222222"})),
    "of all": GrantScope(all_grants=True),
}


@pytest.mark.parametrize("name", SCOPES)
def test_it_has_those_of_a_scope_while_the_index_lags(identity, name):
    grant_id = become(identity("alice"))
    # AWS accounts, and all together, have no index
    with faults.on(lagging_index("audit"), may_miss=name != "of a target"):
        found = active_grants_in(SCOPES[name], datetime.now(UTC))
    assert [grant.event.grant for grant in found.grants] == [grant_id] and found.are_all


def test_it_has_none_of_another_target_or_aws_account(identity):
    become(identity("alice"))
    others = GrantScope(targets=frozenset({"dev-admin"}), aws_accounts=frozenset({"444444444444"}))
    assert active_grants_in(others, datetime.now(UTC)).grants == []


def test_it_says_that_there_was_no_time_to_read_all(identity, monkeypatch):
    alice = identity("alice")
    become(alice)
    monkeypatch.setattr(active, "PATIENCE", -1.0)
    monkeypatch.setattr("core.audit_days.FIRST_PAGE_SIZE", 1)
    found = active_grants_in(GrantScope(all_grants=True), datetime.now(UTC))
    assert not found.are_all


PAGES = {
    "stop all grants": "/admin/cooper/installation/grants/change/",
    "stop an AWS account": "/admin/brokers/awsaccount/222222222222/change/",
}


@pytest.mark.parametrize("name", PAGES)
def test_what_is_stopped_shows_the_aws_sessions_that_go_on(client_of, identity, name):
    become(identity("alice"))
    carol = client_of("carol")
    assert "Issued to local:alice" not in carol.get(PAGES[name]).text
    ADMIN_WRITES[name].flow(carol)
    carol.get("/admin/")
    page = carol.get(PAGES[name]).text
    assert "Issued to local:alice: dev-read" in page and "local_3Aalice/change/#grants" in page


def test_a_disabled_target_shows_the_aws_sessions_that_go_on(client_of, identity):
    become(identity("alice"))
    carol = client_of("carol")
    address = "/admin/brokers/target/dev-read/change/"
    assert "Issued to local:alice" not in carol.get(address).text
    disable_target()
    assert "Issued to local:alice: dev-read" in carol.get(address).text
