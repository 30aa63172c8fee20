"""Restored tables: nothing is granted from them before what was taken away is taken away again."""

import copy
import io
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import enrolment_codes, notices, totp
from accounts.command_lines import CommandLine
from accounts.models import OnceRecord, Person, TotpDevice, WebSession
from brokers.models import ImportPart
from cooper_project import preparation, restored_store, setup
from cooper_project.checkup.report import Level
from cooper_project.checkup.stored import check_installation
from cooper_project.outside import Addresses
from core import store_identity
from core.audit import Event
from core.dynamo import transaction
from core.emergency_stop import put_lift
from core.errors import Conflict, CooperError
from core.installation import STOP_SWITCH_ITEM, Installation
from embedded_aws import EmbeddedAws
from sso_portal.models import Token
from tests.embedded_aws.clients import client_for
from tests.support import clock
from tests.support.codes import give_device, next_code
from tests.support.events import all_events
from tests.support.kill_sweep import killed_at
from tests.support.restores import copy_of_tables, restore_tables
from tests.support.versions import forget_version

MOST_CALLS = 400
"""More calls than a set-up of restored tables makes."""


def quiet(line: str) -> None:
    """Say nothing."""


def switch() -> Installation:
    return Installation.find(STOP_SWITCH_ITEM)


@pytest.fixture(autouse=True)
def _is_demo(store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "is_embedded", lambda: True)


# -- recognising -----------------------------------------------------------------------------------
def test_set_up_stops_all_grants_of_restored_tables(store: EmbeddedAws) -> None:
    restore_tables(store, copy_of_tables(store))
    setup.set_up(quiet)
    assert switch().stopped is True and "restored" in switch().stop_reason
    kinds = [event.event for event in all_events()]
    assert Event.RESTORE_FOUND in kinds and Event.STOP_SET in kinds


@pytest.mark.parametrize("name", ["cooper-people", "cooper-installation", "cooper-totp-devices"])
def test_a_server_refuses_a_restored_table_until_set_up_has_run(
    store: EmbeddedAws, name: str
) -> None:
    preparation.open_installation()
    restore_tables(store, copy_of_tables(store), name)
    with pytest.raises(CooperError, match=r"not the tables.*cooper -setup"):
        preparation.open_installation()
    setup.set_up(quiet)
    assert switch().stopped is True
    preparation.open_installation()


def test_a_table_that_was_lost_and_made_anew_counts_as_restored(store: EmbeddedAws) -> None:
    del store.tables["cooper-people"]
    setup.set_up(quiet)
    assert switch().stopped is True


def test_set_up_of_the_same_tables_stops_nothing(store: EmbeddedAws) -> None:
    assert setup.set_up(quiet) == [] and switch().stopped is False
    assert restored_store.stored_restore() is None


def test_tables_of_an_earlier_cooper_get_their_identities(store: EmbeddedAws) -> None:
    Installation.delete_item(store_identity.TABLES_ITEM)
    with pytest.raises(CooperError, match="cooper -setup"):
        preparation.open_installation()
    assert len(setup.set_up(quiet)) == 1 and switch().stopped is False
    preparation.open_installation()


def test_restored_tables_of_an_earlier_cooper_are_recognised(store: EmbeddedAws) -> None:
    Installation.delete_item(store_identity.TABLES_ITEM)
    restore_tables(store, copy_of_tables(store))
    setup.set_up(quiet)
    assert switch().stopped is True


def test_somebody_may_say_that_tables_were_restored(store: EmbeddedAws) -> None:
    call_command("cooper_setup", "--restored", stdout=io.StringIO())
    assert switch().stopped is True and restored_store.stored_restore().is_accepted


def test_tables_restored_without_others_are_refused(store: EmbeddedAws) -> None:
    restore_tables(store, copy_of_tables(store))
    del store.tables["cooper-people"]
    before = copy_of_tables(store)
    with pytest.raises(CommandError, match=r"without people\. .*-make-missing"):
        call_command("cooper_setup", stdout=io.StringIO())
    assert store.tables.keys() == before.keys()
    call_command("cooper_setup", "--make-missing", stdout=io.StringIO())
    assert switch().stopped is True


def test_a_table_restored_from_a_backup_is_recognised(store: EmbeddedAws) -> None:
    dynamodb = client_for(store, "dynamodb")
    name = "cooper-people"
    backup = dynamodb.create_backup(TableName=name, BackupName="daily")["BackupDetails"]
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=name)
    dynamodb.restore_table_from_backup(TargetTableName=name, BackupArn=backup["BackupArn"])
    setup.set_up(quiet)
    assert switch().stopped is True
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["DeletionProtectionEnabled"] and table["SSEDescription"]["KMSMasterKeyArn"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert "ENABLED" in str(backups["PointInTimeRecoveryDescription"])


def test_a_second_restore_begins_anew(store: EmbeddedAws) -> None:
    for _ in range(2):
        restore_tables(store, copy_of_tables(store))
        clock.shift(2)
        setup.set_up(quiet)
        clock.shift(2)
    found = [event for event in all_events() if event.event == Event.RESTORE_FOUND]
    assert len({event.facts["restore"] for event in found}) == 2


def test_the_reason_of_an_earlier_stop_is_kept(store: EmbeddedAws) -> None:
    item = switch()
    item.stopped, item.stop_reason = True, "key leak"
    item.save()
    restore_tables(store, copy_of_tables(store))
    setup.set_up(quiet)
    assert switch().stop_reason.endswith("Stopped before that: key leak")


# -- taking away -----------------------------------------------------------------------------------
def test_nothing_that_was_begun_before_goes_on(
    store: EmbeddedAws, client_of: Callable[..., Client]
) -> None:
    alice = client_of("alice")
    assert alice.get("/").status_code == 200
    epoch = Person.find("local:alice").epoch
    restore_tables(store, copy_of_tables(store))
    setup.set_up(quiet)
    assert Person.find("local:alice").epoch == epoch + 1
    assert WebSession.everything() == CommandLine.everything() == Token.everything() == []
    assert alice.get("/").status_code == 302


def test_a_code_that_was_used_after_the_restore_point_stays_used(store: EmbeddedAws) -> None:
    give_device("dan")
    before = copy_of_tables(store)
    code = next_code("dan")
    totp.use_code("local:dan", code, at=time.time())
    restore_tables(store, before)
    # without set-up it would count again
    assert TotpDevice.find("local:dan").last_step < time.time() // 30
    setup.set_up(quiet)
    with pytest.raises(totp.WrongCode):
        totp.use_code("local:dan", code, at=time.time())


def test_recovery_codes_count_no_more_and_their_people_are_told(store: EmbeddedAws) -> None:
    give_device("dan")
    device = TotpDevice.find("local:dan")
    device.recovery = ["a hash"]
    device.save()
    restore_tables(store, copy_of_tables(store))
    setup.set_up(quiet)
    assert TotpDevice.find("local:dan").recovery == []
    assert "recovery codes do not work" in notices.waiting_for("local:dan")


def test_enrolment_codes_drafts_and_expired_items_are_gone(store: EmbeddedAws) -> None:
    code = enrolment_codes.create("local:bob")
    now = datetime.now(UTC)
    with transaction() as writes:
        writes.create(OnceRecord("old", expires=now - timedelta(days=1)))
        writes.create(OnceRecord("young", expires=now + timedelta(days=1)))
        writes.create(ImportPart("draft", 1, body=b"x", expires=now + timedelta(days=1)))
    restore_tables(store, copy_of_tables(store))
    setup.set_up(quiet)
    with pytest.raises(CooperError):
        enrolment_codes.redeem("local:bob", code)
    assert OnceRecord.find("old") is None and OnceRecord.find("young")
    assert ImportPart.everything() == []


def test_every_step_is_an_event_with_its_count(store: EmbeddedAws) -> None:
    restore_tables(store, copy_of_tables(store))
    setup.set_up(quiet)
    events = [event for event in all_events() if event.event == Event.RESTORE_STEP_DONE]
    steps = [event.facts["step"] for event in sorted(events, key=lambda event: event.at)]
    assert steps == [*(step.name for step in restored_store.STEPS), "accept"]
    assert events[0].facts["restore"] == restored_store.stored_restore().id


# -- the stop stays --------------------------------------------------------------------------------
def test_the_stop_cannot_be_lifted_by_the_one_button(
    store: EmbeddedAws, client_of: Callable[..., Client]
) -> None:
    restore_tables(store, copy_of_tables(store))
    setup.set_up(quiet)
    with pytest.raises(Conflict), transaction() as writes:
        put_lift(writes, switch().stopped_since)
    assert switch().stopped is True


def test_a_stop_that_was_lifted_past_cooper_is_told(store: EmbeddedAws) -> None:
    restore_tables(store, copy_of_tables(store))
    setup.set_up(quiet)
    assert all(finding.level is Level.OK for finding in check_installation(Addresses("", "")))
    # what the server's role can do
    switch().update(actions=[Installation.stopped.set(False)])
    problem = list(check_installation(Addresses("", "")))[-1]
    assert problem.level is Level.PROBLEM and "wrote the stop switch past cooper" in problem.text


# -- killed ----------------------------------------------------------------------------------------
def state() -> tuple[Any, ...]:
    """Return what has to be the same however often set-up was cut off."""
    restore = restored_store.stored_restore()
    return (
        switch().stopped,
        restore.done,
        restore.is_accepted,
        WebSession.everything(),
        [device.recovery for device in TotpDevice.everything()],
    )


@pytest.mark.parametrize(
    "points", [(60, 75, 90), pytest.param((), marks=pytest.mark.soak)], ids=["some", "all"]
)
def test_it_goes_on_wherever_it_is_killed(
    store: EmbeddedAws, client_of: Callable[..., Client], points: tuple[int, ...]
) -> None:
    client_of("alice")
    restore_tables(store, copy_of_tables(store))
    restored = copy_of_tables(store)
    for point in points or range(1, MOST_CALLS):
        store.tables.clear()
        store.tables.update(copy.deepcopy(restored))
        forget_version()
        killed = killed_at(point, True, lambda: setup.set_up(quiet))
        if killed:
            refused = switch().stopped is True or json.loads(
                Installation.find(store_identity.TABLES_ITEM).value
            )
            assert refused
        setup.set_up(quiet)
        assert state() == (True, [step.name for step in restored_store.STEPS], True, [], [[]])
        if not killed:
            return
    assert points, "it never ended"
