"""The one connection that all documents share, and the one translation of DynamoDB's errors."""

from typing import Any

from botocore.exceptions import BotoCoreError
from django.conf import settings
from pynamodb.connection import Connection
from pynamodb.connection.table import TableConnection
from pynamodb.exceptions import VerboseClientError

from core import aws
from core.errors import Conflict, CooperError, NotAllowed, Unavailable


class ConditionFailed(Conflict):
    """A condition of a write did not hold; `item` is what was there in DynamoDB's own form, if it said so."""

    def __init__(self, detail: str, item: dict[str, Any] | None = None) -> None:
        """Keep the item that was found in the way."""
        super().__init__(
            "This was changed meanwhile. Look at it again.",
            detail,
            code="ConditionalCheckFailedException",
        )
        self.item = item


class Cancelled(CooperError):
    """A transaction was cancelled; `reasons` has one entry an action: None, or (code, item found)."""

    def __init__(
        self, detail: str, reasons: list[tuple[str, dict[str, Any] | None] | None]
    ) -> None:
        """Keep the reasons in the order of the actions."""
        super().__init__(
            "This could not be written. Nothing was changed.",
            detail,
            code="TransactionCanceledException",
        )
        self.reasons = reasons


class TableMissing(CooperError):
    """A table does not exist yet."""


class SharedConnection(Connection):
    """PynamoDB's connection over cooper's own client; raises CooperErrors only."""

    @property
    def client(self) -> Any:
        """Return cooper's warm DynamoDB client."""
        return aws.client("dynamodb")

    def _make_api_call(
        self, operation_name: str, operation_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """Make the call; raise what its failure means."""
        try:
            return dict(super()._make_api_call(operation_name, operation_kwargs))
        except VerboseClientError as error:
            raise _meaning(
                error, self._get_table_name_for_error_context(operation_kwargs)
            ) from error
        except BotoCoreError as error:
            raise _unreachable(error) from error


def _unreachable(error: BotoCoreError) -> CooperError:
    """Return the error for a DynamoDB that does not answer, or whose answer was cut."""
    meant = aws.translate(error)
    if not isinstance(meant, Unavailable):
        return meant
    return Unavailable(
        "DynamoDB did not answer. Nothing was handed out; try again in a minute.", meant.detail
    )


def _meaning(error: VerboseClientError, table: str) -> CooperError:
    """Return the CooperError for DynamoDB's error answer."""
    code = error.response["Error"].get("Code", "")
    detail = (
        f"{error.operation_name} on {table}: {code}: {error.response['Error'].get('Message', '')}"
    )
    if code == "ConditionalCheckFailedException":
        return ConditionFailed(detail)
    if code == "TransactionCanceledException":
        reasons = [(r.code, r.raw_item) if r else None for r in error.cancellation_reasons]
        return Cancelled(f"{detail} {[r and r[0] for r in reasons]}", reasons)
    if code == "ResourceNotFoundException":
        return TableMissing(
            f"A table is missing ({table}). Run: manage.py cooper_setup", detail, code=code
        )
    return _refused_or_busy(code, error.operation_name, detail)


def _refused_or_busy(code: str, operation: str, detail: str) -> CooperError:
    """Return NotAllowed naming the IAM action, or Unavailable for anything that a later try may mend."""
    if code in aws.UNKNOWN:
        return NotAllowed(aws.BAD_CREDENTIALS, detail, code=code)
    if code in aws.REFUSALS:
        message = (
            f"DynamoDB does not allow cooper to do this. Its IAM policy lacks dynamodb:{operation}."
        )
        return NotAllowed(message, detail, code=code)
    if code == "ValidationException":
        return CooperError(
            "DynamoDB refused what cooper sent. Nothing was changed.", detail, code=code
        )
    return Unavailable(_BUSY, detail, code=code)


_BUSY = "DynamoDB is busy or has a fault. Nothing was handed out; try again in a minute."

_shared: list[SharedConnection] = []


def shared() -> SharedConnection:
    """Return the one connection of this process."""
    if not _shared:
        # given here so that PynamoDB never looks for a region of its own; the client has the true one
        _shared.append(SharedConnection(region=settings.COOPER_REGION or "us-east-1"))
    return _shared[0]


def table_connection(table_name: str, meta_table: Any) -> TableConnection:
    """Return a table's view of the shared connection."""
    made = TableConnection(table_name, region=settings.COOPER_REGION or "us-east-1")
    made.connection = shared()
    if table_name not in made.connection._tables:
        made.connection.add_meta_table(meta_table)
    return made
