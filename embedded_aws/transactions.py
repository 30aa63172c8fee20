"""DynamoDB's transactions: checked whole, done whole, and undone where one action fails.

Rules: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
and API_TransactGetItems.html.
moto copies whole tables before each transaction, to put them back when an action fails; this undoes
only what was done.
"""

import copy
from typing import Any, NamedTuple

from moto.dynamodb import exceptions
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from embedded_aws.conflicts import KeyNames, cancelled
from embedded_aws.errors import AwsError

MAX_ACTIONS = 100

Attributes = dict[str, Any]
"""In DynamoDB's JSON: name -> {type: value}."""

_Reason = tuple[str | None, str | None, Attributes | None]
"""Why an action cannot be done: code, message, the item as it is."""

_NO_REASON: _Reason = (None, None, None)


class _Action(NamedTuple):
    """One action of a transaction: its kind, its arguments, and the item it is about."""

    kind: str
    arguments: dict[str, Any]
    table: Table
    key: Attributes

    @property
    def identity(self) -> tuple[str, str]:
        """What two actions of one transaction must not share."""
        return self.table.name, str(sorted(self.key.items()))

    @property
    def names(self) -> dict[str, Any] | None:
        """The ExpressionAttributeNames."""
        return self.arguments.get("ExpressionAttributeNames")

    @property
    def values(self) -> dict[str, Any] | None:
        """The ExpressionAttributeValues."""
        return self.arguments.get("ExpressionAttributeValues")


def write(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Do all actions or none; raise TransactionCanceledException with a reason for each."""
    if len(transact_items) > MAX_ACTIONS:
        raise exceptions.TooManyTransactionsException

    actions = [_read_action(backend, item) for item in transact_items]
    if len({action.identity for action in actions}) < len(actions):
        raise exceptions.MultipleTransactionsException

    # all conditions before any write: DynamoDB gives a reason for each action
    reasons = [_check_condition(backend, action) for action in actions]
    if any(code for code, _, _ in reasons):
        raise exceptions.TransactionCanceledException(reasons)

    _do_all(backend, actions)


def _read_action(backend: DynamoDBBackend, item: dict[str, Any]) -> _Action:
    if len(item) != 1:
        raise exceptions.TransactWriteSingleOpException
    [(kind, arguments)] = item.items()

    table = backend.get_table(arguments["TableName"])
    # a Put has the key within its item
    key = arguments.get("Key")
    if not key:
        key = {name: arguments["Item"].get(name) for name in table.table_key_attrs}
    if set(key) != set(table.table_key_attrs) or None in key.values():
        raise exceptions.MockValidationException(
            "The provided key element does not match the schema"
        )
    return _Action(kind, arguments, table, key)


def _check_condition(backend: DynamoDBBackend, action: _Action) -> _Reason:
    """Return why an action cannot be done."""
    expression = action.arguments.get("ConditionExpression")
    if expression is None:
        return _NO_REASON

    item = backend.get_item(action.table.name, action.key)
    condition = get_filter_expression(expression, action.names, action.values)
    if condition.expr(item):
        return _NO_REASON

    shown = None
    if item and action.arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
        shown = _attributes(item)
    return "ConditionalCheckFailed", "The conditional request failed", shown


def _do_all(backend: DynamoDBBackend, actions: list[_Action]) -> None:
    """Do the actions; when one cannot be done, undo it and those before it."""
    items_before = [
        copy.deepcopy(backend.get_item(action.table.name, action.key)) for action in actions
    ]
    for number, action in enumerate(actions):
        try:
            _do(backend, action)
        except exceptions.MockValidationException as error:
            for done, item in zip(actions[: number + 1], items_before, strict=False):
                _put_back(backend, done, item)

            reasons = [_NO_REASON] * len(actions)
            reasons[number] = ("ValidationError", error.exception_msg, None)
            raise exceptions.TransactionCanceledException(reasons) from error


def _do(backend: DynamoDBBackend, action: _Action) -> None:
    """Do one action, whose condition holds; a ConditionCheck does nothing."""
    if action.kind == "Put":
        backend.put_item(action.table.name, action.arguments["Item"], overwrite=True)
    elif action.kind == "Delete":
        backend.delete_item(action.table.name, action.key)
    elif action.kind == "Update":
        backend.update_item(
            action.table.name,
            action.key,
            action.arguments["UpdateExpression"],
            action.names,  # type: ignore[arg-type]
            action.values,  # type: ignore[arg-type]
        )


def _put_back(backend: DynamoDBBackend, action: _Action, item: Any) -> None:
    """Bring an item back to what it was."""
    backend.delete_item(action.table.name, action.key)
    if item is not None:
        action.table.put_item(_attributes(item), overwrite=True)


# -- reading ---------------------------------------------------------------------------------------
def check_reads(document: dict[str, Any], key_names: KeyNames) -> None:
    """Raise AwsError for what TransactGetItems refuses and moto does not."""
    gets = [item.get("Get") for item in document.get("TransactItems", [])]
    if not 1 <= len(gets) <= MAX_ACTIONS or None in gets:
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: "
            f"Member must have length between 1 and {MAX_ACTIONS}, and each a Get",
        )
    if any("ProjectionExpression" in get for get in gets):
        raise AwsError("ValidationException", "The embedded AWS reads whole items here.")

    _check_keys(gets, key_names)
    identities = {(get["TableName"], str(sorted(get["Key"].items()))) for get in gets}
    if len(identities) < len(gets):
        raise AwsError("ValidationException", exceptions.MultipleTransactionsException.msg)


def _check_keys(gets: list[dict[str, Any]], key_names: KeyNames) -> None:
    reasons = []
    for get in gets:
        names = key_names.get(get["TableName"], list(get["Key"]))
        reason = None
        if set(names) != set(get["Key"]):
            reason = "ValidationError", "The provided key element does not match the schema"
        reasons.append(reason)

    if any(reasons):
        raise cancelled(reasons)


def _attributes(item: Any) -> Attributes:
    return dict(item.to_json()["Attributes"])
