"""The catalogue: kept in memory, true at every request, refused when an answer is cut."""

import threading

import pytest

from brokers import aws_accounts, catalogue
from brokers.catalogue_rows import CatalogueTarget
from brokers.models import Association, AwsAccount, Change, Target
from core import aws
from core.dynamo import AlreadyExists, Stale, Transaction
from core.errors import CooperError, Unavailable
from tests.support import faults
from tests.support.events import all_events
from tests.support.faults import Fault

GROUP = "local:testers"


def associate(name: str = "dev-read", group: str = GROUP) -> None:
    catalogue.edit(lambda writes: writes.create(Association(name, group)), name)


def test_it_shows_an_edit_at_the_next_request(store):
    assert catalogue.current().associations_for([GROUP]) == []
    associate()
    assert [rule.target for rule in catalogue.current().associations_for([GROUP])] == ["dev-read"]


def test_a_row_has_what_links_and_refusals_go_by(store):
    target = Target.find("dev-read")
    target.owner = "Platform team"
    target.rank = 10
    target.reason_pattern = r"OPS-\d{1,6}"
    target.reason_example = "OPS-42"
    target.command_lines = "permit"
    catalogue.edit(lambda writes: writes.save(target), "dev-read")

    current = catalogue.current()
    row = current.targets["dev-read"]
    assert (row.owner, row.rank, row.reason_example) == ("Platform team", 10, "OPS-42")
    assert row.command_lines == "permit"
    assert current.takes_reason(row)
    assert not current.takes_reason(current.targets["prod-read"])


@pytest.mark.parametrize(
    ("attributes", "role_name"),
    [
        ({"role_arn": "arn:aws:iam::222222222222:role/a/b/Admin"}, "Admin"),
        ({"role_arn": "arn:aws:iam::222222222222:role/Admin", "role_name": "Ops"}, "Ops"),
        ({"kind": "federated_user"}, None),
        ({"kind": "federated_user", "role_name": "Ops"}, "Ops"),
    ],
)
def test_a_row_without_role_name_takes_that_of_its_role(attributes, role_name):
    item = {
        name: {"S": value} for name, value in {"name": "a", "kind": "role", **attributes}.items()
    }
    assert CatalogueTarget.from_item(item).role_name == role_name


def test_it_reads_no_target_when_nothing_changed(store):
    catalogue.current()
    down = [
        Fault(service="dynamodb", table=table, mode="error")
        for table in ("targets", "associations")
    ]
    with faults.on(*down, may_miss=True) as active:
        assert "dev-read" in catalogue.current().targets
    assert not any(fault.met for fault in active)


def test_it_asks_dynamodb_once_when_nothing_changed(store):
    catalogue.current()
    before = faults.count("dynamodb")
    catalogue.current()
    assert faults.count("dynamodb") - before == 1


def test_it_reads_anew_only_what_was_touched(store):
    first = catalogue.current()
    associate()
    second = catalogue.current()
    assert second.number == first.number + 1
    assert second.targets["prod-read"] is first.targets["prod-read"]
    assert second.targets["dev-read"] is not first.targets["dev-read"]


def test_it_reads_everything_anew_when_the_log_has_a_gap(store):
    first = catalogue.current()
    associate()
    Change.find(catalogue.LOG, first.number + 1).delete()
    assert [rule.target for rule in catalogue.current().associations_for([GROUP])] == ["dev-read"]


def test_it_forgets_what_is_gone(store):
    associate()
    catalogue.current()
    rule = Association.find("dev-read", GROUP)
    catalogue.edit(lambda writes: writes.delete(rule), "dev-read")
    assert catalogue.current().associations_for([GROUP]) == []


def test_it_answers_nothing_when_the_stamp_is_missing(store):
    catalogue.current()
    Change.find(catalogue.LOG, catalogue.STAMP).delete()
    with pytest.raises(Unavailable):
        catalogue.current()
    catalogue.forget()
    with pytest.raises(CooperError, match="cooper -setup"):
        catalogue.current()


@pytest.mark.parametrize("mode", ["cut", "empty"])
def test_it_does_not_take_a_cut_answer_for_no_change(store, mode):
    catalogue.current()
    associate()
    with (
        faults.on(Fault(service="dynamodb", table="changes", mode=mode)),
        pytest.raises(Unavailable),
    ):
        catalogue.current()


def test_it_numbers_simultaneous_edits_without_a_gap(store):
    names = [f"local:g{n}" for n in range(24)]
    start = catalogue.current().number
    threads = [threading.Thread(target=associate, args=("dev-read", name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = catalogue.current()
    assert held.number == start + len(names)
    assert {rule.group for rule in held.associations_by_target["dev-read"]} >= set(names)


def test_it_refuses_a_stale_edit(store):
    mine, theirs = Target.find("dev-read"), Target.find("dev-read")
    theirs.title = "Theirs"
    catalogue.edit(lambda writes: writes.save(theirs), "dev-read")
    mine.title = "Mine"
    with pytest.raises(Stale):
        catalogue.edit(lambda writes: writes.save(mine), "dev-read")
    assert Target.find("dev-read").title == "Theirs"


def test_it_loses_no_update_of_simultaneous_editors(store):
    def add_label(n: int) -> None:
        while True:
            target = Target.find("dev-read")
            target.labels = [*target.labels, f"n={n}"]
            try:
                return catalogue.edit(lambda writes, target=target: writes.save(target), "dev-read")
            except Stale:
                continue

    threads = [threading.Thread(target=add_label, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {f"n={n}" for n in range(8)} <= set(Target.find("dev-read").labels)


def test_it_takes_a_lost_answer_for_what_it_was(store):
    target = Target.find("dev-read")
    target.title = "Once"
    with faults.on(
        Fault(
            service="dynamodb",
            operation="TransactWriteItems",
            table="targets",
            mode="lost",
            times=1,
        )
    ):
        catalogue.edit(lambda writes: writes.save(target), "dev-read")
    assert Target.find("dev-read").title == "Once"


def test_it_keeps_one_external_id_for_an_aws_account_for_ever(store):
    made = []
    threads = [
        threading.Thread(
            target=lambda: made.append(aws_accounts.ensure_account("777777777777").external_id)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1 and len(made[0]) >= 7 + 32
    assert AwsAccount.find("777777777777").external_id == made[0]
    assert len([e for e in all_events() if e.aws_account == "777777777777"]) == 1


def test_it_gives_each_aws_account_another_external_id(store):
    assert (
        aws_accounts.ensure_account("777777777777").external_id
        != aws_accounts.ensure_account("888888888888").external_id
    )


def test_it_writes_all_of_a_transaction_or_nothing(store):
    writes = Transaction()
    writes.create(Association("dev-read", "local:new"))
    writes.create(Association("dev-read", "local:developers"))
    with pytest.raises(AlreadyExists):
        writes.commit()
    assert Association.find("dev-read", "local:new") is None


def test_it_refuses_a_transaction_that_dynamodb_would(store):
    writes = Transaction()
    for n in range(100):
        writes.create(Association("dev-read", f"local:n{n}"))
    with pytest.raises(CooperError, match="100 items"):
        writes.create(Association("dev-read", "local:one-too-many"))


# -- absent answers --------------------------------------------------------------------------------
def rename(name: str = "dev-read") -> None:
    target = Target.find(name)
    target.title = "Renamed"
    catalogue.edit(lambda writes: writes.save(target), name)


def absent(operation: str, table: str, times: int | None = 1) -> Fault:
    return Fault("dynamodb", operation, table=table, mode="absent", times=times)


def lacking(table: str, times: int | None = 1) -> Fault:
    """Return the fault that a batch lacks its items, in an answer that is whole."""
    return Fault(
        "dynamodb",
        "BatchGetItem",
        table=table,
        mode="signed",
        times=times,
        change=lambda _: b'{"Responses": {}, "UnprocessedKeys": {}}',
    )


def no_rows(table: str) -> Fault:
    """Return the fault that a query or scan finds nothing, in an answer that is whole."""
    return Fault(
        "dynamodb",
        table=table,
        mode="signed",
        times=1,
        change=lambda _: b'{"Items": [], "Count": 0, "ScannedCount": 0}',
    )


def test_it_reads_again_what_was_touched_and_is_absent(store):
    catalogue.current()
    corrected = catalogue.cache.corrected
    rename()
    with faults.on(lacking("targets")):
        assert catalogue.current().targets["dev-read"].title == "Renamed"
    assert catalogue.cache.corrected == corrected + 1


def test_it_keeps_a_target_that_two_answers_lack_until_a_full_read_settles_it(store):
    catalogue.current()
    rename()
    with faults.on(lacking("targets", times=None)):
        assert catalogue.current().targets["dev-read"].title != "Renamed"
    assert catalogue.cache.check_at < float("inf")
    catalogue.check()
    assert catalogue.current().targets["dev-read"].title == "Renamed"


def test_it_keeps_an_aws_account_that_two_answers_lack(store):
    catalogue.current()
    account = AwsAccount.find("222222222222")
    account.stopped = True
    catalogue.edit(lambda writes: writes.save(account), accounts=["222222222222"])
    with faults.on(absent("GetItem", "aws-accounts", times=None)):
        assert "222222222222" in catalogue.current().accounts
    catalogue.check()
    assert catalogue.current().accounts["222222222222"].stopped


def test_it_reads_associations_again_that_are_absent(store):
    catalogue.current()
    associate()
    with faults.on(no_rows("associations")):
        assert [rule.target for rule in catalogue.current().associations_for([GROUP])] == [
            "dev-read"
        ]


@pytest.mark.parametrize("table", ["targets", "associations", "aws-accounts"])
def test_it_checks_a_full_read_against_another(store, table):
    whole = catalogue.current()
    catalogue.forget()
    corrected = catalogue.cache.corrected
    with faults.on(no_rows(table)):
        catalogue.current()
    assert catalogue.cache.check_at < float("inf")
    catalogue.check()
    checked = catalogue.current()
    assert checked.targets.keys() == whole.targets.keys()
    assert checked.accounts.keys() == whole.accounts.keys()
    assert checked.associations_by_target.keys() == whole.associations_by_target.keys()
    assert catalogue.cache.corrected > corrected


@pytest.mark.parametrize("table", ["targets", "associations", "aws-accounts"])
def test_it_does_not_believe_a_check_that_lacks_something(store, table):
    whole = catalogue.current()
    with faults.on(no_rows(table)):
        catalogue.check()
    checked = catalogue.current()
    assert checked.targets.keys() == whole.targets.keys()
    assert checked.accounts.keys() == whole.accounts.keys()
    assert checked.associations_by_target.keys() == whole.associations_by_target.keys()


def test_it_checks_a_while_after_a_full_read_by_itself(store, monkeypatch):
    checks = threading.Event()
    monkeypatch.setattr(catalogue, "CHECK_AFTER", 0.0)
    monkeypatch.setattr(catalogue, "check", checks.set)
    catalogue.current()
    catalogue.current()
    assert checks.wait(5)


def test_it_tells_administrators_alone_which_change_a_worker_has(client_of, store):
    number = catalogue.current().number
    assert f"change {number}," in client_of("carol").get("/readyz").text
    assert "change" not in client_of("alice").get("/readyz").text


# -- reading all of it anew ------------------------------------------------------------------------
def leave_a_gap() -> catalogue.Catalogue:
    """Return the catalogue before an edit that the log does not tell of any more."""
    before = catalogue.current()
    associate()
    Change.find(catalogue.LOG, before.number + 1).delete()
    return before


def slow_load(seconds: float) -> Fault:
    return Fault("dynamodb", "Scan", table="targets", mode="stall", seconds=seconds, times=1)


def test_what_only_shows_gets_the_one_before_while_all_is_read_anew(store):
    before = leave_a_gap()
    with faults.on(slow_load(0.3)):
        assert catalogue.shown() is before
        assert catalogue.cache.is_loading()
        assert catalogue.shown() is before
        newest = catalogue.current()
    assert newest.number == before.number + 1
    assert [rule.target for rule in newest.associations_for([GROUP])] == ["dev-read"]
    assert catalogue.shown() is newest


def test_a_deadline_ends_the_waiting_and_not_the_load(store):
    leave_a_gap()
    with (
        faults.on(slow_load(0.5)),
        aws.deadline(0.2),
        pytest.raises(Unavailable, match="being read anew"),
    ):
        catalogue.current()
    loading = catalogue.cache.loading
    assert catalogue.current().associations_for([GROUP])
    assert catalogue.cache.loading is loading


def test_one_load_serves_all_that_wait_for_it(store):
    leave_a_gap()
    before = faults.count("dynamodb", "Scan", "targets")
    with faults.on(slow_load(0.2)):
        threads = [threading.Thread(target=catalogue.current) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults.count("dynamodb", "Scan", "targets") - before == 1


def test_a_load_that_fails_is_tried_again(store):
    leave_a_gap()
    with (
        faults.on(Fault("dynamodb", "Scan", table="targets", mode="error")),
        pytest.raises(Unavailable),
    ):
        catalogue.current()
    assert catalogue.current().associations_for([GROUP])


def test_a_page_shows_the_one_before_and_a_grant_waits(client_of, store):
    alice = client_of("alice")
    assert alice.get("/").status_code == 200
    before = leave_a_gap()
    with faults.on(slow_load(0.5)):
        assert alice.get("/").status_code == 200
        assert catalogue.cache.catalogue is before
        assert alice.post("/targets/dev-read/credentials/", {"duration": 900}).status_code == 200
    assert catalogue.cache.catalogue is not before
