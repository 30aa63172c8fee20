"""Whether each kind of call may be made on a table, tried with calls that change nothing.

AWS decides whether a call is allowed before it looks at a write's condition, and these conditions
hold for no item. What is read is an item that there is not, or one item that is thrown away.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from core.dynamo.connection import Cancelled, ConditionFailed, shared
from core.dynamo.documents import Document
from core.errors import CooperError

NO_ITEM = "cooper-check"
"""The key of an item that there is not."""

NEVER = "attribute_exists(#key) AND attribute_not_exists(#key)"
"""A condition that holds for no item, there or not."""

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A call as DynamoDB's API has it; a write is refused by its own condition."""

    operation: str
    arguments: Arguments
    is_write: bool = False


def actions() -> list[str]:
    """Return the IAM actions that can be tried, without `dynamodb:`."""
    return sorted(_CALLS)


def try_action(model: type[Document], action: str) -> None:
    """Make a call that needs this IAM action (`PutItem`) and changes nothing.

    Raise CooperError when it is not allowed, there is no such table, or AWS does not answer; also,
    in words, should a write have been done.
    """
    call = _CALLS[action](model)
    try:
        shared().dispatch(call.operation, call.arguments)
    except (ConditionFailed, Cancelled):
        # it was allowed, and nothing was written
        return

    if call.is_write:
        raise CooperError(f"{call.operation} on {_table(model)} did what it never should.")


def try_index(model: type[Document], index: str) -> None:
    """Query an index for nothing; raise as above."""
    # a policy may name tables without their indexes
    arguments = _query_of(model, _hash_key_of(model, index))
    arguments["IndexName"] = index
    shared().dispatch("Query", arguments)


def ask_every_table(models: Iterable[type[Document]]) -> None:
    """Ask tables for nothing, in one call; raise TableMissing when one is not there."""
    keys = {_table(model): {"Keys": [_key(model)]} for model in models}
    shared().dispatch("BatchGetItem", {"RequestItems": keys})


def _hash_key_of(model: type[Document], index_name: str) -> str:
    for index in model.table_description()["GlobalSecondaryIndexes"]:
        for key in index["KeySchema"]:
            if index["IndexName"] == index_name and key["KeyType"] == "HASH":
                return str(key["AttributeName"])
    raise LookupError(index_name)


def indexes_of(model: type[Document]) -> list[str]:
    """Return the names of a table's indexes that this version uses."""
    indexes = model.table_description()["GlobalSecondaryIndexes"]
    names = {index["IndexName"] for index in indexes}
    return sorted(names - model.retired_indexes)


# -- the calls -------------------------------------------------------------------------------------
def _batch_get(model: type[Document]) -> Call:
    keys = {"Keys": [_key(model)]}
    return Call("BatchGetItem", {"RequestItems": {_table(model): keys}})


def _describe(model: type[Document]) -> Call:
    return Call("DescribeTable", {"TableName": _table(model)})


def _get(model: type[Document]) -> Call:
    return Call("GetItem", {"TableName": _table(model), "Key": _key(model)})


def _query(model: type[Document]) -> Call:
    arguments = _query_of(model, _hash_key(model))
    arguments["ConsistentRead"] = True
    return Call("Query", arguments)


def _query_of(model: type[Document], hash_key: str) -> Arguments:
    return {
        "TableName": _table(model),
        "KeyConditionExpression": "#key = :none",
        "ExpressionAttributeNames": {"#key": hash_key},
        "ExpressionAttributeValues": {":none": {"S": NO_ITEM}},
        "Limit": 1,
    }


def _scan(model: type[Document]) -> Call:
    return Call("Scan", {"TableName": _table(model), "Limit": 1})


def _condition_check(model: type[Document]) -> Call:
    arguments = _never(model)
    arguments["Key"] = _key(model)
    items = [{"ConditionCheck": arguments}]
    return Call("TransactWriteItems", {"TransactItems": items}, is_write=True)


def _delete(model: type[Document]) -> Call:
    arguments = _never(model)
    arguments["Key"] = _key(model)
    return Call("DeleteItem", arguments, is_write=True)


def _put(model: type[Document]) -> Call:
    arguments = _never(model)
    arguments["Item"] = _key(model)
    return Call("PutItem", arguments, is_write=True)


def _update(model: type[Document]) -> Call:
    arguments = _never(model)
    arguments["Key"] = _key(model)
    arguments["UpdateExpression"] = "REMOVE nothing"
    return Call("UpdateItem", arguments, is_write=True)


_CALLS: dict[str, Callable[[type[Document]], Call]] = {
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


def _never(model: type[Document]) -> Arguments:
    return {
        "TableName": _table(model),
        "ConditionExpression": NEVER,
        "ExpressionAttributeNames": {"#key": _hash_key(model)},
    }


def _key(model: type[Document]) -> Arguments:
    """Return the key of an item that there is not, in DynamoDB's JSON."""
    key = {}
    for attribute in model.table_description()["AttributeDefinitions"]:
        name = attribute["AttributeName"]
        kind = attribute["AttributeType"]
        if name in model.key_names():
            # a number is written as text too
            key[name] = {kind: "0" if kind == "N" else NO_ITEM}
    return key


def _hash_key(model: type[Document]) -> str:
    return model.key_names()[0]


def _table(model: type[Document]) -> str:
    return str(model.Meta.table_name)
