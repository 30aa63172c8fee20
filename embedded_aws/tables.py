"""DynamoDB's tables: moto's, with states that take time as AWS's do, and atomic transactions.

Rules: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html,
API_UpdateContinuousBackups.html
"""

import time
import uuid
from collections import defaultdict
from typing import Any, ClassVar, NamedTuple

from moto.dynamodb import exceptions, responses
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table

from embedded_aws import transactions
from embedded_aws.indexes import IndexChanges

_ERROR_PREFIX = "com.amazonaws.dynamodb.v20120810#"


class _BusyTable(NamedTuple):
    """A table that is CREATING or UPDATING; `until` by the monotonic clock."""

    status: str
    until: float


_NOT_BUSY = _BusyTable("ACTIVE", 0.0)


class Tables(DynamoDBBackend):
    """The tables of an AWS account in a region."""

    activation_seconds: ClassVar[float] = 0.0
    """For so long a new or changed table is CREATING or UPDATING, and then has no backups for as
    long again."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._busy: dict[str, _BusyTable] = {}
        self._index_changes: defaultdict[str, IndexChanges] = defaultdict(IndexChanges)

    # -- states that take time

    def _set_busy(self, name: str, status: str) -> None:
        if self.activation_seconds:
            until = time.monotonic() + self.activation_seconds
            self._busy[name] = _BusyTable(status, until)

    def status(self, name: str) -> str:
        """Return the state of a table: CREATING, UPDATING or ACTIVE."""
        busy = self._busy.get(name, _NOT_BUSY)
        if time.monotonic() < busy.until:
            return busy.status
        return "ACTIVE"

    def _require_active(self, name: str) -> None:
        if self.status(name) != "ACTIVE":
            raise exceptions.ResourceInUseException(
                f"Attempt to change a resource which is still in use: {name}"
            )

    def get_table(self, table_name: str) -> Table:
        """Return a table that can be used; raise ResourceNotFoundException."""
        if self.status(table_name) == "CREATING":
            raise exceptions.ResourceNotFoundException
        return super().get_table(table_name)

    def describe_table(self, name: str) -> dict[str, Any]:
        """Return the description; a table that is being created has one."""
        if name not in self.tables:
            return super().describe_table(name)

        description = self.tables[name].describe(base_key="Table")
        self.correct(description["Table"])
        # the same after a restart, and another one for a table that was deleted and made anew
        table = self.tables[name]
        origin = f"{table.table_arn} {table.created_at.isoformat()}"
        description["Table"]["TableId"] = str(uuid.uuid5(uuid.NAMESPACE_URL, origin))
        return description

    def correct(self, description: dict[str, Any]) -> None:
        """Put the true states into a description, where moto says ACTIVE at once."""
        name = description["TableName"]
        description["TableStatus"] = self.status(name)
        changes = self._index_changes[name]
        indexes = changes.describe(description.get("GlobalSecondaryIndexes") or [])
        if indexes:
            description["GlobalSecondaryIndexes"] = indexes

    def query(self, table_name: str, *arguments: Any, **named: Any) -> Any:
        """Return the items of a hash key; raise for an index that is still being filled."""
        self._index_changes[table_name].require_readable(named.get("index_name"))
        return super().query(table_name, *arguments, **named)

    def create_table(self, name: str, **arguments: Any) -> Table:  # type: ignore[override]
        """Make a table."""
        table = super().create_table(name, **arguments)
        # a table of this name may have been there before
        self._busy.pop(name, None)
        self._index_changes[name] = IndexChanges()
        self._set_busy(name, "CREATING")
        return table

    def update_table(self, name: str, **arguments: Any) -> Table:  # type: ignore[override]
        """Change a table; raise ResourceInUseException while another change is under way."""
        self._require_active(name)
        updates = arguments["global_index"] or []
        self._index_changes[name].begin(self.get_table(name), updates, self.activation_seconds)
        table = super().update_table(name, **arguments)
        self._set_busy(name, "UPDATING")
        return table

    def delete_table(self, name: str) -> Table:
        """Delete a table; raise ResourceInUseException while it is being made or changed."""
        self._require_active(name)
        return super().delete_table(name)

    def encrypt(self, name: str, sse_specification: dict[str, Any]) -> None:
        """Change a table's encryption at rest, which moto's UpdateTable leaves alone."""
        self.tables[name].sse_specification = dict(sse_specification)

    def update_continuous_backups(
        self, table_name: str, point_in_time_spec: dict[str, Any]
    ) -> dict[str, Any]:
        """Turn point-in-time recovery on or off; just after a table was made AWS refuses that."""
        busy = self._busy.get(table_name, _NOT_BUSY)
        available_at = busy.until + self.activation_seconds
        if busy.status == "CREATING" and time.monotonic() < available_at:
            raise exceptions.DynamodbException(
                f"{_ERROR_PREFIX}ContinuousBackupsUnavailableException",
                f"Backups are being enabled for the table: {table_name}. Please retry later",
            )
        return super().update_continuous_backups(table_name, point_in_time_spec)

    # -- expiry of items

    def update_time_to_live(self, table_name: str, ttl_spec: dict[str, Any]) -> None:
        """Turn the expiry of items on or off; what is so already is refused."""
        current = self.get_table(table_name).ttl
        is_enabled = current["TimeToLiveStatus"] == "ENABLED"
        enable = bool(ttl_spec.get("Enabled"))

        if is_enabled and enable and current["AttributeName"] != ttl_spec.get("AttributeName"):
            raise exceptions.MockValidationException(
                "TimeToLive is active on a different AttributeName: current AttributeName is "
                f"{current['AttributeName']}"
            )
        if is_enabled and enable:
            raise exceptions.MockValidationException("TimeToLive is already enabled")
        if not is_enabled and not enable:
            raise exceptions.MockValidationException("TimeToLive is already disabled")
        super().update_time_to_live(table_name, ttl_spec)

    def describe_time_to_live(self, table_name: str) -> dict[str, Any]:
        """Return how items expire; raise ResourceNotFoundException."""
        return self.get_table(table_name).ttl

    # -- transactions

    def transact_write_items(self, transact_items: list[dict[str, Any]]) -> None:
        """Do all actions or none; raise TransactionCanceledException with a reason for each."""
        transactions.write(self, transact_items)


def install() -> None:
    """Let moto make tables of this kind, and read as many items at once as DynamoDB does."""
    dynamodb_backends.backend = Tables
    responses.TRANSACTION_MAX_ITEMS = transactions.MAX_ACTIONS
