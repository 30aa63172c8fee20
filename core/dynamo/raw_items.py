"""Very many items of one table, as DynamoDB's JSON has them: without a document for each.

A document costs ten times the CPU and the memory of the few attributes that a cache keeps.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from core.dynamo.conflicts import tries
from core.dynamo.connection import shared
from core.dynamo.documents import Document
from core.errors import Unavailable

RawItem = dict[str, dict[str, Any]]
"""An item by the names of its attributes: `{"name": {"S": "dev-read"}, ...}`."""

PAGE = 1_000
"""Items of one answer at most: each is asked for without what is not kept of it."""

BATCH = 100
"""Keys that DynamoDB takes in one BatchGetItem."""


def scan_pages(model: type[Document], attributes: Sequence[str]) -> Iterator[list[RawItem]]:
    """Yield all items with these attributes alone, a page at a time (strongly consistent).

    Other threads run between two pages: under gevent nothing else would let them.
    """
    connection = model._get_connection()
    start: Any = None
    while True:
        answer = connection.scan(
            attributes_to_get=list(attributes),
            limit=PAGE,
            exclusive_start_key=start,
            consistent_read=True,
        )
        yield answer["Items"]

        start = answer.get("LastEvaluatedKey")
        if not start:
            return
        time.sleep(0)


def read_items(
    model: type[Document], keys: Sequence[str], attributes: Sequence[str]
) -> list[RawItem]:
    """Return the items of these hash keys with these attributes alone, in any order (consistent).

    A key without an item has none in the answer. Raise Unavailable when DynamoDB does not say of
    each key what is there.
    """
    items: list[RawItem] = []
    for start in range(0, len(keys), BATCH):
        items += _read_batch(model, keys[start : start + BATCH], attributes)
    return items


def _read_batch(
    model: type[Document], hash_keys: Sequence[str], attributes: Sequence[str]
) -> list[RawItem]:
    table = str(model.Meta.table_name)
    hash_key_name = model.key_names()[0]
    # attributes may be called what DynamoDB reserves
    names = {f"#{number}": name for number, name in enumerate(attributes)}
    request: dict[str, Any] = {
        "ConsistentRead": True,
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": names,
        "Keys": [{hash_key_name: {"S": key}} for key in hash_keys],
    }

    items: list[RawItem] = []
    for _ in tries():
        answer = shared().dispatch("BatchGetItem", {"RequestItems": {table: request}})
        items += answer["Responses"].get(table, [])

        unprocessed = answer["UnprocessedKeys"].get(table)
        if not unprocessed:
            return items
        request["Keys"] = unprocessed["Keys"]

    message = "DynamoDB is busy. Nothing was handed out; try again in a minute."
    raise Unavailable(message, f"BatchGetItem on {table}: keys left unprocessed")


def query_items(model: type[Document], hash_key: str, attributes: Sequence[str]) -> list[RawItem]:
    """Return the items of one hash key with these attributes alone (strongly consistent)."""
    connection = model._get_connection()
    items: list[RawItem] = []
    start: Any = None
    while True:
        answer = connection.query(
            hash_key,
            attributes_to_get=list(attributes),
            exclusive_start_key=start,
            consistent_read=True,
        )
        items += answer["Items"]

        start = answer.get("LastEvaluatedKey")
        if not start:
            return items
