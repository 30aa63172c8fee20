"""The stub of AWS in `bench` answers as DynamoDB's documents say; cooper's figures rest on it."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from unittest.mock import MagicMock

import pytest

from bench.stub_aws.conflicts import Conflicts
from bench.stub_aws.dynamodb import Database
from bench.stub_aws.errors import StubError
from bench.stub_aws.expressions import Place, compile_condition
from bench.stub_aws.server import Connection, StubAws
from bench.stub_aws.tables import Table, item_size

ITEM: dict[str, Any] = {
    "name": {"S": "ann"},
    "count": {"N": "9"},
    "groups": {"L": [{"S": "a"}, {"S": "b"}]},
    "off": {"BOOL": False},
}

NAMES = {"#name": "name", "#count": "count", "#groups": "groups", "#gone": "gone", "#off": "off"}
VALUES = {
    ":ann": {"S": "ann"},
    ":ten": {"N": "10"},
    ":nine": {"N": "9.0"},
    ":a": {"S": "a"},
    ":c": {"S": "c"},
    ":false": {"BOOL": False},
}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("#name = :ann", True),
        ("#name <> :ann", False),
        ("#gone = :ann", False),
        # what is absent is neither equal nor unequal
        ("#gone <> :ann", False),
        ("#count < :ten", True),
        ("#count >= :ten", False),
        ("#count = :nine", True),
        ("#name = :nine", False),
        ("#off = :false", True),
        ("attribute_exists (#name)", True),
        ("attribute_not_exists (#gone)", True),
        ("attribute_exists (#gone) OR #name = :ann", True),
        ("attribute_exists (#gone) OR #name = :ann AND #count = :ten", False),
        ("(attribute_exists (#gone) OR #name = :ann) AND NOT #count = :ten", True),
        ("contains (#groups, :a)", True),
        ("contains (#groups, :c)", False),
        ("begins_with (#name, :a)", True),
        ("#count BETWEEN :nine AND :ten", True),
        ("#name IN (:a, :ann)", True),
    ],
)
def test_conditions_hold_as_dynamodb_says(expression: str, holds: bool) -> None:
    assert compile_condition(expression)(Place(ITEM, NAMES, VALUES)) is holds


@pytest.fixture
def database() -> Database:
    keys = [
        {"AttributeName": "day", "KeyType": "HASH"},
        {"AttributeName": "at", "KeyType": "RANGE"},
    ]
    index = {
        "IndexName": "by-person",
        "KeySchema": [
            {"AttributeName": "person", "KeyType": "HASH"},
            {"AttributeName": "at", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    database = Database()
    description = {"KeySchema": keys, "GlobalSecondaryIndexes": [index]}
    database.tables["log"] = Table("log", description)
    return database


def put(at: str, **request: Any) -> dict[str, Any]:
    item = {"day": {"S": "today"}, "at": {"S": at}, "person": {"S": "ann"}, "text": {"S": "x"}}
    return {"TableName": "log", "Item": item, **request}


def key(at: str) -> dict[str, Any]:
    return {"TableName": "log", "Key": {"day": {"S": "today"}, "at": {"S": at}}}


def test_a_put_if_absent_is_done_once(database: Database) -> None:
    condition = {
        "ConditionExpression": "attribute_not_exists (#0)",
        "ExpressionAttributeNames": {"#0": "day"},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    database.operations["PutItem"](put("1", **condition))
    with pytest.raises(StubError, match="conditional request failed") as refused:
        database.operations["PutItem"](put("1", **condition))
    assert refused.value.document["Item"]["text"] == {"S": "x"}


def test_a_transaction_is_done_whole_or_not_at_all(database: Database) -> None:
    check = {
        "ConditionExpression": "attribute_exists (#0)",
        "ExpressionAttributeNames": {"#0": "day"},
    }
    items = [{"Put": put("1")}, {"ConditionCheck": {**key("2"), **check}}]
    with pytest.raises(StubError) as cancelled:
        database.operations["TransactWriteItems"]({"TransactItems": items})
    codes = [reason["Code"] for reason in cancelled.value.document["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed"]
    assert database.operations["GetItem"](key("1")) == {}

    database.operations["PutItem"](put("2"))
    database.operations["TransactWriteItems"]({"TransactItems": items})
    answers = database.operations["TransactGetItems"](
        {"TransactItems": [{"Get": key("1")}, {"Get": key("none")}]}
    )
    assert answers["Responses"] == [{"Item": put("1")["Item"]}, {}]


def test_updates_and_conditions_reach_into_maps(database: Database) -> None:
    names = {"ExpressionAttributeNames": {"#notes": "notes", "#id": "first"}}
    add = names | {
        "UpdateExpression": "SET #notes.#id = :note",
        "ConditionExpression": "attribute_not_exists(#notes.#id) AND size(#notes) < :two",
        "ExpressionAttributeValues": {":note": {"S": "hello"}, ":two": {"N": "2"}},
    }
    item = put("a")["Item"] | {"notes": {"M": {}}}
    database.operations["PutItem"](put("a", Item=item))
    database.operations["UpdateItem"](key("a") | add)
    assert database.operations["GetItem"](key("a"))["Item"]["notes"]["M"] == {
        "first": {"S": "hello"}
    }
    # whoever has read it before still has what was there then
    assert item["notes"] == {"M": {}}
    with pytest.raises(StubError, match="conditional request failed"):
        database.operations["UpdateItem"](key("a") | add)

    remove = names | {"UpdateExpression": "REMOVE #notes.#id"}
    database.operations["UpdateItem"](key("a") | remove)
    assert database.operations["GetItem"](key("a"))["Item"]["notes"] == {"M": {}}


def test_updates_change_what_they_name(database: Database) -> None:
    request = {
        **key("1"),
        "UpdateExpression": "SET #0 = :0, #1 = if_not_exists(#1, :1) + :1 ADD #2 :1 REMOVE #3",
        "ExpressionAttributeNames": {"#0": "text", "#1": "a", "#2": "b", "#3": "person"},
        "ExpressionAttributeValues": {":0": {"S": "new"}, ":1": {"N": "1"}},
        "ReturnValues": "UPDATED_NEW",
    }
    database.operations["PutItem"](put("1"))
    database.operations["UpdateItem"](request)
    attributes = database.operations["UpdateItem"](request)["Attributes"]
    assert attributes["text"] == {"S": "new"}
    assert attributes["a"] == {"N": "3"}
    assert attributes["b"] == {"N": "2"}
    assert "person" not in attributes


def test_queries_read_in_order_and_by_pages(database: Database) -> None:
    for at in ("3", "1", "2"):
        database.operations["PutItem"](put(at))
    query: dict[str, Any] = {
        "TableName": "log",
        "KeyConditionExpression": "(#0 = :0 AND #1 > :1)",
        "ExpressionAttributeNames": {"#0": "day", "#1": "at"},
        "ExpressionAttributeValues": {":0": {"S": "today"}, ":1": {"S": "1"}},
        "ScanIndexForward": False,
        "Limit": 1,
    }
    first = database.operations["Query"](query)
    assert [item["at"]["S"] for item in first["Items"]] == ["3"]

    query["ExclusiveStartKey"] = first["LastEvaluatedKey"]
    second = database.operations["Query"](query)
    assert [item["at"]["S"] for item in second["Items"]] == ["2"]

    query["IndexName"] = "by-person"
    query["ExpressionAttributeNames"]["#0"] = "person"
    query["ExpressionAttributeValues"][":0"] = {"S": "ann"}
    indexed = database.operations["Query"](query)
    assert indexed["Items"] == [{"day": {"S": "today"}, "at": {"S": "2"}, "person": {"S": "ann"}}]


def test_a_scan_goes_through_every_page(database: Database) -> None:
    for number in range(5):
        database.operations["PutItem"](put(str(number)))
    request: dict[str, Any] = {"TableName": "log", "Limit": 2}
    counts = []
    while True:
        page = database.operations["Scan"](request)
        counts.append(page["Count"])
        if "LastEvaluatedKey" not in page:
            break
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    assert counts == [2, 2, 1]


def test_an_item_has_the_bytes_that_dynamodb_counts() -> None:
    item = {
        "text": {"S": "é"},
        "number": {"N": "-1250"},
        "flag": {"BOOL": True},
        "list": {"L": [{"S": "ab"}]},
        "bytes": {"B": "AAAA"},
    }
    assert item_size(item) == 4 + 2 + 6 + 3 + 4 + 1 + 4 + (3 + 1 + 2) + 5 + 3


def test_units_are_counted_by_the_documented_rules(database: Database) -> None:
    database.operations["PutItem"](put("1"))
    # one for the item, one for the index
    assert (database.units.writes, database.units.index_writes) == (2, 1)

    database.operations["TransactWriteItems"]({"TransactItems": [{"Put": put("2")}]})
    # transactions cost double; indexes are written outside of them
    assert database.units.writes == 2 + 2 + 1

    database.operations["GetItem"]({**key("1"), "ConsistentRead": True})
    database.operations["GetItem"](key("none"))
    database.operations["TransactGetItems"]({"TransactItems": [{"Get": key("1")}]})
    assert database.units.reads == 1 + 0.5 + 2


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        ("TransactWriteItems", "TransactWriteItems", True),
        ("TransactWriteItems", "TransactGetItems", True),
        ("TransactWriteItems", "PutItem", True),
        ("PutItem", "TransactGetItems", True),
        ("PutItem", "PutItem", False),
        ("PutItem", "TransactWriteItems", False),
        ("TransactGetItems", "TransactGetItems", False),
        ("TransactGetItems", "TransactWriteItems", False),
        ("TransactWriteItems", "GetItem", False),
    ],
)
def test_calls_under_way_meet_as_aws_documents(first: str, second: str, meet: bool) -> None:
    conflicts = Conflicts()
    keys = [("log", ("today", "1"))]
    conflicts.begin(first, keys)
    if meet:
        with pytest.raises(StubError):
            conflicts.begin(second, keys)
    else:
        conflicts.begin(second, keys)
        conflicts.end(second, keys)
    conflicts.end(first, keys)

    # once the first one is over nothing is in the way
    conflicts.begin("TransactWriteItems", keys)
    assert conflicts.count == int(meet)


def test_every_answer_says_what_time_it_is():
    """/readyz compares its clock with it."""
    connection = Connection(StubAws(Database(), lambda *_: []))
    transport = MagicMock()
    connection.connection_made(transport)
    connection.data_received(b"POST / HTTP/1.1\r\nContent-Length: 18\r\n\r\nAction=AssumeRole&")
    [[[answer], _]] = transport.write.call_args_list
    date = re.search(r"\r\nDate: (.*)\r\n", answer.decode())
    assert abs(datetime.now(UTC) - parsedate_to_datetime(date[1])) < timedelta(minutes=5)
