"""Whether each kind of call may be made on a table, tried with calls that change nothing.

AWS decides whether a call is allowed before it looks at a write's condition, and these conditions
hold for no item. What is read is an item that there is not, or one item that is thrown away.
"""

from collections.abc import Callable
from typing import Any

from core.dynamo.connection import Cancelled, ConditionFailed, shared
from core.dynamo.documents import Document
from core.errors import CooperError

NO_ITEM = "cooper-check"
"""The key of an item that there is not."""

Arguments = dict[str, Any]


def actions() -> list[str]:
    """Return the IAM actions that can be tried, without `dynamodb:`."""
    return sorted(_ARGUMENTS)


def try_action(model: type[Document], action: str) -> None:
    """Make a call that needs this IAM action (`PutItem`) and changes nothing.

    Raise CooperError when it is not allowed, there is no such table, or AWS does not answer; also,
    in words, should a write have been done.
    """
    operation, arguments = _ARGUMENTS[action](model)
    try:
        shared().dispatch(operation, arguments)
    except (ConditionFailed, Cancelled):
        # it was allowed, and nothing was written
        return
    if "ConditionExpression" in arguments or operation == "TransactWriteItems":
        raise CooperError(f"{operation} on {_table(model)} did what it never should.")


def try_index(model: type[Document], index: str) -> None:
    """Query an index for nothing; raise as above."""
    # a policy may name tables without their indexes
    arguments = _query(model)[1]
    arguments["IndexName"] = index
    arguments["ExpressionAttributeNames"] = {"#key": _hash_key_of(model, index)}
    # an index is never strongly consistent
    del arguments["ConsistentRead"]
    shared().dispatch("Query", arguments)


def _hash_key_of(model: type[Document], index: str) -> str:
    indexes = model.table_description()["GlobalSecondaryIndexes"]
    keys = {one["IndexName"]: one["KeySchema"] for one in indexes}[index]
    return next(str(key["AttributeName"]) for key in keys if key["KeyType"] == "HASH")


def indexes_of(model: type[Document]) -> list[str]:
    """Return the names of a table's indexes that this version uses."""
    indexes = model.table_description()["GlobalSecondaryIndexes"]
    names = {index["IndexName"] for index in indexes}
    return sorted(names - model.retired_indexes)


# -- the calls -------------------------------------------------------------------------------------
Call = tuple[str, Arguments]


def _get(model: type[Document]) -> Call:
    return "GetItem", {"TableName": _table(model), "Key": _key(model)}


def _batch_get(model: type[Document]) -> Call:
    return "BatchGetItem", {"RequestItems": {_table(model): {"Keys": [_key(model)]}}}


def _describe(model: type[Document]) -> Call:
    return "DescribeTable", {"TableName": _table(model)}


def _query(model: type[Document]) -> Call:
    return "Query", {
        "TableName": _table(model),
        "KeyConditionExpression": "#key = :none",
        "ExpressionAttributeNames": {"#key": model.key_names()[0]},
        "ExpressionAttributeValues": {":none": {"S": NO_ITEM}},
        "ConsistentRead": True,
        "Limit": 1,
    }


def _scan(model: type[Document]) -> Call:
    return "Scan", {"TableName": _table(model), "Limit": 1}


def _put(model: type[Document]) -> Call:
    return "PutItem", {"TableName": _table(model), "Item": _key(model), **_never(model)}


def _update(model: type[Document]) -> Call:
    return "UpdateItem", {
        "TableName": _table(model),
        "Key": _key(model),
        "UpdateExpression": "REMOVE #nothing",
        **_never(model, nothing="nothing"),
    }


def _delete(model: type[Document]) -> Call:
    return "DeleteItem", {"TableName": _table(model), "Key": _key(model), **_never(model)}


def _condition_check(model: type[Document]) -> Call:
    check = {"TableName": _table(model), "Key": _key(model), **_never(model)}
    return "TransactWriteItems", {"TransactItems": [{"ConditionCheck": check}]}


_ARGUMENTS: dict[str, Callable[[type[Document]], Call]] = {
    "BatchGetItem": _batch_get,
    "ConditionCheckItem": _condition_check,
    "DeleteItem": _delete,
    "DescribeTable": _describe,
    "GetItem": _get,
    "PutItem": _put,
    "Query": _query,
    "Scan": _scan,
    "UpdateItem": _update,
}


def _never(model: type[Document], **names: str) -> Arguments:
    """Return a condition that holds for no item, there or not."""
    return {
        "ConditionExpression": "attribute_exists(#key) AND attribute_not_exists(#key)",
        "ExpressionAttributeNames": {
            "#key": model.key_names()[0],
            **{f"#{name}": attribute for name, attribute in names.items()},
        },
    }


def _key(model: type[Document]) -> Arguments:
    definitions = model.table_description()["AttributeDefinitions"]
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in definitions}
    return {name: _value(types[name]) for name in model.key_names()}


def _value(kind: str) -> dict[str, str]:
    # a number is written as text too
    return {kind: "0" if kind == "N" else NO_ITEM}


def _table(model: type[Document]) -> str:
    return str(model.Meta.table_name)
