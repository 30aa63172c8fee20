"""Calls that meet over an item are refused as DynamoDB refuses them, and only those."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws import EmbeddedAws
from embedded_aws import dynamodb as dynamodb_module
from tests.embedded_aws.clients import client_for, error_code

TABLE = "cooper-once"
HERE = {"TableName": TABLE, "Key": {"what": {"S": "here"}}}
THERE = {"TableName": TABLE, "Key": {"what": {"S": "there"}}}
PUT_HERE = {"TableName": TABLE, "Item": HERE["Key"]}
IS_NO_LIE = {"ConditionExpression": "attribute_not_exists(lie)"}

UPDATE_HERE = {**HERE, "UpdateExpression": "REMOVE lie"}
SINGLE_WRITES = {"put_item": PUT_HERE, "update_item": UPDATE_HERE, "delete_item": HERE}
BATCH = {"RequestItems": {TABLE: [{"PutRequest": {"Item": HERE["Key"]}}]}}
READS = {
    "get_item": {**HERE, "ConsistentRead": True},
    "query": {
        "TableName": TABLE,
        "KeyConditionExpression": "what = :what",
        "ExpressionAttributeValues": {":what": {"S": "here"}},
    },
    "scan": {"TableName": TABLE},
    "batch_get_item": {"RequestItems": {TABLE: {"Keys": [HERE["Key"]]}}},
}

ACTIONS = {
    "Put": {"Put": PUT_HERE},
    "Update": {"Update": UPDATE_HERE},
    "Delete": {"Delete": HERE},
    "ConditionCheck": {"ConditionCheck": {**HERE, **IS_NO_LIE}},
}


def transact(*actions: dict[str, Any], **parameters: str) -> dict[str, Any]:
    """Return the parameters of a transaction."""
    return {"TransactItems": list(actions), **parameters}


def get(*places: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a transaction that reads."""
    return transact(*({"Get": place} for place in places))


def reasons(error: Any) -> list[str]:
    """Return the codes of a cancelled transaction, in the order of its actions."""
    assert isinstance(error, ClientError)
    assert error.response["Error"]["Code"] == "TransactionCanceledException"
    return [reason["Code"] for reason in error.response["CancellationReasons"]]


class Meeting:
    """Calls that are under way together: begun one after the other, done when all have begun."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._dynamodb = client_for(aws, "dynamodb")

    def of(self, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
        """Return what came of each call: an answer, or a ClientError."""
        results: list[Any] = [None] * len(calls)
        threads = []

        with self._aws.holding_calls():
            for number, (name, parameters) in enumerate(calls):
                call = getattr(self._dynamodb, name)
                thread = threading.Thread(target=_keep, args=(results, number, call, parameters))
                thread.start()
                self._wait_for(number + 1, thread)
                threads.append(thread)
        for thread in threads:
            thread.join()
        return results

    def _wait_for(self, count: int, thread: threading.Thread) -> None:
        """Wait until so many calls are under way, or the last of them was refused at once."""
        until = time.monotonic() + 5
        while self._aws.calls_under_way < count and thread.is_alive():
            assert time.monotonic() < until, "a call neither began nor ended"
            time.sleep(0.001)


def _keep(
    results: list[Any], number: int, call: Callable[..., Any], parameters: dict[str, Any]
) -> None:
    try:
        results[number] = call(**parameters)
    except ClientError as error:
        results[number] = error


@pytest.fixture
def dynamodb(store: EmbeddedAws) -> Any:
    """Return a client that sends each call once."""
    store.conflicts.clear()
    return client_for(store, "dynamodb")


@pytest.fixture
def meeting(store: EmbeddedAws) -> Meeting:
    """Return what lets calls meet."""
    store.conflicts.clear()
    return Meeting(store)


# -- transactions that write -----------------------------------------------------------------------
@pytest.mark.parametrize("second", ACTIONS)
@pytest.mark.parametrize("first", ["Put", "ConditionCheck"])
def test_a_transaction_is_cancelled_by_another_that_has_one_of_its_items(
    store: EmbeddedAws, meeting: Meeting, first: str, second: str
) -> None:
    done, refused = meeting.of(
        ("transact_write_items", transact(ACTIONS[first])),
        ("transact_write_items", transact({"Delete": THERE}, ACTIONS[second])),
    )
    assert reasons(refused) == ["None", "TransactionConflict"]
    assert "ResponseMetadata" in done
    assert store.conflicts == {("TransactWriteItems", TABLE): 1}


def test_transactions_without_a_common_item_do_not_meet(
    store: EmbeddedAws, meeting: Meeting
) -> None:
    results = meeting.of(
        ("transact_write_items", transact({"Put": PUT_HERE})),
        ("transact_write_items", transact({"Delete": THERE})),
    )
    assert all("ResponseMetadata" in result for result in results)
    assert not store.conflicts


def test_a_transaction_that_was_refused_has_nothing_any_more(
    meeting: Meeting, dynamodb: Any
) -> None:
    twice = ("transact_write_items", transact({"Put": PUT_HERE}))
    meeting.of(twice, twice)
    dynamodb.transact_write_items(**transact({"Put": PUT_HERE}))


def test_a_transaction_that_is_sent_again_while_it_is_under_way_is_in_progress(
    meeting: Meeting,
) -> None:
    same = ("transact_write_items", transact({"Put": PUT_HERE}, ClientRequestToken="same"))
    done, refused = meeting.of(same, same)
    assert "ResponseMetadata" in done
    assert refused.response["Error"]["Code"] == "TransactionInProgressException"


# -- single writes ---------------------------------------------------------------------------------
@pytest.mark.parametrize("name", SINGLE_WRITES)
@pytest.mark.parametrize("first", ["Put", "ConditionCheck"])
def test_a_single_write_is_refused_while_a_transaction_has_the_item(
    store: EmbeddedAws, meeting: Meeting, first: str, name: str
) -> None:
    _, refused = meeting.of(
        ("transact_write_items", transact(ACTIONS[first])), (name, SINGLE_WRITES[name])
    )
    assert refused.response["Error"]["Code"] == "TransactionConflictException"
    assert "ongoing for the item" in refused.response["Error"]["Message"]
    assert sum(store.conflicts.values()) == 1


def test_single_writes_do_not_meet_each_other(store: EmbeddedAws, meeting: Meeting) -> None:
    results = meeting.of(*SINGLE_WRITES.items(), ("batch_write_item", BATCH))
    assert all("ResponseMetadata" in result for result in results)
    assert not store.conflicts


def test_a_single_write_does_not_cancel_a_transaction_that_writes(meeting: Meeting) -> None:
    results = meeting.of(
        ("put_item", PUT_HERE), ("transact_write_items", transact({"Delete": HERE}))
    )
    assert all("ResponseMetadata" in result for result in results)


# -- reading ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        *SINGLE_WRITES.items(),
        ("batch_write_item", BATCH),
        *(("transact_write_items", transact(action)) for action in ACTIONS.values()),
    ],
    ids=[*SINGLE_WRITES, "batch_write_item", *ACTIONS],
)
@pytest.mark.parametrize("order", ["write-first", "read-first"])
def test_a_transaction_that_reads_is_cancelled_by_any_write_of_its_items(
    store: EmbeddedAws, meeting: Meeting, name: str, parameters: dict[str, Any], order: str
) -> None:
    read = ("transact_get_items", get(THERE, HERE))
    write = (name, parameters)
    if order == "write-first":
        done, refused = meeting.of(write, read)
    else:
        refused, done = meeting.of(read, write)

    assert reasons(refused) == ["None", "TransactionConflict"]
    assert "ResponseMetadata" in done
    assert store.conflicts == {("TransactGetItems", TABLE): 1}


def test_transactions_that_read_do_not_meet_each_other(
    store: EmbeddedAws, meeting: Meeting
) -> None:
    read = ("transact_get_items", get(HERE, THERE))
    assert all(result["Responses"] == [{}, {}] for result in meeting.of(read, read, read))
    assert not store.conflicts


@pytest.mark.parametrize("name", READS)
def test_a_plain_read_is_never_refused(store: EmbeddedAws, meeting: Meeting, name: str) -> None:
    _, read = meeting.of(("transact_write_items", transact({"Put": PUT_HERE})), (name, READS[name]))
    assert "ResponseMetadata" in read
    assert not store.conflicts


def test_a_read_in_a_transaction_has_an_answer_for_each_item(dynamodb: Any) -> None:
    dynamodb.put_item(**PUT_HERE)
    answer = (
        dynamodb.transact_get_items(**get(THERE, HERE, {**THERE, "Key": HERE["Key"] | {}}))
        if False
        else dynamodb.transact_get_items(**get(THERE, HERE))
    )
    assert answer["Responses"] == [{}, {"Item": HERE["Key"]}]


def test_a_read_in_a_transaction_takes_a_hundred_items(dynamodb: Any) -> None:
    places = [{"TableName": TABLE, "Key": {"what": {"S": str(n)}}} for n in range(101)]
    answer = dynamodb.transact_get_items(**get(*places[:100]))
    assert answer["Responses"] == [{}] * 100
    assert error_code(dynamodb.transact_get_items, **get(*places)) == "ValidationException"
    assert error_code(dynamodb.transact_get_items, **get()) == "ValidationException"


def test_a_read_in_a_transaction_takes_no_item_twice(dynamodb: Any) -> None:
    assert error_code(dynamodb.transact_get_items, **get(HERE, HERE)) == "ValidationException"


def test_a_read_in_a_transaction_demands_whole_keys(dynamodb: Any) -> None:
    wrong = {**HERE, "Key": {"who": {"S": "here"}}}
    with pytest.raises(ClientError) as refused:
        dynamodb.transact_get_items(**get(HERE, wrong))
    assert reasons(refused.value) == ["None", "ValidationError"]


# -- windows ---------------------------------------------------------------------------------------
def test_a_call_takes_its_time_outside_the_lock(
    store: EmbeddedAws, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeps, awake = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        if seconds:
            sleeps.set()
            assert awake.wait(timeout=10)

    monkeypatch.setattr(dynamodb_module, "sleep", sleep)
    monkeypatch.setattr(store, "dynamodb_latency_seconds", 0.005)
    thread = threading.Thread(
        target=dynamodb.transact_write_items, kwargs=transact({"Put": PUT_HERE})
    )
    thread.start()
    assert sleeps.wait(timeout=10)

    store.dynamodb_latency_seconds = 0
    assert "Item" not in dynamodb.get_item(**HERE)
    assert error_code(dynamodb.put_item, **PUT_HERE) == "TransactionConflictException"
    awake.set()
    thread.join()
    assert "Item" in dynamodb.get_item(**HERE)


def test_the_latency_is_what_a_call_waits(
    store: EmbeddedAws, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(dynamodb_module, "sleep", waits.append)
    monkeypatch.setattr(store, "dynamodb_latency_seconds", 0.005)
    dynamodb.get_item(**HERE)
    dynamodb.put_item(**PUT_HERE)
    assert waits == [0.005, 0.005]


def test_a_malformed_call_is_refused_as_before(dynamodb: Any) -> None:
    malformed = [
        (dynamodb.transact_write_items, transact({**ACTIONS["Put"], **ACTIONS["Delete"]})),
        (dynamodb.transact_get_items, transact({})),
        (dynamodb.put_item, {"TableName": TABLE, "Item": {}}),
    ]
    for call, parameters in malformed:
        assert error_code(call, **parameters) == "ValidationException"
