"""How long the audit log takes to find a request, or an AWS account's events, among a million.

A small DynamoDB in this process answers queries of the audit log alone, each after a delay as
DynamoDB's own, in pages of a megabyte. Its items are made as they are asked for.
"""

import json
import os
import threading
import time
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Any

EVENTS = 1_000_000
SHARDS = 8
TARGETS = 1_000
IN_ACCOUNT = (4, 40, 200)
"""Targets of an AWS account that is searched for."""

DELAY = 0.005
"""Seconds that DynamoDB takes for a query, about."""

PAGE_BYTES = 2**20
EVENT_BYTES = 700
"""Bytes of an event of a grant, about."""

DAY = datetime(2026, 11, 25, tzinfo=UTC)
OLD_ID = "0123456789abcdef"
"""An id that does not begin with its time, as cooper made before."""

Item = dict[str, Any]


class Log:
    """A day of the audit log: when each event of a shard happened, in order."""

    def __init__(self, hours: int, request_id: str) -> None:
        """Spread the events over so many hours; the one in the middle is of `request_id`."""
        self.request_id = request_id
        self.calls = 0
        step = timedelta(hours=hours) / EVENTS
        self.middle = DAY + step * (EVENTS // 2)
        self.places: dict[str, list[str]] = {f"{DAY:%Y-%m-%d}#{shard}": [] for shard in range(8)}
        for number in range(EVENTS):
            moment = (DAY + step * number).isoformat(timespec="microseconds")
            self.places[f"{DAY:%Y-%m-%d}#{number % SHARDS}"].append(f"{moment}#{number:016x}")

    def answer(self, operation: str, request: Item) -> Item:
        """Answer a call of DynamoDB."""
        self.calls += 1
        if operation == "BatchGetItem":
            [(table, keys)] = request["RequestItems"].items()
            items = [self._item(key["day"]["S"], key["at"]["S"]) for key in keys["Keys"]]
            return {"Responses": {table: items}, "UnprocessedKeys": {}}
        if "IndexName" in request:
            return self._query_index(request)
        return self.query(request)

    def _query_index(self, request: Item) -> Item:
        """Answer with the newest events of one name; each of a thousand targets has as many."""
        texts = [
            next(iter(value.values())) for value in request["ExpressionAttributeValues"].values()
        ]
        target = next((text for text in texts if text.startswith("target-")), "")
        if not target:
            return {"Items": [], "Count": 0, "ScannedCount": 0}
        number = int(target.removeprefix("target-"))
        partition = f"{DAY:%Y-%m-%d}#{number % SHARDS}"
        places = self.places[partition][number // SHARDS :: TARGETS // SHARDS]
        newest = places[-request["Limit"] :][::-1]
        items = [self._item(partition, place) for place in newest]
        answer: Item = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
        if len(places) > len(newest):
            answer["LastEvaluatedKey"] = items[-1]
        return answer

    def query(self, request: Item) -> Item:
        """Answer a query, newest first."""
        values = request["ExpressionAttributeValues"]
        texts = [next(iter(value.values())) for value in values.values()]
        [partition] = [text for text in texts if text.startswith(f"{DAY:%Y-%m-%d}")][:1] or [""]
        places = self.places.get(partition, [])
        bounds = [text for text in texts if "T" in text or text.endswith("U")]

        low = bisect_left(places, min(bounds)) if len(bounds) > 1 else 0
        high = bisect_right(places, max(bounds)) if bounds else len(places)
        start = request.get("ExclusiveStartKey")
        if start:
            high = bisect_left(places, start["at"]["S"])

        most = min(request.get("Limit", EVENTS), PAGE_BYTES // EVENT_BYTES)
        read = places[max(low, high - most) : high][::-1]
        matching = [self._item(partition, place) for place in read if self._matches(place, texts)]
        answer: Item = {"Items": matching, "Count": len(matching), "ScannedCount": len(read)}
        if read and high - most > low:
            answer["LastEvaluatedKey"] = {"day": {"S": partition}, "at": {"S": read[-1]}}
        return answer

    def _matches(self, place: str, texts: list[str]) -> bool:
        is_of_request = int(place.rpartition("#")[2], 16) == EVENTS // 2
        return is_of_request and self.request_id in texts

    def _item(self, partition: str, place: str) -> Item:
        item = {"day": partition, "at": place, "event": "grant:begin:intended"}
        item |= {"request_id": self.request_id, "details": "{}"}
        item["target"] = f"target-{int(place.rpartition('#')[2], 16) % TARGETS}"
        return {name: {"S": text} for name, text in item.items()}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    log: Log

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        body = json.dumps(self.log.answer(operation, request)).encode()
        time.sleep(DELAY)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Amz-Crc32", str(zlib.crc32(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as above
        return


def measure() -> None:
    """Measure and print, for a day of even load and for one of eight hours."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ |= {
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "COOPER_REGION": "us-east-1",
        "COOPER_DEV_ENDPOINTS": "1",
        "COOPER_SECRET_KEY": "bench" * 10,
        "DJANGO_SETTINGS_MODULE": "cooper_project.settings",
    }
    for line in _lines():
        print(line)
    server.shutdown()


def _lines() -> Iterator[str]:
    import django

    django.setup()
    from core import audit_history, audit_shards, request_ids

    shards = audit_shards.Shards(DAY.date(), SHARDS)
    audit_shards.current = lambda: shards
    audit_history.has_slim_index = lambda: True

    for hours in (24, 8):
        _Handler.log = log = Log(hours, "")
        for name, request_id in (("its time", request_ids.new(log.middle)), ("no time", OLD_ID)):
            log.request_id = request_id
            yield f"{EVENTS:,} events in {hours} h, id with {name}: {_search(log)}"
        for count in IN_ACCOUNT:
            yield f"{EVENTS:,} events in {hours} h, AWS account of {count}: {_search(log, count)}"


def _search(log: Log, targets: int = 0) -> str:
    from core.audit_search import AuditSearch, Search

    log.calls = 0
    asked = Search(request_id=log.request_id, until=DAY.date())
    if targets:
        names = frozenset(f"target-{number}" for number in range(targets))
        asked = Search(name="production", targets=names, until=DAY.date())
    search = AuditSearch(asked)
    start = time.monotonic()
    events = list(islice(iter(search), 102))
    seconds = time.monotonic() - start
    state = "found" if events else "not found yet"
    return f"{state} after {seconds:.2f} s and {log.calls} calls"


if __name__ == "__main__":
    measure()
