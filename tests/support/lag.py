"""An index of DynamoDB that lags behind its table: what is new is in the table alone."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.support.faults import Call, Fault


def lagging_index(table: str, seconds: float = 60.0) -> Fault:
    """Return the fault by which the indexes of a table lack all items that are newer than so."""
    newest = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()
    return index_without(table, lambda at: at >= newest)


def index_without(table: str, lacks: Callable[[str], bool]) -> Fault:
    """Return the fault by which the indexes of a table lack items, by their `at`."""

    def leave_out(body: bytes) -> bytes:
        answer = json.loads(body)
        answer["Items"] = [item for item in answer["Items"] if not lacks(item["at"]["S"])]
        answer["Count"] = len(answer["Items"])
        return json.dumps(answer).encode()

    return Fault("dynamodb", "Query", table, mode="signed", calls=_asks_index, change=leave_out)


def _asks_index(call: Call) -> bool:
    return "IndexName" in call.document
