"""DynamoDB's tables: moto's, with transactions that undo only what they did, and states that take time as AWS's do.

Rules: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html,
API_UpdateTimeToLive.html, API_UpdateContinuousBackups.html.
"""

import copy
import time
from typing import Any, ClassVar, NamedTuple

from moto.dynamodb import exceptions
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table

_PREFIX = "com.amazonaws.dynamodb.v20120810#"
_Reason = tuple[str | None, str | None, dict[str, Any] | None]
_NO_REASON: _Reason = (None, None, None)


class _Action(NamedTuple):
    """One action of a transaction: its kind, its arguments, and the item it is about."""

    kind: str
    arguments: dict[str, Any]
    table: Table
    key: dict[str, Any]


class Tables(DynamoDBBackend):
    """The tables of an AWS account in a region."""

    activation_seconds: ClassVar[float] = 0.0
    """For so long a new or changed table is CREATING or UPDATING, and then has no backups for as long again."""

    def __init__(self, region_name: str, account_id: str) -> None:
        """Begin without tables."""
        super().__init__(region_name, account_id)
        self._busy: dict[str, tuple[str, float]] = {}

    # -- states that take time

    def _begin(self, name: str, status: str) -> None:
        """Let a table be busy."""
        if self.activation_seconds:
            self._busy[name] = (status, time.monotonic() + self.activation_seconds)

    def status(self, name: str) -> str:
        """Return the state of a table: CREATING, UPDATING or ACTIVE."""
        status, until = self._busy.get(name, ("", 0.0))
        return status if time.monotonic() < until else "ACTIVE"

    def get_table(self, table_name: str) -> Table:
        """Return a table that can be used; raise ResourceNotFoundException."""
        if self.status(table_name) == "CREATING":
            raise exceptions.ResourceNotFoundException
        return super().get_table(table_name)

    def describe_table(self, name: str) -> dict[str, Any]:
        """Return the description; a table that is being created has one."""
        if name not in self.tables:
            return super().describe_table(name)
        described = self.tables[name].describe(base_key="Table")
        described["Table"]["TableStatus"] = self.status(name)
        return described

    def create_table(self, name: str, **arguments: Any) -> Table:  # type: ignore[override]
        """Make a table."""
        made = super().create_table(name, **arguments)
        self._begin(name, "CREATING")
        return made

    def update_table(self, name: str, **arguments: Any) -> Table:  # type: ignore[override]
        """Change a table; raise ResourceInUseException while another change is under way."""
        if self.status(name) != "ACTIVE":
            raise exceptions.ResourceInUseException(
                f"Attempt to change a resource which is still in use: {name}"
            )
        changed = super().update_table(name, **arguments)
        self._begin(name, "UPDATING")
        return changed

    def delete_table(self, name: str) -> Table:
        """Delete a table; raise ResourceInUseException while it is being made or changed."""
        if self.status(name) != "ACTIVE":
            raise exceptions.ResourceInUseException(
                f"Attempt to change a resource which is still in use: {name}"
            )
        return super().delete_table(name)

    def encrypt(self, name: str, wanted: dict[str, Any]) -> None:
        """Change a table's encryption at rest, which moto's UpdateTable leaves alone."""
        self.tables[name].sse_specification = dict(wanted)

    def update_continuous_backups(
        self, table_name: str, point_in_time_spec: dict[str, Any]
    ) -> dict[str, Any]:
        """Turn point-in-time recovery on or off; just after a table was made AWS refuses that."""
        status, until = self._busy.get(table_name, ("", 0.0))
        if status == "CREATING" and time.monotonic() < until + self.activation_seconds:
            message = f"Backups are being enabled for the table: {table_name}. Please retry later"
            raise exceptions.DynamodbException(
                f"{_PREFIX}ContinuousBackupsUnavailableException", message
            )
        return super().update_continuous_backups(table_name, point_in_time_spec)

    # -- expiry of items

    def update_time_to_live(self, table_name: str, ttl_spec: dict[str, Any]) -> None:
        """Turn the expiry of items on or off; what is so already is refused."""
        now = self.get_table(table_name).ttl
        is_on, wanted = now["TimeToLiveStatus"] == "ENABLED", bool(ttl_spec.get("Enabled"))
        if is_on and wanted and now["AttributeName"] != ttl_spec.get("AttributeName"):
            said = f"TimeToLive is active on a different AttributeName: current AttributeName is {now['AttributeName']}"
            raise exceptions.MockValidationException(said)
        if is_on == wanted:
            raise exceptions.MockValidationException(
                f"TimeToLive is already {'enabled' if is_on else 'disabled'}"
            )
        super().update_time_to_live(table_name, ttl_spec)

    def describe_time_to_live(self, table_name: str) -> dict[str, Any]:
        """Return how items expire; raise ResourceNotFoundException."""
        return self.get_table(table_name).ttl

    # -- transactions

    def transact_write_items(self, transact_items: list[dict[str, Any]]) -> None:
        """Do all actions or none; raise TransactionCanceledException with a reason for each."""
        if len(transact_items) > 100:
            raise exceptions.TooManyTransactionsException
        actions = [self._action(each) for each in transact_items]
        keys = [(each.table.name, str(sorted(each.key.items()))) for each in actions]
        if len(set(keys)) < len(keys):
            raise exceptions.MultipleTransactionsException
        reasons = [self._reason(each) for each in actions]
        if any(code for code, _, _ in reasons):
            raise exceptions.TransactionCanceledException(reasons)
        self._do_all(actions)

    def _action(self, item: dict[str, Any]) -> _Action:
        """Read one action."""
        if len(item) != 1:
            raise exceptions.TransactWriteSingleOpException
        [(kind, arguments)] = item.items()
        table = self.get_table(arguments["TableName"])
        key = arguments.get("Key") or {
            name: arguments["Item"].get(name) for name in table.table_key_attrs
        }
        if set(key) != set(table.table_key_attrs) or None in key.values():
            raise exceptions.MockValidationException(
                "The provided key element does not match the schema"
            )
        return _Action(kind, arguments, table, key)

    def _reason(self, action: _Action) -> _Reason:
        """Return why an action cannot be done."""
        expression, names, values = _condition(action.arguments)
        if expression is None:
            return _NO_REASON
        current = self.get_item(action.table.name, action.key)
        if get_filter_expression(expression, names, values).expr(current):
            return _NO_REASON
        shown = action.arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and current
        return (
            "ConditionalCheckFailed",
            "The conditional request failed",
            _attributes(current) if shown else None,
        )

    def _do_all(self, actions: list[_Action]) -> None:
        """Do the actions; when one cannot be done, undo those before it."""
        before = [copy.deepcopy(self.get_item(each.table.name, each.key)) for each in actions]
        reasons: list[_Reason] = [_NO_REASON] * len(actions)
        for number, action in enumerate(actions):
            try:
                self._do(action)
            except exceptions.MockValidationException as error:
                for done, item in zip(actions[: number + 1], before, strict=False):
                    self._put_back(done, item)
                reasons[number] = ("ValidationError", error.exception_msg, None)
                raise exceptions.TransactionCanceledException(reasons) from error

    def _do(self, action: _Action) -> None:
        """Do one action, whose condition holds."""
        _, names, values = _condition(action.arguments)
        if action.kind == "Put":
            self.put_item(action.table.name, action.arguments["Item"], overwrite=True)
        elif action.kind == "Delete":
            self.delete_item(action.table.name, action.key)
        elif action.kind == "Update":
            expression = action.arguments["UpdateExpression"]
            self.update_item(action.table.name, action.key, expression, names, values)  # type: ignore[arg-type]

    def _put_back(self, action: _Action, item: Any) -> None:
        """Bring an item back to what it was."""
        self.delete_item(action.table.name, action.key)
        if item is not None:
            action.table.put_item(_attributes(item), overwrite=True)


def _condition(
    arguments: dict[str, Any],
) -> tuple[str | None, dict[str, Any] | None, dict[str, Any] | None]:
    """Return an action's condition with its names and values."""
    return (
        arguments.get("ConditionExpression"),
        arguments.get("ExpressionAttributeNames"),
        arguments.get("ExpressionAttributeValues"),
    )


def _attributes(item: Any) -> dict[str, Any]:
    """Return an item's attributes in DynamoDB's own form."""
    return dict(item.to_json()["Attributes"])


def install() -> None:
    """Let moto make tables of this kind."""
    dynamodb_backends.backend = Tables
