"""What a restore undid is listed from the shipped log, and worked off before the stop is lifted."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import local_accounts, totp
from accounts.models import Person
from brokers.models import Association
from cooper_project import restored_store, setup, since_restore, undone_topics
from cooper_project.management.since_restore import facts_of_files
from cooper_project.shipped_files import read_files
from core import audit
from core.audit import Event
from core.dynamo import transaction
from core.emergency_stop import put_lift
from core.errors import Conflict, Invalid
from core.installation import STOP_SWITCH_ITEM, Installation
from embedded_aws import EmbeddedAws
from shipping.batches import DeliveredBatch, sha256
from shipping.chains import Chains
from shipping.events import events_of, text_of
from shipping.making import next_batch
from shipping.models import Head
from tests.support import clock
from tests.support.codes import give_device
from tests.support.events import all_events, shipped_batches, shipped_log
from tests.support.restores import copy_of_tables, restore_tables

PASSWORD = "long-and-rare-4711\n"

NOTHING_TO_DO = {
    *undone_topics.ISSUED,
    Event.SIGN_IN_DONE,
    Event.SIGN_OUT_DONE,
    # set-up ends and uses up all of these
    Event.SESSIONS_ENDED,
    Event.SESSION_ENDED,
    Event.RECOVERY_USED,
    Event.COMMAND_LINE_ALLOWED,
    Event.COMMAND_LINE_BEGUN,
    Event.COMMAND_LINE_ENDED,
    Event.COMMAND_LINE_MOVED,
    Event.PERMIT_ASKED,
    Event.PERMIT_GIVEN,
    # who is one is told of again; the clock is learnt again; retired keys retire by their time
    Event.PERSON_MADE_ADMIN,
    Event.NEW_ADMINS_ACKNOWLEDGED,
    Event.DEVICE_CLOCK_LEARNT,
    Event.SECRET_KEY_MADE,
    Event.SECRET_KEY_RETIRED,
    # they change nothing that is stored
    Event.ENROLMENT_BEGUN,
    Event.KEYS_ENCRYPTED,
    Event.TARGET_TRIED,
    Event.EXPORT_DONE,
    Event.AUDIT_VIEWED,
    Event.AUDIT_EXPORTED,
    Event.IDP_TRIED,
    Event.SETUP_DONE,
    Event.SERVE_STARTED,
    Event.RESTORE_FOUND,
    Event.RESTORE_STEP_DONE,
    Event.RESTORE_WORKED_OFF,
}
"""Kinds of events of whose undoing nothing is to be done, beside refusals and failures."""


@pytest.fixture
def since_point(store: EmbeddedAws, tmp_path: Path) -> Callable[[Callable[[], None]], Path]:
    """Return what does something after a restore point, ships the log, and restores to there."""

    def make(change: Callable[[], None]) -> Path:
        before, at = copy_of_tables(store), audit.now()
        clock.shift(2)
        change()
        file = tmp_path / "shipped.jsonl"
        file.write_bytes(shipped_log())
        restore_tables(store, before, at=at)
        clock.shift(2)
        setup.set_up(lambda line: None)
        clock.shift(2)
        return file

    return make


def run(*words: Any) -> str:
    output = io.StringIO()
    call_command("cooper_audit", "since-restore", *map(str, words), stdout=output)
    return output.getvalue()


def ids_of_open(output: str) -> list[str]:
    return [line[1:].split("]")[0] for line in output.splitlines() if "] OPEN" in line]


def take_away() -> None:
    """Do one of each of what must not come back."""
    call_command("cooper_user", "disable", "bob", stdout=io.StringIO())
    local_accounts.set_password("alice", PASSWORD.strip())
    local_accounts.set_groups("alice", ["visitors"])
    give_device("dan")
    totp.reset_device("local:dan", "carol")
    rule = next(iter(Association.everything()))
    with transaction() as writes:
        writes.delete(rule)
        writes.create(
            audit.event(Event.ASSOCIATION_DELETED, target=str(rule.target), group=str(rule.group))
        )
        writes.create(audit.event(Event.STOP_SET, aws_account="111122223333"))


# -- the list --------------------------------------------------------------------------------------
def test_it_lists_what_was_taken_away_and_how_it_is_done_again(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    output = run(since_point(take_away))
    for words in (
        "disabled a person: local:bob",
        "cooper -user disable local:bob",
        "changed a password: local:alice",
        "cooper -user password alice",
        "changed a person: local:alice",
        "groups: ['visitors']",
        "cooper -totp reset local:dan",
        "deleted an association: ",
        "stopped grants: 111122223333",
        "6 lines, 6 open",
        "6 of them are not in the table",
    ):
        assert words in output, words


def test_what_was_undone_again_before_the_restore_is_no_line(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    def change() -> None:
        local_accounts.disable("bob")
        clock.shift(2)
        local_accounts.enable("bob")

    output = run(since_point(change))
    assert "0 lines, 0 open" in output and "person:enable:done: local:bob" in output


def test_every_kind_of_event_is_judged() -> None:
    judged = {*undone_topics.TOPIC_OF, *NOTHING_TO_DO}
    refused = {kind for kind in Event if kind.endswith((":refused", ":failed"))}
    assert set(Event) - judged == refused
    assert not judged & refused


@pytest.mark.parametrize("name", ["event", "id"])
def test_an_event_without_a_name_or_an_id_is_refused(tmp_path: Path, name: str) -> None:
    entry = {"event": "person:disable:done", "id": "2026#1", "at": "2026-11-26T08:00:00Z"}
    file = tmp_path / "day.jsonl"
    file.write_text(json.dumps(entry))
    assert list(read_files([file]).events) == ["2026#1"]
    file.write_text(json.dumps(entry | {name: ""}))
    with pytest.raises(Invalid, match="line 1 is no event"):
        read_files([file])


def test_files_that_do_not_describe_their_batches_leave_a_line_open(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    file = since_point(take_away)
    file.write_bytes(file.read_bytes().split(b"\n", 1)[1])
    output = run(file)
    assert "7 lines, 7 open" in output
    assert "[no-batch] OPEN" in output and "name the batches themselves" in output


# -- what is undone, and what does it again --------------------------------------------------------
def test_what_only_another_table_lost_is_a_line_too(store: EmbeddedAws, tmp_path: Path) -> None:
    before, at = copy_of_tables(store), audit.now()
    clock.shift(2)
    local_accounts.disable("bob")
    clock.shift(2)
    file = tmp_path / "shipped.jsonl"
    file.write_bytes(shipped_log())
    restore_tables(store, before, "cooper-people", at=at)
    setup.set_up(lambda line: None)
    output = run(file)
    assert "0 of them are not in the table" in output
    assert "disabled a person: local:bob" in output and "1 lines, 1 open" in output


def test_of_tables_restored_to_several_moments_the_oldest_counts(store: EmbeddedAws) -> None:
    before, at = copy_of_tables(store), audit.now()
    restore_tables(store, before, "cooper-people", at=at - timedelta(hours=1))
    restore_tables(store, before, "cooper-audit", at=at)
    setup.set_up(lambda line: None)
    expected = (at - timedelta(hours=1)).isoformat(timespec="seconds")
    assert restored_store.stored_restore().restored_to == expected


def test_a_device_that_was_reset_is_a_line_though_another_one_came_since(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    give_device("dan")

    def change() -> None:
        totp.reset_device("local:dan", "carol")
        clock.shift(2)
        with transaction() as writes:
            writes.create(audit.event(Event.DEVICE_ADDED, person="local:dan"))

    file = since_point(change)
    assert "reset a device: local:dan" in run(file) and "1 lines, 1 open" in run(file)
    totp.reset_device("local:dan", "carol")
    with transaction() as writes:
        writes.create(audit.event(Event.DEVICE_ADDED, person="local:dan"))
    assert "1 lines, 0 open" in run(file)


def test_a_line_is_done_by_the_same_with_the_same_values_alone(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    file = since_point(lambda: local_accounts.set_groups("alice", ["visitors"]))
    assert "1 lines, 1 open" in run(file)
    local_accounts.set_groups("alice", ["admins", "visitors"])
    assert "1 lines, 1 open" in run(file)
    clock.shift(2)
    local_accounts.set_groups("alice", ["visitors"])
    assert "1 lines, 0 open" in run(file)


def test_an_account_that_was_deleted_is_done_by_disabling_it(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    def change() -> None:
        with transaction() as writes:
            writes.create(audit.event(Event.PERSON_DELETED, object="local:bob"))

    file = since_point(change)
    assert "1 lines, 1 open" in run(file)
    local_accounts.disable("bob")
    assert "1 lines, 0 open" in run(file)


def test_what_this_cooper_does_not_know_is_a_line(
    since_point: Callable[[Callable[[], None]], Path], tmp_path: Path
) -> None:
    file = since_point(lambda: None)
    others = tmp_path / "others.jsonl"
    newer = {"event": "person:banish:done", "id": "2026#newer", "at": audit.now().isoformat()}
    broken = {"id": "2026#broken", "at": "2026-11-26T10:00:00.banana", "unreadable": {"at": "x"}}
    others.write_text(f"{json.dumps(newer)}\n{json.dumps(broken)}\n")
    output = run(file, others)
    assert "[newer] OPEN" in output and "[broken] OPEN" in output
    assert "an item of the audit log that is no event" in output


def test_an_event_that_somebody_wrote_over_does_nothing_again(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    file = since_point(take_away)
    event = audit.event(Event.PERSON_DISABLED, object="local:bob")
    event.details = "{"
    event.save()
    assert "6 lines, 6 open" in run(file)


# -- what is missing -------------------------------------------------------------------------------
@pytest.fixture
def batches(
    since_point: Callable[[Callable[[], None]], Path], tmp_path: Path
) -> Callable[[], list[Path]]:
    """Return what takes away, and returns the log in files of a few events each."""

    def make() -> list[Path]:
        files = []

        def change() -> None:
            take_away()
            for number, body in enumerate(shipped_batches(3), 1):
                files.append(tmp_path / f"{number:012d}.jsonl")
                files[-1].write_bytes(body)

        since_point(change)
        assert len(files) > 3
        return files

    return make


def test_whole_files_leave_nothing_open_beside_what_was_taken_away(
    batches: Callable[[], list[Path]], tmp_path: Path
) -> None:
    files = batches()
    assert "6 lines, 6 open" in run(*files)
    assert "6 lines, 6 open" in run(*reversed(files))

    one = tmp_path / "all.jsonl"
    one.write_bytes(b"".join(file.read_bytes() for file in files))
    assert "6 lines, 6 open" in run(one)


def test_a_batch_that_is_not_among_the_files_is_a_line(
    batches: Callable[[], list[Path]],
) -> None:
    files = batches()
    last = len(files)
    output = run(*files[: last - 3], files[-1])
    assert f"[gap-{last - 1}] OPEN" in output
    assert f"batches {last - 2} to {last - 1}\n" in output

    ids = ids_of_open(output)
    assert f"gap-{last - 1}" in refusal(*files[: last - 3], files[-1], "--release")
    words = ("--release", "--accept", ",".join(ids), "--why", "lost by the receiver")
    assert "Released" in run(*files[: last - 3], files[-1], *words)
    [event] = [event for event in all_events() if event.event == Event.RESTORE_WORKED_OFF]
    assert f"batches {last - 2} to {last - 1}" in str(event.facts["accepted"])


def test_what_was_sent_before_the_restore_point_need_not_be_there(
    batches: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = batches()
    assert "[gap-1] OPEN" in run(*files[1:])
    # all of them were made after it: the clock of the shipper may be wrong by so much
    monkeypatch.setattr(since_restore, "SKEW", -timedelta(minutes=1))
    assert "6 lines, 6 open" in run(*files[1:])


def test_a_batch_beside_a_restored_shipper_is_missed_too(
    store: EmbeddedAws, tmp_path: Path
) -> None:
    bodies = shipped_batches(1)
    head = Head(number=2, digest=sha256(bodies[1]), position=text_of(audit.now()))
    head.beside = json.dumps(DeliveredBatch(4, sha256(bodies[3])).content)
    events = list(events_of(audit.now().date()))
    bodies[4:] = [next_batch(head, Chains(), events[4:], made_at=head.position).body]

    files = [tmp_path / f"{number}.jsonl" for number in range(1, 6)]
    for file, body in zip(files, bodies, strict=True):
        file.write_bytes(body)
    assert read_files(files).gaps == []
    for number in range(1, 5):
        others = [file for file in files if file.stem != str(number)]
        assert [gap.words for gap in read_files(others).gaps] == [f"batch {number}"]


@pytest.mark.parametrize("change", ["removed", "changed", "added"])
def test_a_batch_that_is_not_as_it_was_sent_is_refused(
    batches: Callable[[], list[Path]], change: str
) -> None:
    files = batches()
    lines = files[2].read_bytes().splitlines(keepends=True)
    if change == "removed":
        del lines[-1]
    elif change == "changed":
        lines[-1] = lines[-1].replace(b'"at"', b'"at" ', 1)
    else:
        lines.append(files[1].read_bytes().splitlines(keepends=True)[-1])
    files[2].write_bytes(b"".join(lines))
    with pytest.raises(CommandError, match=f"was {change} in batch 3"):
        run(*files)


def test_a_description_that_says_too_little_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    file.write_text('{"batch": 1, "previous": ""}\n')
    with pytest.raises(Invalid, match="line 1 is no event"):
        read_files([file])


def test_a_file_that_is_cut_off_is_refused(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    file = since_point(take_away)
    file.write_text(file.read_text()[:-40])
    with pytest.raises(CommandError, match="is no event"):
        run(file)


def test_files_that_end_before_the_restore_point_are_refused(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    file = since_point(take_away)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[1:3]))
    with pytest.raises(CommandError, match="they say nothing of what was undone"):
        run(file, "--release")


def test_it_lists_nothing_of_tables_that_were_not_restored(store: EmbeddedAws) -> None:
    with pytest.raises(CommandError, match="no restore"):
        run("--nothing-shipped", "--why", "x")


# -- working it off --------------------------------------------------------------------------------
def test_the_stop_is_released_once_each_line_was_done_or_accepted(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    file = since_point(take_away)
    with pytest.raises(CommandError, match="6 lines are open"):
        run(file, "--release")
    assert Installation.find(STOP_SWITCH_ITEM).stopped_for_restore

    assert not Person.find("local:bob") or not Person.find("local:bob").disabled
    call_command("cooper_user", "disable", "bob", stdout=io.StringIO())
    local_accounts.set_password("alice", PASSWORD.strip())
    output = run(file)
    assert "6 lines, 4 open" in output and output.count("done 20") == 2

    accepted = ",".join(ids_of_open(output))
    assert "4 lines are open" in refusal(file, "--release")
    assert "Released" in run(file, "--release", "--accept", accepted, "--why", "by hand")
    assert Person.find("local:bob").disabled

    [event] = [event for event in all_events() if event.event == Event.RESTORE_WORKED_OFF]
    assert event.why == "by hand" and len(event.facts["accepted"]) == 4
    assert event.facts["files"] == facts_of_files([file]) and event.facts["os_user"]
    lift()
    assert Installation.find(STOP_SWITCH_ITEM).stopped is False


def test_a_person_who_was_enabled_again_is_open_again(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    file = since_point(lambda: local_accounts.disable("bob"))
    local_accounts.disable("bob")
    assert "1 lines, 0 open" in run(file)
    clock.shift(2)
    local_accounts.enable("bob")
    assert "1 lines, 1 open" in run(file)


def test_where_nothing_was_shipped_somebody_says_so(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    since_point(take_away)
    with pytest.raises(CommandError, match="-why"):
        run("--nothing-shipped", "--release")
    run("--nothing-shipped", "--release", "--why", "no shipper yet")
    [event] = [event for event in all_events() if event.event == Event.RESTORE_WORKED_OFF]
    assert event.facts["nothing_shipped"] is True and event.why == "no shipper yet"


def test_where_nobody_knows_the_restore_point_somebody_says_how_far_the_files_reach(
    store: EmbeddedAws, tmp_path: Path
) -> None:
    # of today: midnight may have passed since the store was filled
    audit.record(Event.SIGN_OUT_DONE)
    file = tmp_path / "shipped.jsonl"
    file.write_bytes(shipped_log())
    call_command("cooper_setup", "--restored", stdout=io.StringIO())
    assert "0 lines, 0 open" in run(file)
    assert "nobody can tell whether the files" in refusal(file, "--release")
    assert "Released" in run(file, "--release", "--why", "fetched after the import")


def test_it_releases_no_later_restore(
    store: EmbeddedAws, since_point: Callable[[Callable[[], None]], Path]
) -> None:
    since_point(take_away)
    old = restored_store.stored_restore()
    restore_tables(store, copy_of_tables(store))
    clock.shift(2)
    setup.set_up(lambda line: None)
    with pytest.raises(Conflict):
        restored_store.release(old)
    with pytest.raises(Conflict):
        lift()


def test_the_servers_role_releases_nothing(
    since_point: Callable[[Callable[[], None]], Path],
) -> None:
    since_point(take_away)
    # it may write the switch, and not the item that set-up keeps the restore in
    switch = Installation.find(STOP_SWITCH_ITEM)
    switch.update(actions=[Installation.stopped_for_restore.remove()])
    with pytest.raises(Conflict, match="until what the restore undid was worked off"):
        lift()
    run("--nothing-shipped", "--release", "--why", "no shipper yet")
    lift()


def refusal(*words: Any) -> str:
    with pytest.raises(CommandError) as caught:
        run(*words)
    return str(caught.value)


def lift() -> None:
    with transaction() as writes:
        put_lift(writes, Installation.find(STOP_SWITCH_ITEM).stopped_since)


def test_the_page_says_why_the_stop_stays(
    store: EmbeddedAws, client_of: Callable[..., Client]
) -> None:
    restore_tables(store, copy_of_tables(store))
    setup.set_up(lambda line: None)
    carol = client_of("carol")
    address = f"/admin/cooper/installation/{STOP_SWITCH_ITEM}/change/"
    page = carol.get(address).content.decode()
    assert "since-restore" in page and "Lift the stop" not in page
    for useless in ('name="reason"', 'name="code"', ">cooper -setup</a>"):
        assert useless not in page
    answer = carol.post(address, {"stopped": "off", "reason": "", "code": "000000"})
    assert "what the restore undid" in answer.content.decode()
    assert Installation.find(STOP_SWITCH_ITEM).stopped is True
