"""What tells a table from any other one of the same name: one restored from it, or made anew.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
(TableId, CreationDateTime, RestoreSummary)
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core import aws
from core.dynamo.documents import documents
from core.dynamo.table_description import Description, table_in
from core.errors import CooperError

Describe = Callable[[str], Description | None]


@dataclass(frozen=True)
class TableIdentity:
    """One of cooper's tables as DynamoDB knows it."""

    name: str
    identity: str
    """Its ARN, its id, and when it was made: of no other table that there ever was."""

    restored_to: str = ""
    """The moment (ISO 8601, UTC) that AWS restored it to; "" when it was not restored."""


def existing_tables(describe: Describe | None = None) -> dict[str, TableIdentity]:
    """Return cooper's tables that exist, by their name without the prefix; raise CooperError.

    `describe` returns DynamoDB's description of a table, if there is one; by default it asks once.
    """
    tables = {}
    for model in documents():
        meta: Any = model.Meta
        description = (describe or _describe)(str(model.Meta.table_name))
        if description:
            tables[str(meta.table)] = _identity_in(description)
    return tables


def _describe(name: str) -> Description | None:
    try:
        answer = aws.call(aws.client("dynamodb").describe_table, TableName=name)
    except CooperError as error:
        if error.code == "ResourceNotFoundException":
            return None
        raise
    return table_in(answer)


def _identity_in(description: Description) -> TableIdentity:
    since = _moment(description["CreationDateTime"])
    summary = description.get("RestoreSummary") or {}
    restored_to = summary.get("RestoreDateTime")
    return TableIdentity(
        name=str(description["TableName"]),
        identity=f"{description['TableArn']} {description['TableId']} {since}",
        restored_to=_moment(restored_to) if restored_to else "",
    )


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds")
