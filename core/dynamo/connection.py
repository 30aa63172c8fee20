"""The one connection that all documents share, and the one translation of DynamoDB's errors."""

from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError
from django.conf import settings
from pynamodb.connection import Connection
from pynamodb.connection.base import MetaTable
from pynamodb.connection.table import TableConnection
from pynamodb.exceptions import VerboseClientError

from core import aws
from core.dynamo.conflicts import tries
from core.dynamo.failed_writes import count_failed_write
from core.errors import Conflict, CooperError, NotAllowed, Unavailable

CancellationReason = tuple[str, dict[str, Any] | None] | None
"""Why one action of a transaction failed: (code, the item in the way), or None when it did not."""

_BUSY = "DynamoDB is busy or has a fault. Nothing was handed out; try again in a minute."
_NO_ANSWER = "DynamoDB did not answer. Nothing was handed out; try again in a minute."
_NO_ANSWER_TO_A_WRITE = (
    "DynamoDB did not answer. Nothing was handed out. "
    "What you changed may or may not have been saved: look again in a minute."
)
_MISSING = (
    "DynamoDB does not have a table that cooper needs. Nothing was handed out. "
    "An administrator of cooper has to look."
)
_WRITES = {"TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"}

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_MAYBE_DONE_CODES = {"InternalServerError", "InternalFailure", "TransactionInProgressException"}
"""Error codes after which a write may have been done, or may still be."""


LOOK_WITHIN = 0.4
"""Seconds for looking whether a write was done that had no answer.

All its tries have waited in vain by then: a table that stalls must not be waited for once more.
"""

_PARTS: dict[str, dict[str, type]] = {
    "Query": {"Items": list, "Count": int, "ScannedCount": int},
    "Scan": {"Items": list, "Count": int, "ScannedCount": int},
    "BatchGetItem": {"Responses": dict, "UnprocessedKeys": dict},
    "TransactGetItems": {"Responses": list},
    "BatchWriteItem": {"UnprocessedItems": dict},
}
"""The parts that DynamoDB's answers always have (API reference): without them it is no answer.

GetItem's has none where there is no such item.
"""


class ConditionFailed(Conflict):
    """The condition of a write failed; `item_in_the_way` is {} unless the write asked for it."""

    def __init__(self, detail: str, item_in_the_way: dict[str, Any] | None = None) -> None:
        message = "This was changed meanwhile. Look at it again."
        super().__init__(message, detail, code="ConditionalCheckFailedException")
        self.item_in_the_way = item_in_the_way or {}


class TransactionConflict(Unavailable):
    """A transaction under way has the item of a single write, which was not done."""


class OutcomeUnknown(Unavailable):
    """DynamoDB did not say how a write went: it may have been done."""


class Cancelled(CooperError):
    """A transaction was cancelled; `reasons` are in the order of its actions."""

    def __init__(self, detail: str, reasons: list[CancellationReason]) -> None:
        message = "This could not be written. Nothing was changed."
        super().__init__(message, detail, code="TransactionCanceledException")
        self.reasons = reasons


class TableMissing(CooperError):
    """A table does not exist yet."""


class SharedConnection(Connection):
    """PynamoDB's connection over cooper's own client; raises CooperErrors only."""

    @property
    def client(self) -> Any:
        return aws.client("dynamodb")

    def _make_api_call(
        self, operation_name: str, operation_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        conflict = TransactionConflict(_BUSY)
        for _ in tries():
            try:
                return self._call(operation_name, operation_kwargs)
            except TransactionConflict as error:
                conflict = error
        raise conflict

    def _call(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = dict(super()._make_api_call(operation_name, operation_kwargs))
        except VerboseClientError as error:
            table = self._get_table_name_for_error_context(operation_kwargs)
            translated = _translate_answer(error, table)
            _count_if_write_failed(operation_name, operation_kwargs, translated)
            raise translated from error
        except BotoCoreError as error:
            translated = _translate_failure(error, operation_name)
            _count_if_write_failed(operation_name, operation_kwargs, translated)
            raise translated from error

        _demand_parts(operation_name, answer)
        return answer

    def register_table(self, meta_table: MetaTable) -> None:
        """Let the connection know a table's keys and indexes."""
        if meta_table.table_name not in self._tables:
            self.add_meta_table(meta_table)


def _count_if_write_failed(operation: str, arguments: dict[str, Any], error: CooperError) -> None:
    """Count a write that was not done, but not one that somebody else's was before."""
    is_conflict = isinstance(error, Conflict | Cancelled | TransactionConflict)
    if operation in _WRITES and not is_conflict:
        count_failed_write(arguments)


def _demand_parts(operation: str, answer: dict[str, Any]) -> None:
    """Raise Unavailable for an answer that lacks a part, which would be read as "nothing there"."""
    for name, kind in _PARTS.get(operation, {}).items():
        if not isinstance(answer.get(name), kind):
            raise Unavailable(_NO_ANSWER, f"unreadable answer to {operation}: no {name}")


def _translate_failure(error: BotoCoreError, operation: str) -> CooperError:
    """Return the error for a DynamoDB that does not answer, or whose answer was cut."""
    translated = aws.translate(error)
    if not isinstance(translated, Unavailable):
        return translated

    # a write may have been done although its answer was lost: nobody knows
    if operation in _WRITES:
        return OutcomeUnknown(_NO_ANSWER_TO_A_WRITE, translated.detail)
    return Unavailable(_NO_ANSWER, translated.detail)


def _translate_answer(error: VerboseClientError, table: str) -> CooperError:
    """Return what DynamoDB's error answer means."""
    code = error.response["Error"].get("Code", "")
    text = error.response["Error"].get("Message", "")
    operation = str(error.operation_name)
    detail = f"{operation} on {table}: {code}: {text}"

    if code == "ConditionalCheckFailedException":
        return ConditionFailed(detail, _item_in_the_way(error))
    if code == "TransactionConflictException":
        return TransactionConflict(_BUSY, detail, code=code)
    if code == "TransactionCanceledException":
        return _translate_cancellation(error, detail)
    if code == "ResourceNotFoundException":
        return TableMissing(_MISSING, f"{_describe_missing_table(table)} ({detail})", code=code)
    if code in aws.BAD_CREDENTIAL_CODES:
        # PynamoDB keeps no more of the answer than code and message
        return aws.credentials_refused(getattr(error.__cause__, "response", {}), detail)
    return _translate_refusal(code, operation, detail)


def _item_in_the_way(error: VerboseClientError) -> dict[str, Any]:
    """Return the item that DynamoDB answered with a failed condition, in its JSON; else {}."""
    # PynamoDB keeps no more of the answer than code and message
    answer = getattr(error.__cause__, "response", {})
    return dict(answer.get("Item") or {})


def _describe_missing_table(table: str) -> str:
    return (
        f"There is no table {table} in {aws.region()}. Correct the region (COOPER_REGION) or the "
        f"prefix (COOPER_TABLE_PREFIX, now {settings.COOPER_TABLE_PREFIX}), "
        "or set cooper up there: cooper -setup"
    )


def _translate_refusal(code: str, operation: str, detail: str) -> CooperError:
    if code in aws.REFUSAL_CODES:
        message = "DynamoDB does not allow cooper to do this."
        return NotAllowed(
            f"{message} Its IAM policy lacks dynamodb:{operation}.", detail, code=code
        )
    if code == "ValidationException":
        message = "DynamoDB refused what cooper sent. Nothing was changed."
        return CooperError(message, detail, code=code)
    if code in _MAYBE_DONE_CODES and operation in _WRITES:
        return OutcomeUnknown(_NO_ANSWER_TO_A_WRITE, detail, code=code)
    # throttled, or a fault: a later try may succeed
    return Unavailable(_BUSY, detail, code=code)


def _translate_cancellation(error: VerboseClientError, detail: str) -> Cancelled:
    reasons: list[CancellationReason] = []
    codes: list[str | None] = []
    for reason in error.cancellation_reasons:
        if reason is None:
            reasons.append(None)
            codes.append(None)
        else:
            reasons.append((reason.code, reason.raw_item))
            codes.append(reason.code)

    return Cancelled(f"{detail} {codes}", reasons)


def _region() -> str:
    # PynamoDB would look for one itself; the client has the true one
    return settings.COOPER_REGION or "us-east-1"


@cache
def shared() -> SharedConnection:
    """Return the one connection of this process."""
    return SharedConnection(region=_region())


def table_connection(meta_table: MetaTable) -> TableConnection:
    """Return a table's view of the shared connection."""
    connection = TableConnection(meta_table.table_name, region=_region())
    connection.connection = shared()
    shared().register_table(meta_table)
    return connection
