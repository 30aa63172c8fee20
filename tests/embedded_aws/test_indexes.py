"""Indexes of DynamoDB's tables: made and dropped one at a time, and only then to be read."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws import EmbeddedAws, indexes, tables
from tests.embedded_aws.clients import client_for, error_code

TABLE = "books"
DEFINITIONS = [{"AttributeName": name, "AttributeType": "S"} for name in ("isbn", "author")]


def index(name: str, **projection: Any) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": "author", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL", **projection},
    }


class Clock:
    """The time of the tables, which passes when it is told to."""

    def __init__(self) -> None:
        # the tables remember what was under way
        self.now = time.monotonic()

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (indexes, tables):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def dynamodb(store: EmbeddedAws) -> Iterator[Any]:
    client = client_for(store, "dynamodb")
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "isbn", "KeyType": "HASH"}],
        AttributeDefinitions=DEFINITIONS[:1],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"isbn": {"S": "1"}, "author": {"S": "Eco"}, "title": {"S": "Baudolino"}}
    client.put_item(TableName=TABLE, Item=item | {"text": {"S": "long"}})
    yield client
    store.table_activation_seconds = 0.0
    store.tables.pop(TABLE)


def update(dynamodb: Any, *updates: dict[str, Any]) -> dict[str, Any]:
    answer = dynamodb.update_table(
        TableName=TABLE,
        AttributeDefinitions=DEFINITIONS,
        GlobalSecondaryIndexUpdates=list(updates),
    )
    return dict(answer["TableDescription"])


def states(description: dict[str, Any]) -> dict[str, str]:
    indexes = description.get("GlobalSecondaryIndexes", [])
    return {entry["IndexName"]: entry["IndexStatus"] for entry in indexes}


def described(dynamodb: Any) -> dict[str, Any]:
    return dict(dynamodb.describe_table(TableName=TABLE)["Table"])


def books_by(author: str, dynamodb: Any, name: str) -> list[dict[str, Any]]:
    answer = dynamodb.query(
        TableName=TABLE,
        IndexName=name,
        KeyConditionExpression="author = :author",
        ExpressionAttributeValues={":author": {"S": author}},
    )
    return list(answer["Items"])


def test_one_has_the_items_that_were_there_before_it(dynamodb: Any) -> None:
    update(dynamodb, {"Create": index("by-author")})
    assert states(described(dynamodb)) == {"by-author": "ACTIVE"}
    assert [book["title"]["S"] for book in books_by("Eco", dynamodb, "by-author")] == ["Baudolino"]


def test_one_has_no_more_of_an_item_than_it_includes(dynamodb: Any) -> None:
    slim = index("slim", ProjectionType="INCLUDE", NonKeyAttributes=["title"])
    update(dynamodb, {"Create": slim})
    assert [set(book) for book in books_by("Eco", dynamodb, "slim")] == [
        {"isbn", "author", "title"}
    ]


def test_one_that_is_being_made_is_creating_and_cannot_be_read(
    store: EmbeddedAws, clock: Clock, dynamodb: Any
) -> None:
    store.table_activation_seconds = 60.0
    description = update(dynamodb, {"Create": index("by-author")})
    assert description["TableStatus"] == "UPDATING"
    assert states(description) == states(described(dynamodb)) == {"by-author": "CREATING"}
    with pytest.raises(ClientError, match="Cannot read from backfilling global secondary index"):
        books_by("Eco", dynamodb, "by-author")
    other = {"Create": index("other")}
    assert error_code(lambda: update(dynamodb, other)) == "ResourceInUseException"

    clock.now += 60.0
    assert described(dynamodb)["TableStatus"] == "ACTIVE"
    assert len(books_by("Eco", dynamodb, "by-author")) == 1


def test_one_that_is_being_dropped_is_deleting_and_then_gone(
    store: EmbeddedAws, clock: Clock, dynamodb: Any
) -> None:
    update(dynamodb, {"Create": index("by-author")})
    store.table_activation_seconds = 60.0
    description = update(dynamodb, {"Delete": {"IndexName": "by-author"}})
    assert states(description) == states(described(dynamodb)) == {"by-author": "DELETING"}
    with pytest.raises(ClientError, match="index"):
        books_by("Eco", dynamodb, "by-author")

    clock.now += 60.0
    assert states(described(dynamodb)) == {}
    assert described(dynamodb)["TableStatus"] == "ACTIVE"


def test_an_update_takes_one_change(dynamodb: Any) -> None:
    changes = {"Create": index("one")}, {"Create": index("two")}
    assert error_code(lambda: update(dynamodb, *changes)) == "LimitExceededException"
    assert states(described(dynamodb)) == {}


def test_an_update_fits_the_table(dynamodb: Any) -> None:
    unknown = {"Delete": {"IndexName": "unknown"}}
    assert error_code(lambda: update(dynamodb, unknown)) == "ResourceNotFoundException"
    update(dynamodb, {"Create": index("by-author")})
    again = {"Create": index("by-author")}
    assert error_code(lambda: update(dynamodb, again)) == "ValidationException"
