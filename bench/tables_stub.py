"""A fast DynamoDB in memory, for measuring cooper with very many items: no conditions, no limits.

moto's scans grow with the square of a table's items. Run as a program it fills its tables by its
arguments, prints its port, and serves until its standard input ends.
"""

import json
import sys
import threading
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench import scale_data

Item = dict[str, dict[str, Any]]
Answer = dict[str, Any]

KEYS = {
    "targets": ("name",),
    "associations": ("target", "group"),
    "aws-accounts": ("account_id",),
    "changes": ("log", "number"),
    "people": ("person",),
}
"""The key attributes of each table, whose name may have any prefix."""


class Table:
    """One table: its items in the order of their keys' arrival."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys
        self.items: dict[tuple[str, ...], Item] = {}
        self.order: list[tuple[str, ...]] = []
        self.places: dict[tuple[str, ...], int] = {}
        self.by_hash_key: dict[str, dict[tuple[str, ...], Item]] = {}

    def key_of(self, item: Item) -> tuple[str, ...]:
        return tuple(next(iter(item[name].values())) for name in self.keys)

    def put(self, item: Item) -> None:
        key = self.key_of(item)
        if key not in self.places:
            self.places[key] = len(self.order)
            self.order.append(key)
        self.items[key] = item
        self.by_hash_key.setdefault(key[0], {})[key] = item

    def delete(self, key: tuple[str, ...]) -> None:
        if self.items.pop(key, None) is not None:
            self.by_hash_key[key[0]].pop(key, None)

    def page(self, start: tuple[str, ...] | None, limit: int) -> tuple[list[Item], Item | None]:
        """Return the items after `start`, and the key to go on from (None at the end)."""
        place = 0
        if start is not None:
            place = self.places[start] + 1
        keys = self.order[place : place + limit]
        items = [self.items[key] for key in keys if key in self.items]
        if place + limit >= len(self.order):
            return items, None
        last = self.items[keys[-1]]
        return items, {name: last[name] for name in self.keys}


class Tables:
    """All tables, and DynamoDB's operations on them."""

    def __init__(self) -> None:
        self.tables = {name: Table(keys) for name, keys in KEYS.items()}
        self.lock = threading.Lock()

    def table(self, name: str) -> Table:
        for suffix, table in self.tables.items():
            if name.endswith(suffix):
                return table
        raise KeyError(name)

    def answer(self, operation: str, request: Answer) -> Answer:
        operations: dict[str, Callable[[Answer], Answer]] = {
            "Scan": self.scan,
            "Query": self.query,
            "GetItem": self.get,
            "BatchGetItem": self.batch_get,
            "PutItem": self.put,
            "DeleteItem": self.delete,
        }
        with self.lock:
            return operations[operation](request)

    def scan(self, request: Answer) -> Answer:
        table = self.table(request["TableName"])
        start = request.get("ExclusiveStartKey")
        key = table.key_of(start) if start else None
        items, last = table.page(key, request.get("Limit", 2_000))
        answer = {"Items": _projected(items, request), "Count": len(items)}
        answer["ScannedCount"] = len(items)
        if last is not None:
            answer["LastEvaluatedKey"] = last
        return answer

    def query(self, request: Answer) -> Answer:
        table = self.table(request["TableName"])
        values = [next(iter(value.values())) for value in _sorted_values(request)]
        rows = list(table.by_hash_key.get(values[0], {}).items())
        if len(values) > 1:
            # the one comparison that cooper's catalogue asks for
            assert ">" in request["KeyConditionExpression"]
            rows = [(key, item) for key, item in rows if int(key[1]) > int(values[1])]
        if table.keys[-1] == "number":
            rows.sort(key=lambda row: int(row[0][1]))
        items = [item for _, item in rows]
        return {"Items": items, "Count": len(items), "ScannedCount": len(items)}

    def get(self, request: Answer) -> Answer:
        table = self.table(request["TableName"])
        item = table.items.get(table.key_of(request["Key"]))
        return {} if item is None else {"Item": item}

    def batch_get(self, request: Answer) -> Answer:
        responses = {}
        for name, asked in request["RequestItems"].items():
            table = self.table(name)
            keys = [table.key_of(key) for key in asked["Keys"]]
            items = [table.items[key] for key in keys if key in table.items]
            responses[name] = _projected(items, asked)
        return {"Responses": responses, "UnprocessedKeys": {}}

    def put(self, request: Answer) -> Answer:
        self.table(request["TableName"]).put(request["Item"])
        return {}

    def delete(self, request: Answer) -> Answer:
        table = self.table(request["TableName"])
        table.delete(table.key_of(request["Key"]))
        return {}


def _sorted_values(request: Answer) -> list[dict[str, str]]:
    """Return the values of a key condition: that of the hash key, then that of the range key."""
    values = request["ExpressionAttributeValues"]
    return [values[name] for name in sorted(values)]


def _projected(items: list[Item], request: Answer) -> list[Item]:
    expression = request.get("ProjectionExpression")
    if not expression:
        return items
    placeholders = request.get("ExpressionAttributeNames", {})
    names = [placeholders.get(part.strip(), part.strip()) for part in expression.split(",")]
    return [{name: item[name] for name in names if name in item} for item in items]


class Handler(BaseHTTPRequestHandler):
    """Answers DynamoDB's calls."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    tables: Tables

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        request = json.loads(self.rfile.read(length))
        operation = self.headers["X-Amz-Target"].partition(".")[2]

        body = json.dumps(self.tables.answer(operation, request), separators=(",", ":")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amz-crc32", str(zlib.crc32(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Write no log."""


def main() -> None:
    """Serve `targets` and `people`, as many as the arguments say."""
    targets, people = map(int, sys.argv[1:])
    tables = Tables()
    for name, item in scale_data.items(targets, people):
        tables.tables[name].put(item)
    Handler.tables = tables

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
