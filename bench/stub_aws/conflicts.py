"""Conflicts of transactions, as DynamoDB documents them.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
("Transaction conflict handling"): a TransactWriteItems is cancelled by another one under way with
one of its items, a TransactGetItems by any write under way, and a single write is refused while a
transaction has its item. Whoever comes second is refused.
"""

from collections import Counter

from bench.stub_aws.dynamodb import ItemKey
from bench.stub_aws.errors import NO_REASON, Reason, StubError, cancelled

SINGLE_WRITES = {"PutItem", "UpdateItem", "DeleteItem"}

CONFLICT: Reason = {
    "Code": "TransactionConflict",
    "Message": "Transaction is ongoing for the item",
}


class Conflicts:
    """The writes that are under way; a call is under way for as long as it takes."""

    def __init__(self) -> None:
        self.count = 0
        """How many calls were refused."""
        self._transactions: Counter[ItemKey] = Counter()
        self._single_writes: Counter[ItemKey] = Counter()

    def begin(self, operation: str, keys: list[ItemKey]) -> None:
        """Let a call be under way until `end`; raise StubError when another is in its way."""
        self._refuse(operation, keys)
        self._under_way(operation).update(keys)

    def end(self, operation: str, keys: list[ItemKey]) -> None:
        """Let a call be over."""
        under_way = self._under_way(operation)
        for key in keys:
            under_way[key] -= 1
            if under_way[key] <= 0:
                del under_way[key]

    def _under_way(self, operation: str) -> "Counter[ItemKey]":
        if operation == "TransactWriteItems":
            return self._transactions
        if operation in SINGLE_WRITES:
            return self._single_writes
        # reads are in nobody's way
        return Counter()

    def _refuse(self, operation: str, keys: list[ItemKey]) -> None:
        if operation == "TransactGetItems":
            in_the_way = self._transactions.keys() | self._single_writes.keys()
        elif operation == "TransactWriteItems" or operation in SINGLE_WRITES:
            in_the_way = self._transactions.keys()
        else:
            return

        if in_the_way.isdisjoint(keys):
            return
        self.count += 1
        if operation in SINGLE_WRITES:
            raise StubError("TransactionConflictException", str(CONFLICT["Message"]))
        raise cancelled([CONFLICT if key in in_the_way else NO_REASON for key in keys])
