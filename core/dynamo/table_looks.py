"""Looking at all tables without changing any."""

from core.dynamo.documents import documents
from core.dynamo.table_manager import TableManager
from core.dynamo.table_spec import TableSpec
from core.dynamo.tables import Table

LIMIT = 20.0
"""Seconds for looking at all of them."""


def problems(kms_key_arn: str) -> dict[str, list[str]]:
    """Return what is not as set-up makes it, in words, by table.

    Raise CooperError, naming a missing IAM action.
    """
    manager = TableManager(lambda line: None, limit=LIMIT)
    wrong = {}
    for model in documents():
        table = Table(TableSpec(model, kms_key_arn), manager)
        texts = table.problems()
        if texts:
            wrong[table.spec.name] = texts
    return wrong
