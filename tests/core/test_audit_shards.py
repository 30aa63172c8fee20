"""A day's events are spread over shards, each grant in one; who reads a day reads all of them."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.test import Client

from core import audit, audit_shards, installation
from core.audit import AuditEvent, Event
from core.audit_days import newest_first
from core.audit_search import AuditSearch, Search
from core.audit_shards import COUNT, LEAD, NO_SHARDS, Shards
from core.dynamo import transaction
from core.installation import SCHEMA_ITEM, Installation, NotSetUp
from embedded_aws import EmbeddedAws
from tests.support import clock, faults
from tests.support.versions import forget_version, make_version_1, store_version

DAY = date(2026, 11, 26)
SHARDS = Shards(DAY, COUNT)


def todays_events() -> list[AuditEvent]:
    today = audit.now().date()
    return [event for _, event in newest_first(today) if event is not None]


# -- which partition -------------------------------------------------------------------------------
def test_names_spread_evenly_and_each_has_one_shard() -> None:
    counts = Counter(SHARDS.partition_for(DAY, f"grant-{number}") for number in range(4000))
    assert set(counts) == set(SHARDS.partitions_of(DAY)) - {DAY.isoformat()}
    assert min(counts.values()) > 400
    assert SHARDS.partition_for(DAY, "grant-1") == SHARDS.partition_for(DAY, "grant-1")


def test_a_day_before_the_first_one_has_none() -> None:
    before = DAY - timedelta(days=1)
    assert SHARDS.partitions_of(before) == [before.isoformat()]
    assert SHARDS.partition_for(before, "grant-1") == before.isoformat()
    assert NO_SHARDS.partitions_of(DAY) == [DAY.isoformat()]


def test_they_begin_so_late_that_every_server_knows_them_by_then() -> None:
    for at in (time(0, 0), time(12, 0), time(22, 59), time(23, 1), time(23, 59, 59)):
        now = datetime.combine(DAY, at, UTC)
        since = audit_shards.later_shards(now).since
        beginning = datetime.combine(since, time.min, UTC)
        assert LEAD <= beginning - now <= LEAD + timedelta(days=1)
    assert timedelta(seconds=installation.REREAD_SECONDS) < LEAD


def test_what_is_stored_says_the_same() -> None:
    assert Shards.of_item(SHARDS.item()) == SHARDS


# -- what is written and read ----------------------------------------------------------------------
def test_a_grants_outcome_is_beside_its_intent(
    client_of: Callable[[str | None], Client],
) -> None:
    client = client_of("alice")
    for _ in range(3):
        client.post("/targets/dev-read/credentials/", {"duration": 900})

    events = [event for event in todays_events() if str(event.event).startswith("grant:")]
    partitions: dict[str, set[str]] = {}
    for event in events:
        partitions.setdefault(str(event.grant), set()).add(str(event.day))
    assert len(events) == 2 * len(partitions) == 6
    assert all(len(keys) == 1 for keys in partitions.values())
    assert not any(key == {audit.now().date().isoformat()} for key in partitions.values())


def test_events_of_a_server_that_knows_no_shards_are_read_too(store: EmbeddedAws) -> None:
    unsharded = (audit.now().date().isoformat(), f"{audit.now().isoformat()}#old")
    with transaction() as writes:
        writes.create(audit.event(Event.STOP_SET, at=unsharded))
    written = audit.record(Event.STOP_LIFTED)
    assert "#" in str(written.day)
    kinds = [event.event for event in todays_events()]
    assert Event.STOP_SET in kinds
    assert Event.STOP_LIFTED in kinds


def test_a_day_with_shards_costs_a_query_each_and_an_older_one_a_single_one(
    store: EmbeddedAws,
) -> None:
    today = audit.now().date()
    before = today - timedelta(days=1)
    for day, queries in ((today, 1 + COUNT), (before, 1)):
        faults.clear()
        list(AuditSearch(Search(since=day, until=day)))
        assert faults.counts() == {("dynamodb", "Query"): queries}


# -- from one version to the next ------------------------------------------------------------------
def test_tables_of_the_version_before_are_written_as_that_version_does(store: EmbeddedAws) -> None:
    make_version_1()
    event = audit.record(Event.STOP_SET)
    assert event.day == audit.now().date().isoformat()
    assert audit.partitions_of(audit.now().date()) == [event.day]


def test_a_server_learns_of_them_within_a_minute(
    store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_version_1()
    assert audit_shards.current() == NO_SHARDS

    # another process
    store_version(2)
    SHARDS.item().save()
    assert audit_shards.current() == NO_SHARDS
    monkeypatch.setattr(installation._seen, "read_at", float("-inf"))
    assert audit_shards.current() == SHARDS


@pytest.mark.parametrize("name", [SCHEMA_ITEM, audit_shards.SHARDS_ITEM])
def test_a_missing_item_does_not_pass_for_no_shards(store: EmbeddedAws, name: str) -> None:
    """Who counts the grants under way must not look at the day's own partition alone."""
    Installation.delete_item(name)
    forget_version()
    with pytest.raises(NotSetUp):
        audit.partitions_of(audit.now().date())


def test_what_is_written_without_knowing_is_where_everybody_looks(store: EmbeddedAws) -> None:
    Installation.delete_item(SCHEMA_ITEM)
    forget_version()
    event = audit.record(Event.STOP_SET)
    assert event.day == audit.now().date().isoformat()
    store_version(2)
    forget_version()
    assert event.day in audit.partitions_of(audit.now().date())


def test_the_day_after_is_sharded_as_well(store: EmbeddedAws) -> None:
    clock.shift(24 * 3600)
    assert "#" in str(audit.record(Event.STOP_SET).day)
