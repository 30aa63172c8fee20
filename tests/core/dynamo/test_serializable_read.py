"""Several items at one moment: an answer for each key, or none at all."""

import json

import pytest

from accounts.models import Person
from brokers.models import Association, AwsAccount, Target
from core import aws
from core.dynamo import serializable_read
from core.dynamo.conflicts import TRIES
from core.errors import CooperError, Unavailable
from core.installation import STOP_SWITCH_ITEM, Installation
from core.retry import Backoff
from tests.support import faults
from tests.support.faults import Fault

KEYS = [(Installation, STOP_SWITCH_ITEM), (Association, "dev-read", "local:developers")]
READ = "TransactGetItems"


def cancelled_by(code: str, **more: object) -> Fault:
    reasons = {"CancellationReasons": [{"Code": code}, {"Code": "None"}]}
    cancelled = "TransactionCanceledException"
    return Fault("dynamodb", READ, status=400, code=cancelled, more=reasons, **more)


def answering(change) -> Fault:
    return Fault(
        "dynamodb",
        READ,
        mode="signed",
        change=lambda body: json.dumps(change(json.loads(body))).encode(),
    )


def test_it_answers_each_key_in_its_order(store):
    switch, association = serializable_read(KEYS)
    assert isinstance(switch, Installation) and switch.stopped is False
    assert isinstance(association, Association) and association.group == "local:developers"
    assert faults.count("dynamodb", READ) == 1


def test_it_answers_none_where_there_is_no_item(store):
    target, account = serializable_read([(Target, "no-such-target"), (AwsAccount, "222222222222")])
    assert target is None and account.account_id == "222222222222"


def test_it_takes_no_default_for_what_is_stored(store):
    account = AwsAccount.find("222222222222")
    AwsAccount.update_item(account.account_id, actions=[AwsAccount.stopped.remove()])
    assert AwsAccount.find("222222222222").stopped is False
    [stored] = serializable_read([(AwsAccount, "222222222222")])
    assert stored.stopped is None and stored.external_id == account.external_id


def test_it_takes_no_default_for_a_stored_null(store):
    assert Person.as_stored({"person": {"S": "a"}, "disabled": {"NULL": True}}).disabled is None


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: {},
        lambda answer: {"Responses": []},
        lambda answer: {"Responses": answer["Responses"][:1]},
        lambda answer: {"Responses": [*answer["Responses"], {}]},
        lambda answer: {"Responses": answer["Responses"][::-1]},
        lambda answer: {"Responses": [{"Item": {}}, answer["Responses"][1]]},
    ],
    ids=["nothing", "an empty list", "one less", "one more", "another order", "an empty item"],
)
def test_it_is_no_answer_unless_it_is_whole(store, change):
    with faults.on(answering(change)) as [fault], pytest.raises(Unavailable, match="try again"):
        serializable_read(KEYS)
    assert fault.hit


@pytest.mark.parametrize("mode", ["cut", "cut-unchecked", "garbled", "torn", "empty", "bare"])
def test_it_is_no_answer_when_it_is_cut(store, mode):
    with faults.on(Fault("dynamodb", READ, mode=mode)) as [fault], pytest.raises(Unavailable):
        serializable_read(KEYS)
    assert fault.hit


@pytest.mark.parametrize(
    "code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
)
def test_it_is_repeated_when_a_write_cancels_it(store, code):
    with faults.on(cancelled_by(code, times=3)) as [fault]:
        switch, _ = serializable_read(KEYS)
    assert switch.stopped is False and fault.hit == 3
    assert faults.count("dynamodb", READ) == 4


def test_it_is_busy_when_writes_cancel_it_each_time(store, monkeypatch):
    pauses = []
    monkeypatch.setattr("core.dynamo.conflicts.time.sleep", pauses.append)
    with faults.on(cancelled_by("TransactionConflict")), pytest.raises(Unavailable, match="busy"):
        serializable_read(KEYS)
    assert faults.count("dynamodb", READ) == TRIES
    assert len(set(pauses)) == TRIES - 1


def test_it_is_busy_when_the_deadline_comes_before_another_try(store, monkeypatch):
    monkeypatch.setattr("core.dynamo.conflicts.BACKOFF", Backoff(first=60, longest=60))
    with (
        faults.on(cancelled_by("TransactionConflict")) as [fault],
        aws.deadline(10),
        pytest.raises(Unavailable, match="busy"),
    ):
        serializable_read(KEYS)
    assert fault.hit == 1


def test_it_is_not_repeated_for_what_stays(store):
    with faults.on(cancelled_by("ValidationError")) as [fault], pytest.raises(CooperError):
        serializable_read(KEYS)
    assert fault.hit == 1
