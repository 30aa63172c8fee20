"""Writes that DynamoDB did not do, counted by table: without the audit log nothing is granted."""

from typing import Any

from django.conf import settings

from core import metrics


def count_failed_write(arguments: dict[str, Any]) -> None:
    """Count, for each table, an operation that should have written it."""
    for table in sorted(_tables_in(arguments)):
        name = table.removeprefix(settings.COOPER_TABLE_PREFIX)
        metrics.WRITES_FAILED.labels(name).inc()


def _tables_in(arguments: dict[str, Any]) -> set[str]:
    if "TableName" in arguments:
        return {arguments["TableName"]}

    tables = set()
    for item in arguments.get("TransactItems", []):
        for kind, action in item.items():
            if kind != "ConditionCheck":
                tables.add(action["TableName"])
    return tables
