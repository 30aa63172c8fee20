"""Looking at all tables without changing any."""

from collections.abc import Callable
from dataclasses import dataclass, field

from core.dynamo.documents import documents
from core.dynamo.table_manager import TableManager
from core.dynamo.table_spec import TableSpec
from core.dynamo.tables import MISSING, Table
from core.errors import NotAllowed

LIMIT = 20.0
"""Seconds for looking at all of them."""


@dataclass
class Look:
    """What a look at all tables has come to."""

    problems: dict[str, list[str]] = field(default_factory=dict)
    """What is not as set-up makes it, in words, by table."""

    refusals: dict[str, str] = field(default_factory=dict)
    """What may not be looked at (`recovery`, `expiry`), with AWS's words."""


def look(kms_key_arn: str) -> Look:
    """Look as far as whoever asks may.

    Raise CooperError, naming the missing IAM action, where not even DescribeTable is allowed.
    """
    manager = TableManager(lambda line: None, limit=LIMIT)
    result = Look()
    for model in documents():
        table = Table(TableSpec(model, kms_key_arn), manager)
        texts = table.description_problems()
        if texts != [MISSING]:
            texts += _unless_refused(result, "recovery", table.recovery_problems)
            texts += _unless_refused(result, "expiry", table.expiry_problems)
        if texts:
            result.problems[table.spec.name] = texts
    return result


def kms_keys() -> dict[str, str]:
    """Return the ARN of the KMS key that each table is encrypted with ("" for none), by name.

    Raise CooperError, naming a missing IAM action.
    """
    manager = TableManager(lambda line: None)
    keys = {}
    for model in documents():
        name = str(model.Meta.table_name)
        description = manager.describe(name) or {}
        encryption = description.get("SSEDescription") or {}
        keys[name] = str(encryption.get("KMSMasterKeyArn", ""))
    return keys


def _unless_refused(result: Look, what: str, ask: Callable[[], list[str]]) -> list[str]:
    """Return what is wrong, nothing where it may not be asked; once refused, it is for all."""
    if what in result.refusals:
        return []
    try:
        return ask()
    except NotAllowed as error:
        result.refusals[what] = error.detail
        return []
