"""Global secondary indexes that are being made or dropped: one at a time, and it takes a while.

Rules: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
(GlobalSecondaryIndexUpdates) and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
"""

import time
from typing import Any, NamedTuple

from moto.dynamodb import exceptions
from moto.dynamodb.models.table import Table

_ERROR_PREFIX = "com.amazonaws.dynamodb.v20120810#"

Updates = list[dict[str, Any]]
"""GlobalSecondaryIndexUpdates."""


class _Change(NamedTuple):
    """An index that is CREATING or DELETING; `until` by the monotonic clock."""

    description: dict[str, Any]
    status: str
    until: float


class IndexChanges:
    """The indexes of a table that are being made or dropped."""

    def __init__(self) -> None:
        self._changes: dict[str, _Change] = {}

    def begin(self, table: Table, updates: Updates, seconds: float) -> None:
        """Note what an UpdateTable begins; raise AWS's error for what it does not take."""
        _require_one(updates)
        indexes = {index.name: index for index in table.global_indexes}
        for update in updates:
            for status, action in (("CREATING", "Create"), ("DELETING", "Delete")):
                if action in update:
                    name = str(update[action]["IndexName"])
                    _require_fit(name, action, exists=name in indexes)
                    description = indexes[name].describe() if action == "Delete" else {}
                    until = time.monotonic() + seconds
                    self._changes[name] = _Change(description, status, until)

    def describe(self, descriptions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the descriptions of a table's indexes with their true states."""
        described = [
            description | {"IndexStatus": self._status(description["IndexName"])}
            for description in descriptions
        ]
        for name, change in self._changes.items():
            if change.status == "DELETING" and self._status(name) == "DELETING":
                described.append(change.description | {"IndexStatus": "DELETING"})
        return described

    def require_readable(self, name: str | None) -> None:
        """Raise AWS's error for an index that is still being filled."""
        if name and self._status(name) == "CREATING":
            raise exceptions.MockValidationException(
                f"Cannot read from backfilling global secondary index: {name}"
            )

    def _status(self, name: str) -> str:
        change = self._changes.get(name)
        if change and time.monotonic() < change.until:
            return change.status
        return "ACTIVE"


def _require_one(updates: Updates) -> None:
    changes = [update for update in updates if "Update" not in update]
    if len(changes) > 1:
        raise exceptions.DynamodbException(
            f"{_ERROR_PREFIX}LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted "
            "simultaneously per table",
        )


def _require_fit(name: str, action: str, *, exists: bool) -> None:
    if action == "Delete" and not exists:
        raise exceptions.ResourceNotFoundException(
            f"Requested resource not found: Index: {name} not found"
        )
    if action == "Create" and exists:
        raise exceptions.MockValidationException(
            f"Attempting to create an index which already exists: {name}"
        )
