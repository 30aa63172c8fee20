"""From version 1 of the tables to version 2: expanded, served, contracted; killed anywhere."""

import copy
import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.client
import pytest

from cooper_project import schema, setup
from core import audit, aws, installation
from core.audit import AuditEvent, Event
from core.audit_export import TimeRange
from core.audit_history import events_of
from core.audit_search import AuditSearch, Search
from core.errors import CooperError
from embedded_aws import EmbeddedAws
from tests.support import clock
from tests.support.kill_sweep import killed_at
from tests.support.old_store import load_dump, load_tables
from tests.support.versions import forget_version

AUDIT = "cooper-audit"
FIRST_DAY = datetime(2026, 11, 25, tzinfo=UTC).date()
EVENTS = 152
"""Events of the old store."""

WRITES = ("CreateTable", "TransactWriteItems", "PutItem", "UpdateItem")


def quiet(line: str) -> None:
    """Say nothing."""


@pytest.fixture
def old(store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    """Begin with the tables that the cooper before has written."""
    monkeypatch.setattr(schema, "PAUSE", 0.0)
    load_tables(load_dump(schema=1), store)
    yield store
    forget_version()


def expand() -> list[str]:
    return setup.set_up(quiet)


def contract() -> list[str]:
    return setup.set_up(quiet, finish_upgrade=True)


def indexes() -> set[str]:
    description = aws.client("dynamodb").describe_table(TableName=AUDIT)["Table"]
    return {index["IndexName"] for index in description["GlobalSecondaryIndexes"]}


def exported() -> list[AuditEvent]:
    return list(TimeRange.of_days(FIRST_DAY, audit.now().date()).events())


def names(events: list[AuditEvent]) -> list[str]:
    return [event.pk for event in events]


def assert_all_is_read() -> None:
    """Find every event by search, by export and, where it has a target, by its history."""
    events = exported()
    assert len(set(names(events))) == len(events) >= EVENTS
    assert names(events) == sorted(names(events), key=lambda pk: pk.split("|")[1])

    found = list(AuditSearch(Search(since=FIRST_DAY)))
    assert names(found) == names(events)[::-1]
    of_target = [event for event in events if event.target == "dev-read"]
    assert names(list(events_of("dev-read"))) == names(of_target)
    assert [event.details for event in events_of("dev-read")] == [e.details for e in of_target]
    assert all(AuditEvent.with_pk(event.pk) for event in events)


# -- step by step ----------------------------------------------------------------------------------
def test_before_set_up_the_log_is_read_and_written_as_before(old: EmbeddedAws) -> None:
    event = audit.record(Event.STOP_SET, target="dev-read")
    assert "#" not in str(event.day)
    assert_all_is_read()
    assert indexes() == {"by-target", "by-person"}


def test_set_up_adds_beside_what_is_there_and_leaves_the_version(old: EmbeddedAws) -> None:
    expand()
    assert indexes() == {"by-target", "by-person", "outlines-by-target"}
    assert installation.schema_version() == 1
    assert "#" not in str(audit.record(Event.STOP_SET, target="dev-read").day)
    assert_all_is_read()
    assert expand() == []


def test_the_version_before_refuses_only_once_it_is_finished(
    old: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    expand()
    monkeypatch.setattr(installation, "SCHEMA", 1)
    installation.refuse_other_schema()
    monkeypatch.setattr(installation, "SCHEMA", 2)

    contract()
    monkeypatch.setattr(installation, "SCHEMA", 1)
    with pytest.raises(CooperError, match="Install the newer cooper"):
        installation.refuse_other_schema()


def test_finished_it_has_the_new_index_alone_and_shards_from_a_later_day(old: EmbeddedAws) -> None:
    expand()
    contract()
    assert indexes() == {"by-person", "outlines-by-target"}
    assert installation.schema_version() == 2

    # this server learns of it
    forget_version()
    assert "#" not in str(audit.record(Event.STOP_SET, target="dev-read").day)
    assert_all_is_read()
    clock.shift(timedelta(days=2).total_seconds())
    assert "#" in str(audit.record(Event.STOP_LIFTED, target="dev-read").day)
    assert_all_is_read()
    assert contract() == []


def test_an_upgrade_can_be_finished_at_once(old: EmbeddedAws) -> None:
    contract()
    assert indexes() == {"by-person", "outlines-by-target"}
    assert installation.schema_version() == 2


def test_it_waits_before_it_drops_until_every_server_knows(
    old: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[tuple[float, set[str]]] = []
    monkeypatch.setattr(schema, "PAUSE", 75.0)
    monkeypatch.setattr(schema.time, "sleep", lambda seconds: pauses.append((seconds, indexes())))
    contract()
    [(seconds, indexes_then)] = [pause for pause in pauses if pause[0] == 75.0]
    assert seconds > installation.REREAD_SECONDS
    assert "by-target" in indexes_then


def test_aws_makes_and_drops_indexes_in_its_own_time(old: EmbeddedAws) -> None:
    old.table_activation_seconds = 0.3
    try:
        contract()
    finally:
        old.table_activation_seconds = 0.0
    assert indexes() == {"by-person", "outlines-by-target"}


# -- killed ----------------------------------------------------------------------------------------
def writes_of(operation: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    """Run an operation; return its calls that change something, by their numbers."""
    writes: dict[int, str] = {}
    count = 0
    call = botocore.client.BaseClient._make_api_call

    def counted(client: Any, name: str, arguments: dict[str, Any]) -> Any:
        nonlocal count
        count += 1
        if name in WRITES or name.startswith("Update"):
            writes[count] = f"{name} {arguments.get('TableName', '')}".strip()
        return call(client, name, arguments)

    with monkeypatch.context() as patch:
        patch.setattr(botocore.client.BaseClient, "_make_api_call", counted)
        operation()
    return writes


SWEEPS = [
    pytest.param(expand, {f"UpdateTable {AUDIT}"}, id="set-up, the audit log"),
    pytest.param(expand, set(), id="set-up", marks=pytest.mark.soak),
    pytest.param(contract, set(), id="the end of the upgrade"),
]


@pytest.mark.parametrize(("operation", "kinds"), SWEEPS)
def test_it_goes_on_where_it_was_killed(
    old: EmbeddedAws,
    monkeypatch: pytest.MonkeyPatch,
    operation: Callable[[], list[str]],
    kinds: set[str],
) -> None:
    """At each call that changes something (of these kinds, or any): just before and just after."""
    if operation is contract:
        expand()
    before = copy.deepcopy(dict(old.tables))
    writes = writes_of(operation, monkeypatch)
    numbers = [number for number, write in writes.items() if not kinds or write in kinds]
    assert numbers, writes

    for number, after in itertools.product(numbers, (False, True)):
        old.tables.clear()
        old.tables.update(copy.deepcopy(before))
        forget_version()
        assert killed_at(number, after, operation)
        # whoever serves meanwhile
        assert len(list(events_of("dev-read"))) > 0
        assert len(exported()) >= EVENTS

        operation()
        forget_version()
        is_finished = operation is contract
        assert installation.schema_version() == (2 if is_finished else 1)
        assert ("by-target" in indexes()) is not is_finished
        assert "outlines-by-target" in indexes()
        assert operation() == []
    assert_all_is_read()
