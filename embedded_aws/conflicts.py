"""Items that calls to DynamoDB have under way, and the calls that are refused for them.

Rules: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
("Transaction conflict handling in DynamoDB") and the API pages of TransactWriteItems and
TransactGetItems. A transaction that writes has its items for as long as it is under way, those of a
ConditionCheck too. Plain reads are never refused, and single writes do not meet each other.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from embedded_aws.errors import AwsError

SINGLE_WRITES = {"PutItem", "UpdateItem", "DeleteItem"}
WRITES = {*SINGLE_WRITES, "BatchWriteItem", "TransactWriteItems"}

MEETS = {
    **{operation: {"TransactWriteItems"} for operation in SINGLE_WRITES},
    "TransactWriteItems": {"TransactWriteItems"},
    "TransactGetItems": WRITES,
}
"""By operation: those under way that must not have any of its items."""

KeyNames = dict[str, list[str]]
"""The names of the key's attributes by table."""

Reason = tuple[str, str] | None
"""Why an action of a transaction cannot be done: code and message."""

_MESSAGE = "Transaction is ongoing for the item"


class Item(NamedTuple):
    """Which item of which table; `place` is the AWS account and the region."""

    place: str
    table: str
    key: str


@dataclass(eq=False)
class CallUnderWay:
    """A call that is being answered: its items in the order in which it names them."""

    operation: str
    items: list[Item]
    token: tuple[str, str] | None = None
    """A transaction's ClientRequestToken, and the place where it counts."""
    met: set[Item] = field(default_factory=set)
    """Items that another call began to write while this one reads them."""


class ItemsUnderWay:
    """The calls under way; `conflicts` counts those refused, by operation and table."""

    def __init__(self) -> None:
        self.conflicts: Counter[tuple[str, str]] = Counter()
        self._calls: list[CallUnderWay] = []
        # not the one of the service: a call waits with its items while others are answered
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """How many calls are under way."""
        return len(self._calls)

    @contextmanager
    def having(self, call: CallUnderWay) -> Iterator[None]:
        """Let the call have its items within the block.

        Raise AwsError when others have them; a transaction that reads is refused at the end too,
        when a write began meanwhile.
        """
        with self._lock:
            self._begin(call)
        try:
            yield
        finally:
            with self._lock:
                self._calls.remove(call)
        self._refuse(call, call.met)

    def _begin(self, call: CallUnderWay) -> None:
        self._refuse_repeat(call)
        met: set[Item] = set()
        for other in self._calls:
            if other.operation in MEETS.get(call.operation, ()):
                met.update(set(call.items) & set(other.items))
        self._refuse(call, met)

        if call.operation in WRITES:
            self._disturb_readers(call)
        self._calls.append(call)

    def _refuse_repeat(self, call: CallUnderWay) -> None:
        is_under_way = call.token and call.token in {other.token for other in self._calls}
        if is_under_way:
            raise AwsError(
                "TransactionInProgressException",
                "The transaction with the given request token is already in progress.",
            )

    def _disturb_readers(self, call: CallUnderWay) -> None:
        for other in self._calls:
            if other.operation == "TransactGetItems":
                other.met.update(set(call.items) & set(other.items))

    def _refuse(self, call: CallUnderWay, met: set[Item]) -> None:
        """Raise AwsError when the call met others over items."""
        if not met:
            return

        self.conflicts.update({(call.operation, item.table) for item in met})
        if call.operation in SINGLE_WRITES:
            raise AwsError("TransactionConflictException", _MESSAGE)

        reasons: list[Reason] = [None] * len(call.items)
        for number, item in enumerate(call.items):
            if item in met:
                reasons[number] = "TransactionConflict", _MESSAGE
        raise cancelled(reasons)


def cancelled(reasons: Sequence[Reason]) -> AwsError:
    """Return the error of a transaction; `reasons` are in the order of its actions."""
    documents = []
    for reason in reasons:
        document = {"Code": "None"}
        if reason:
            code, message = reason
            document = {"Code": code, "Message": message}
        documents.append(document)

    codes = ", ".join(document["Code"] for document in documents)
    return AwsError(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        CancellationReasons=documents,
    )


def read_items(
    operation: str, document: dict[str, Any], place: str, key_names: KeyNames
) -> list[Item]:
    """Return the items that a call is about.

    There are none where a call is malformed: whoever answers it refuses it.
    """
    try:
        actions = _read_actions(operation, document)
        return [_item(action, place, key_names) for action in actions]
    except (AttributeError, KeyError, TypeError, ValueError):
        return []


def _read_actions(operation: str, document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is to be done with each item: TableName, and Key or Item."""
    if operation in SINGLE_WRITES:
        return [document]
    if operation in {"TransactWriteItems", "TransactGetItems"}:
        return [_only_value(action) for action in document["TransactItems"]]
    if operation != "BatchWriteItem":
        return []

    actions = []
    for table, requests in document["RequestItems"].items():
        actions += [{"TableName": table, **_only_value(request)} for request in requests]
    return actions


def _only_value(action: dict[str, Any]) -> dict[str, Any]:
    [value] = action.values()
    return dict(value)


def _item(action: dict[str, Any], place: str, key_names: KeyNames) -> Item:
    table = str(action["TableName"])
    # a Put has the key within its item
    attributes = action.get("Key") or action["Item"]
    key = {name: attributes[name] for name in key_names[table]}
    return Item(place, table, json.dumps(key, sort_keys=True))
