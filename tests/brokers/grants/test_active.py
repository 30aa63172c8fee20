"""Which grants' AWS sessions are active: read so that none is missing, however new it is."""

from datetime import UTC, datetime, timedelta

from brokers.grants import active_grants_for
from core import audit
from core.audit import Event
from core.dynamo import transaction
from tests.support import clock, faults, grants
from tests.support.lag import index_without, lagging_index

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
