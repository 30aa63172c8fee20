"""BatchGetItem refuses what DynamoDB refuses."""

from typing import Any

import pytest

from embedded_aws import EmbeddedAws
from tests.embedded_aws.clients import client_for, error_code

TABLE = "cooper-once"
CHANGES = "cooper-changes"
LOG = {"log": {"S": "catalogue"}}


def key(what: str) -> dict[str, Any]:
    return {"what": {"S": what}}


def change(number: str) -> dict[str, Any]:
    return {**LOG, "number": {"N": number}}


def read(store: EmbeddedAws, **requests: Any) -> dict[str, Any]:
    """Read keys of tables; a table is named without its prefix."""
    items = {f"cooper-{name}": request for name, request in requests.items()}
    answer: dict[str, Any] = client_for(store, "dynamodb").batch_get_item(RequestItems=items)
    return answer


REFUSED: dict[str, dict[str, Any]] = {
    "no table": {},
    "no key": {"once": {"Keys": []}},
    "101 keys": {"once": {"Keys": [key(str(number)) for number in range(101)]}},
    "101 keys of two tables": {
        "once": {"Keys": [key(str(number)) for number in range(60)]},
        "changes": {"Keys": [change(str(number)) for number in range(41)]},
    },
    "a key twice": {"once": {"Keys": [key("x"), key("x")]}},
    "a number twice": {"changes": {"Keys": [change("1"), change("1.0")]}},
    "another attribute": {"once": {"Keys": [{"who": {"S": "x"}}]}},
    "an attribute more": {"once": {"Keys": [{**key("x"), "who": {"S": "x"}}]}},
    "half a key": {"changes": {"Keys": [LOG]}},
    "an empty key": {"once": {"Keys": [key("")]}},
    "a key that is too long": {"once": {"Keys": [key("x" * 2049)]}},
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses(store: EmbeddedAws, name: str) -> None:
    assert error_code(read, store=store, **REFUSED[name]) == "ValidationException"


def test_it_refuses_a_table_that_is_not_there(store: EmbeddedAws) -> None:
    tables = {"once": {"Keys": [key("x")]}, "nowhere": {"Keys": [key("x")]}}
    assert error_code(read, store=store, **tables) == "ResourceNotFoundException"


def test_it_answers_what_is_there_by_table(store: EmbeddedAws) -> None:
    client_for(store, "dynamodb").put_item(TableName=TABLE, Item=key("here"))
    keys = [key("here"), key("there"), key("x" * 2048)]
    answer = read(store, once={"Keys": keys}, changes={"Keys": [change("999999")]})
    assert answer["Responses"] == {TABLE: [key("here")], CHANGES: []}
    assert answer["UnprocessedKeys"] == {}


def test_it_takes_a_hundred_keys(store: EmbeddedAws) -> None:
    keys = [key(str(number)) for number in range(100)]
    assert read(store, once={"Keys": keys})["Responses"] == {TABLE: []}
