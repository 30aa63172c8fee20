"""DynamoDB's operations on items, and the capacity units that each consumes.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/ and, for the units,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from collections.abc import Callable, Iterator
from typing import Any

from bench.stub_aws.errors import (
    NO_REASON,
    Reason,
    StubError,
    cancelled,
    condition_failed,
    reason,
)
from bench.stub_aws.expressions import Item, Place, compile_condition
from bench.stub_aws.tables import Index, Key, Page, StoredItem, Table
from bench.stub_aws.units import Units
from bench.stub_aws.updates import compile_update

Document = dict[str, Any]
"""A request or a response in JSON."""

ItemKey = tuple[str, Key]
"""An item of any table: the table's name, and the item's key."""


class Database:
    """All tables. An operation is done at once; how long it takes is for whoever calls."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.units = Units()
        self.operations: dict[str, Callable[[Document], Document]] = {
            "DescribeTable": self._describe,
            "GetItem": self._get,
            "BatchGetItem": self._batch_get,
            "TransactGetItems": self._transact_get,
            "Query": self._query,
            "Scan": self._scan,
            "PutItem": self._put,
            "UpdateItem": self._update,
            "DeleteItem": self._delete,
            "TransactWriteItems": self._transact_write,
            "BatchWriteItem": self._batch_write,
        }

    def table(self, name: str) -> Table:
        """Return a table; raise StubError when there is none."""
        table = self.tables.get(name)
        if table is None:
            raise StubError("ResourceNotFoundException", f"Requested resource not found: {name}")
        return table

    def item_keys(self, operation: str, request: Document) -> list[ItemKey]:
        """Return the items that a request names by their keys: what conflicts are about."""
        if operation in {"TransactWriteItems", "TransactGetItems"}:
            actions = [next(iter(entry.values())) for entry in request["TransactItems"]]
        elif operation in {"PutItem", "UpdateItem", "DeleteItem"}:
            actions = [request]
        else:
            return []
        return [(action["TableName"], self._key_of(action)) for action in actions]

    def _key_of(self, action: Document) -> Key:
        schema = self.table(action["TableName"]).schema
        return schema.key_of(action.get("Key") or action["Item"])

    # -- reading

    def _describe(self, request: Document) -> Document:
        return {"Table": self.table(request["TableName"]).origin}

    def _get(self, request: Document) -> Document:
        stored = self._read(request)
        self.units.read(stored, consistent=bool(request.get("ConsistentRead")))
        return {"Item": stored.item} if stored else {}

    def _read(self, action: Document) -> StoredItem | None:
        return self.table(action["TableName"]).get(self._key_of(action))

    def _batch_get(self, request: Document) -> Document:
        responses: dict[str, list[Item]] = {}
        for name, question in request["RequestItems"].items():
            table = self.table(name)
            items = responses.setdefault(name, [])
            for key in question["Keys"]:
                stored = table.get(table.schema.key_of(key))
                self.units.read(stored, consistent=bool(question.get("ConsistentRead")))
                if stored:
                    items.append(stored.item)
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _transact_get(self, request: Document) -> Document:
        responses = []
        for entry in request["TransactItems"]:
            stored = self._read(entry["Get"])
            self.units.read(stored, consistent=True, transactional=True)
            responses.append({"Item": stored.item} if stored else {})
        return {"Responses": responses}

    def _query(self, request: Document) -> Document:
        table = self.table(request["TableName"])
        index = None
        if "IndexName" in request:
            index = table.indexes[request["IndexName"]]

        schema = index.schema if index else table.schema
        forward = bool(request.get("ScanIndexForward", True))
        hash_content = _hash_content(request, schema.hash_name)
        keys = table.under(hash_content, index, forward=forward)
        return self._answer_of_page(request, table, index, _fitting(request, table, keys))

    def _scan(self, request: Document) -> Document:
        table = self.table(request["TableName"])
        start = request.get("ExclusiveStartKey")
        keys = table.scan_from(table.schema.key_of(start) if start else None)
        return self._answer_of_page(request, table, None, keys)

    def _answer_of_page(
        self, request: Document, table: Table, index: Index | None, keys: Iterator[Key]
    ) -> Document:
        page = table.read_page(keys, request.get("Limit"))
        self.units.read_many(page.items, consistent=bool(request.get("ConsistentRead")))

        items = [stored.item for stored in page.items]
        if index:
            items = [index.project(item) for item in items]
        filtered = [item for item in items if _holds(request, item, "FilterExpression")]

        answer: Document = {"Count": len(filtered), "ScannedCount": len(page.items)}
        answer["Items"] = [] if request.get("Select") == "COUNT" else filtered
        if page.has_more:
            answer["LastEvaluatedKey"] = _last_key(page, table, index)
        return answer

    # -- writing

    def _put(self, request: Document) -> Document:
        before = self._demand(request)
        table = self.table(request["TableName"])
        after = table.write(self._key_of(request), request["Item"])
        self.units.write(table, before, after)
        return _returned(request, before, after)

    def _update(self, request: Document) -> Document:
        before = self._demand(request)
        table = self.table(request["TableName"])
        after = table.write(self._key_of(request), _updated(request, before))
        self.units.write(table, before, after)
        return _returned(request, before, after)

    def _delete(self, request: Document) -> Document:
        before = self._demand(request)
        table = self.table(request["TableName"])
        table.write(self._key_of(request), None)
        self.units.write(table, before, None)
        return _returned(request, before, None)

    def _demand(self, request: Document) -> StoredItem | None:
        """Return the item as it is; raise StubError when the condition does not hold."""
        stored = self._read(request)
        if not _holds(request, stored.item if stored else {}, "ConditionExpression"):
            # a refused write is paid for, too
            self.units.write(self.table(request["TableName"]), stored, stored)
            raise condition_failed(request, stored and stored.item)
        return stored

    def _transact_write(self, request: Document) -> Document:
        actions = [next(iter(entry.items())) for entry in request["TransactItems"]]
        items = [self._read(action) for _, action in actions]
        reasons = [
            _reason(action, stored) for (_, action), stored in zip(actions, items, strict=True)
        ]
        if any(entry is not NO_REASON for entry in reasons):
            raise cancelled(reasons)

        for (kind, action), stored in zip(actions, items, strict=True):
            self._do(kind, action, stored)
        return {}

    def _do(self, kind: str, action: Document, before: StoredItem | None) -> None:
        table = self.table(action["TableName"])
        key = self._key_of(action)
        after = before
        if kind == "Put":
            after = table.write(key, action["Item"])
        elif kind == "Update":
            after = table.write(key, _updated(action, before))
        elif kind == "Delete":
            after = table.write(key, None)
        self.units.write(table, before, after, transactional=True)

    def _batch_write(self, request: Document) -> Document:
        for name, entries in request["RequestItems"].items():
            for entry in entries:
                [(kind, action)] = entry.items()
                write = self._put if kind == "PutRequest" else self._delete
                write({"TableName": name, **action})
        return {"UnprocessedItems": {}}


# -- expressions of a request ----------------------------------------------------------------------
def _place(request: Document, item: Item) -> Place:
    names = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    return Place(item, names, values)


def _holds(request: Document, item: Item, expression: str) -> bool:
    """Return whether an expression of the request holds; one that is not there does."""
    text = request.get(expression)
    return not text or compile_condition(text)(_place(request, item))


def _reason(action: Document, stored: StoredItem | None) -> Reason:
    """Return why an action of a transaction cannot be done; NO_REASON when it can."""
    item = stored.item if stored else {}
    if _holds(action, item, "ConditionExpression"):
        return NO_REASON
    return reason("ConditionalCheckFailed", action, item)


def _updated(request: Document, before: StoredItem | None) -> Item:
    item = before.item if before else request["Key"]
    old_place = _place(request, item)
    new_place = _place(request, dict(item))
    for change in compile_update(request["UpdateExpression"]):
        change(old_place, new_place)
    return new_place.item


def _returned(request: Document, before: StoredItem | None, after: StoredItem | None) -> Document:
    """Return what ReturnValues asks for; UPDATED_NEW with all of the item's attributes."""
    age = request.get("ReturnValues", "NONE").rpartition("_")[2]
    stored = {"NEW": after, "OLD": before}.get(age)
    return {"Attributes": stored.item} if stored else {}


def _hash_content(request: Document, hash_name: str) -> Any:
    """Return the hash key that a query asks for."""
    names = request.get("ExpressionAttributeNames") or {}
    words = request["KeyConditionExpression"].replace("(", " ").replace(")", " ").split()
    for position, word in enumerate(words):
        if names.get(word, word) == hash_name and words[position + 1] == "=":
            [content] = request["ExpressionAttributeValues"][words[position + 2]].values()
            return content
    raise StubError("ValidationException", f"no condition on {hash_name}")


def _fitting(request: Document, table: Table, keys: Iterator[Key]) -> Iterator[Key]:
    """Yield the keys of a query's items, from the page's start on."""
    start = request.get("ExclusiveStartKey")
    start_key = table.schema.key_of(start) if start else None
    is_behind_start = start is None
    for key in keys:
        if not is_behind_start:
            is_behind_start = key == start_key
            continue
        stored = table.get(key)
        if stored and _holds(request, stored.item, "KeyConditionExpression"):
            yield key


def _last_key(page: Page, table: Table, index: Index | None) -> Item:
    item = page.items[-1].item
    names = [*table.schema.names, *(index.schema.names if index else ())]
    return {name: item[name] for name in names}
