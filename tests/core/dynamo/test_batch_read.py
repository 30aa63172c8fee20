"""Several items in one round trip: what is absent was not stored, whatever comes in between."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import OnceRecord, Person, StoredPreferences
from brokers.models import Association, Change, Target
from core import aws
from core.dynamo import after, batch_read, transaction
from core.errors import CooperError, Unavailable
from core.installation import Installation
from tests.support import faults
from tests.support.faults import Fault

SWITCH = (Installation, "grants")
SCHEMA = (Installation, "schema")
STAMP = (Change, "catalogue", 10**15)
NOBODY = (Person, "local:nobody")
TARGET = (Target, "dev-read")
KEYS = [SWITCH, STAMP, NOBODY, TARGET]

WRONG = ("cut", "cut-unchecked", "garbled", "empty", "bare", "torn", "lost", "hang")


def batch(mode: str, **settings: Any) -> Fault:
    return Fault("dynamodb", "BatchGetItem", mode=mode, seconds=0.1, **settings)


def answering(change: Callable[[dict[str, Any]], None]) -> Fault:
    """Return the fault by which the answer is another one, though whole."""

    def changed(body: bytes) -> bytes:
        answer = json.loads(body)
        change(answer)
        return json.dumps(answer).encode()

    return batch("signed", change=changed)


def test_it_reads_items_of_several_tables_in_one_call(store: object) -> None:
    items = batch_read([*KEYS, (Association, "dev-read", "local:developers")])
    assert [call.operation for call in faults.journal()] == ["BatchGetItem"]

    assert items.get(*SWITCH).stopped is False
    assert items.get(*STAMP).latest > 0
    assert items.get(*TARGET).title == Target.find("dev-read").title
    assert items.get(Association, "dev-read", "local:developers").until is None
    assert items.get(*NOBODY) is None


def test_documents_of_two_kinds_may_share_a_table(store: object) -> None:
    with transaction() as writes:
        writes.create(OnceRecord("notice", text="text", expires=after(60)))
    StoredPreferences.update_item("liking", actions=[StoredPreferences.theme.set("dark")])

    items = batch_read([(OnceRecord, "notice"), (StoredPreferences, "liking"), (OnceRecord, "no")])
    assert [call.operation for call in faults.journal()][-1] == "BatchGetItem"
    assert items.get(OnceRecord, "notice").text == "text"
    assert items.get(StoredPreferences, "liking").theme == "dark"
    assert items.get(OnceRecord, "no") is None


def test_every_table_is_read_consistently(store: object) -> None:
    batch_read(KEYS)
    [call] = faults.journal()
    tables = call.document["RequestItems"].values()
    assert [table["ConsistentRead"] for table in tables] == [True] * 4


def test_what_was_not_asked_is_not_absent(store: object) -> None:
    items = batch_read([SWITCH])
    assert SWITCH in items and SCHEMA not in items
    with pytest.raises(KeyError):
        items.get(*SCHEMA)


def test_a_key_is_asked_once_however_often_it_is_named(store: object) -> None:
    assert batch_read([SWITCH, SWITCH]).get(*SWITCH) is not None


def test_a_key_that_no_item_can_have_is_absent_without_asking(store: object) -> None:
    too_long = (Person, "x" * 2049)
    assert batch_read([too_long]).get(*too_long) is None
    assert faults.journal() == []


def test_it_takes_a_hundred_keys(store: object) -> None:
    people = [(Person, f"local:{number}") for number in range(101)]
    assert batch_read(people[:100]).get(*people[7]) is None
    with pytest.raises(ValueError, match="101 keys"):
        batch_read(people)


def test_what_one_table_does_not_have_is_absent_there(store: object) -> None:
    with faults.on(batch("absent", table="installation")) as [absent]:
        items = batch_read(KEYS)
    assert absent.hit == 1
    assert items.get(*SWITCH) is None
    assert items.get(*STAMP) is not None


# -- what was not processed ------------------------------------------------------------------------
def test_what_was_not_processed_is_asked_again(store: object) -> None:
    with faults.on(batch("unprocessed", times=2)) as [unprocessed]:
        items = batch_read(KEYS)
    assert unprocessed.hit == 2
    assert items.get(*SWITCH).stopped is False
    assert items.get(*NOBODY) is None


def test_only_that_is_asked_again(store: object) -> None:
    def leave_out_the_switch(answer: dict[str, Any]) -> None:
        [item] = answer["Responses"].pop("cooper-installation")
        key = {"name": item["name"]}
        answer["UnprocessedKeys"] = {"cooper-installation": {"Keys": [key]}}

    fault = answering(leave_out_the_switch)
    with faults.on(Fault(**{**vars(fault), "times": 1})) as [left_out]:
        items = batch_read(KEYS)
    assert left_out.hit == 1
    assert items.get(*SWITCH).stopped is False
    asked_again = faults.journal()[-1].document["RequestItems"]
    assert list(asked_again) == ["cooper-installation"]


def test_what_is_never_processed_is_not_absent(store: object) -> None:
    with (
        faults.on(batch("unprocessed")) as [unprocessed],
        pytest.raises(Unavailable, match="busy") as raised,
    ):
        batch_read(KEYS)
    assert unprocessed.hit > 2
    assert "4 keys not processed" in raised.value.detail


def test_it_gives_up_at_the_deadline(store: object) -> None:
    with (
        faults.on(batch("unprocessed")) as [unprocessed],
        pytest.raises(Unavailable),
        aws.deadline(0.3),
    ):
        batch_read(KEYS)
    assert unprocessed.hit < 8


# -- answers that are none -------------------------------------------------------------------------
@pytest.mark.parametrize("mode", WRONG)
def test_no_spoilt_answer_is_taken_for_absence(store: object, mode: str) -> None:
    with faults.on(batch(mode)) as [spoilt], pytest.raises(Unavailable):
        batch_read(KEYS)
    assert spoilt.hit > 0


def not_asked_for(answer: dict[str, Any]) -> None:
    answer["Responses"]["cooper-people"] = [{"person": {"S": "local:mallory"}}]


def twice(answer: dict[str, Any]) -> None:
    answer["Responses"]["cooper-installation"] *= 2


def without_key(answer: dict[str, Any]) -> None:
    answer["Responses"]["cooper-installation"] = [{"stopped": {"BOOL": False}}]


def of_another_table(answer: dict[str, Any]) -> None:
    answer["Responses"]["cooper-local-accounts"] = [{"username": {"S": "alice"}}]


def both_answered_and_not(answer: dict[str, Any]) -> None:
    key = {"name": {"S": "grants"}}
    answer["UnprocessedKeys"] = {"cooper-installation": {"Keys": [key]}}


def unprocessed_not_asked_for(answer: dict[str, Any]) -> None:
    key = {"name": {"S": "schema"}}
    answer["UnprocessedKeys"] = {"cooper-installation": {"Keys": [key]}}


def unprocessed_without_keys(answer: dict[str, Any]) -> None:
    answer["Responses"].pop("cooper-installation")
    answer["UnprocessedKeys"] = {"cooper-installation": {}}


def nothing(answer: dict[str, Any]) -> None:
    answer.clear()


def no_part_for_what_is_left(answer: dict[str, Any]) -> None:
    del answer["UnprocessedKeys"]


@pytest.mark.parametrize(
    "change",
    [
        not_asked_for,
        twice,
        without_key,
        of_another_table,
        both_answered_and_not,
        unprocessed_not_asked_for,
        unprocessed_without_keys,
        no_part_for_what_is_left,
        nothing,
    ],
)
def test_an_answer_to_another_question_is_none(
    store: object, change: Callable[[dict[str, Any]], None]
) -> None:
    with faults.on(answering(change)) as [changed], pytest.raises(Unavailable) as raised:
        batch_read(KEYS)
    assert changed.hit == 1
    assert "unreadable answer to BatchGetItem" in raised.value.detail


def test_a_table_that_is_missing_is_said(store: Any) -> None:
    del store.tables["cooper-people"]
    with pytest.raises(CooperError, match="does not have a table") as missing:
        batch_read(KEYS)
    assert "There is no table" in missing.value.detail
