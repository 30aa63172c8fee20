"""What is counted for Prometheus: each outcome once, with labels that name nobody and nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from prometheus_client import REGISTRY

from accounts.models import LocalAccount, Person
from brokers import catalogue
from brokers.grants import Delivery, sts_slots
from brokers.models import Association
from cooper_project import health, observation
from core import aws, metrics
from core.audit import NotRecorded
from core.dynamo import AlreadyExists, transaction
from core.errors import CooperError, Unavailable
from tests.support import faults
from tests.support.codes import give_device, next_code
from tests.support.command_line import CommandLineTool
from tests.support.faults import Fault
from tests.support.grants import become

Series = dict[tuple[str, ...], float]

PASSWORD = "cooper-demo"


def page() -> Series:
    """Return cooper's samples, by name and the values of their labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name.startswith("cooper_") and not sample.name.endswith("_created")
    }


@contextmanager
def counted(*names: str) -> Iterator[Series]:
    """Yield what the block adds to the counters of these names, once it is over."""
    before, added = page(), {}
    yield added
    for series, value in page().items():
        if series[0] in names and value != before.get(series, 0):
            added[series] = value - before.get(series, 0)


GRANTS = "cooper_grants_total"


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ((), "done"),
        ((Fault("sts", "AssumeRole", mode="deny"),), "failed"),
        ((Fault("dynamodb", "TransactGetItems", mode="error", status=500),), "stopped"),
        # nothing was decided: the intent could not be recorded
        ((Fault("dynamodb", "TransactWriteItems", table="audit", mode="deny"),), "failed"),
        ((Fault("dynamodb", "PutItem", table="audit", mode="deny"),), "failed"),
    ],
)
@pytest.mark.parametrize("way", [Delivery.CONSOLE, Delivery.CREDENTIALS])
def test_each_grant_is_counted_once_by_its_outcome_and_way(
    identity: Callable[[str], Any], fault: tuple[Fault, ...], outcome: str, way: Delivery
) -> None:
    alice = identity("alice")
    with counted(GRANTS) as added, faults.on(*fault), suppress(CooperError):
        become(alice, delivery=way)
    assert added == {(GRANTS, outcome, str(way)): 1}


def test_command_lines_and_several_at_once_are_ways_of_their_own(
    client_of: Callable[..., Client],
) -> None:
    tool = CommandLineTool()
    tool.register()
    tool.exchange(tool.allowed_by(client_of("alice")))
    [target] = [row for row in catalogue.current().targets.values() if row.name == "dev-read"]
    with counted(GRANTS) as added:
        assert tool.credentials(target.aws_account, target.role_name).status_code == 200
    assert added == {(GRANTS, "done", "command line"): 1}

    with counted(GRANTS) as added:
        form = {"target": ["dev-read", "dev-uploads"], "duration": "900"}
        answer = client_of("alice").post("/credentials/", form)
        assert answer.getvalue()
    assert added == {(GRANTS, "done", "several"): 2}, answer.status_code


def test_sign_ins_and_codes_are_counted(store: object) -> None:
    names = ("cooper_sign_ins_total", "cooper_step_ups_total")
    give_device("alice")
    with counted(*names) as added:
        Client().post("/login/", {"username": "alice", "password": "wrong"})
        browser = Client()
        browser.post("/login/", {"username": "alice", "password": PASSWORD})
        form = {"duration": "900", "reason": "INC-1"}
        browser.post("/targets/prod-admin/credentials/", form | {"code": "000000"})
        browser.post("/targets/prod-admin/credentials/", form | {"code": next_code("alice")})
    assert added == {
        (names[0], "local", "refused"): 1,
        (names[0], "local", "done"): 1,
        (names[1], "refused"): 1,
        (names[1], "done"): 1,
    }


@pytest.mark.parametrize(
    ("mode", "failure", "retries"),
    [("deny", "denied", 0), ("throttle", "throttled", 1), ("error", "fault", 1)],
)
def test_calls_of_aws_are_counted_with_retries_and_what_became_of_them(
    identity: Callable[[str], Any], mode: str, failure: str, retries: int
) -> None:
    names = (
        "cooper_aws_failures_total",
        "cooper_aws_retries_total",
        "cooper_aws_call_seconds_count",
    )
    alice = identity("alice")
    call = ("sts", "AssumeRole")
    with counted(*names) as added, faults.on(Fault("sts", mode=mode)), suppress(CooperError):
        become(alice)
    assert added[names[0], *call, failure] == 1 == added[names[2], *call]
    assert added.get((names[1], *call), 0) == retries
    assert added[names[2], "dynamodb", "TransactWriteItems"] >= 1


def test_the_sign_in_endpoint_fails_by_the_same_words(identity: Callable[[str], Any]) -> None:
    name = "cooper_aws_failures_total"
    alice = identity("alice")
    fault = Fault("signin", mode="error", status=500, times=1)
    with counted(name) as added, faults.on(fault):
        become(alice, delivery=Delivery.CONSOLE)
    assert added == {(name, "signin", "GetSigninToken", "fault"): 1}


@pytest.mark.parametrize(
    ("codes", "failure"),
    [
        (["None", "ThrottlingError"], "throttled"),
        (["ProvisionedThroughputExceeded"], "throttled"),
        (["ThrottlingError", "ConditionalCheckFailed"], "conflict"),
        (["TransactionConflict"], "conflict"),
    ],
)
def test_a_transaction_that_was_throttled_is_no_conflict(
    store: object, codes: list[str], failure: str
) -> None:
    reasons = {"CancellationReasons": [{"Code": code} for code in codes]}
    cancelled = Fault("dynamodb", code="TransactionCanceledException", status=400, more=reasons)
    name = "cooper_aws_failures_total"
    with counted(name) as added, faults.on(cancelled), suppress(Exception):
        aws.client("dynamodb").transact_write_items(TransactItems=[])
    assert added == {(name, "dynamodb", "TransactWriteItems", failure): 1}


def test_a_place_at_sts_is_taken_and_given_back_and_its_lack_is_counted(
    store: object, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.COOPER_STS_AT_ONCE = 1
    monkeypatch.setattr(sts_slots, "TIMEOUT", 0.01)
    sts_slots.forget()
    names = ("cooper_sts_places_taken", "cooper_sts_places_full_total")
    with counted(*names) as added, sts_slots.sts_slot():
        assert page()[names[0],] == 1
        with pytest.raises(Unavailable), sts_slots.sts_slot():
            pytest.fail("there was a place")
    sts_slots.forget()
    assert added == {(names[1],): 1} and page()[names[0],] == 0


def test_a_write_that_fails_is_counted_by_its_tables_and_a_conflict_is_none(
    identity: Callable[[str], Any],
) -> None:
    name = "cooper_writes_failed_total"
    alice = identity("alice")
    with counted(name) as added, faults.on(Fault("dynamodb", "PutItem", mode="deny")):
        with pytest.raises(NotRecorded):
            become(alice)
        with pytest.raises(AlreadyExists), transaction() as writes:
            writes.create(Person(alice.person, provider="local", subject="alice"))
    assert added == {(name, "audit"): 1}


def test_it_tells_what_a_worker_knows(store: object) -> None:
    observation.look()
    now = page()
    for service in ("DynamoDB", "audit", "KMS", "STS"):
        assert now["cooper_ready", service] == 1
    assert now["cooper_catalogue_items", "target"] == len(catalogue.latest().targets) > 3
    assert now["cooper_catalogue_read_timestamp_seconds",] > 1e9
    assert now["cooper_certificate_end_timestamp_seconds", "cooper"] == float("inf")


def test_one_worker_of_a_server_asks_what_is_the_same_for_all(
    store: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = observation.Turn(), observation.Turn()
    assert one.is_ours() and other.is_ours(), "without a folder each of them asks"

    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    one = observation.Turn()
    assert one.is_ours() and not other.is_ours() and one.is_ours()
    end(one)
    assert other.is_ours()
    end(other)

    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "missing"))
    assert one.is_ours() and other.is_ours(), "nor where there can be no lock"


def end(worker: observation.Turn) -> None:
    """Let go of what a worker that ends lets go of."""
    assert worker._file
    worker._file.close()
    worker._file = None


def test_what_is_looked_at_costs_few_calls(store: object) -> None:
    """docs/metrics.md has the figures."""
    observation.look()
    figures = []
    for options in ({"for_all": False}, {"with_certificates": False}, {}):
        health.watch = health.Watch()
        faults.clear()
        observation.look(**options)
        figures.append(faults.count())
    assert figures == [1, 7, 9]


# -- labels ----------------------------------------------------------------------------------------
def names_in_store() -> set[str]:
    """Return what must be in no label: people, targets, groups, AWS accounts, their names."""
    now = catalogue.current()
    names = set(now.targets) | set(now.accounts) | set(map(str, now.accounts.values()))
    names |= {str(target.role_arn) for target in now.targets.values()}
    for association in Association.everything():
        names |= {str(association.group), str(association.group).partition(":")[2]}
    for account in LocalAccount.everything():
        names |= {str(account.username), f"local:{account.username}", str(account.name or "")}
    return {name for name in names if name} - {"None"}


def walk(client_of: Callable[..., Client], *addresses: str) -> None:
    for username in ("alice", "carol"):
        browser = client_of(username)
        for name in ("dev-read", "dev-uploads", "prod-admin", "nowhere"):
            for address in addresses:
                browser.get(address.format(name))
                browser.post(address.format(name), {"duration": "900", "reason": "x"})


def test_no_label_names_anybody_or_anything_and_more_of_them_make_no_more_series(
    client_of: Callable[..., Client],
) -> None:
    observation.look()
    walk(client_of, "/targets/{}/credentials/")
    before = set(page())
    walk(client_of, "/targets/{}/console/", "/go/{}/", "/nowhere/{}/", "/admin/brokers/target/{}/")
    more = {series for series in set(page()) - before if series[0] != GRANTS}
    # operations of AWS that had not been called
    assert {series[1] for series in more} <= {"dynamodb", "kms", "sts", "signin"}

    names = names_in_store()
    assert {"alice", "dev-read", "local:alice"} <= names
    labels = {label for series in page() for label in series[1:]}
    assert labels.isdisjoint(names)
    assert not [label for label in labels if "arn:" in label or ":" in label]


def test_a_value_that_is_not_known_is_other(store: object) -> None:
    with counted(GRANTS, "cooper_sign_ins_total", "cooper_requests_total") as added:
        for name in ("alice", "dev-read", "arn:aws:iam::111111111111:role/x"):
            metrics.count_grant(name, name)
            metrics.count_sign_in(name, name)
            metrics.count_aws_call("sts", "AssumeRole", 0.1, failure=name)
        metrics.count_request(999, 0.1)
    assert added == {
        (GRANTS, "other", "other"): 3,
        ("cooper_sign_ins_total", "identity provider", "other"): 3,
        ("cooper_requests_total", "other"): 1,
    }
