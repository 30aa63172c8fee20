"""Restoring tables: by DynamoDB's own calls, and under their own names."""

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from moto.dynamodb.models.table import RestoredPITTable

from embedded_aws import EmbeddedAws
from tests.support.versions import forget_version


def copy_of_tables(aws: EmbeddedAws) -> dict[str, Any]:
    """Return the tables as they are now: what a point-in-time recovery brings back."""
    return copy.deepcopy(dict(aws.tables))


def restore_tables(
    aws: EmbeddedAws, before: Mapping[str, Any], *names: str, at: datetime | None = None
) -> None:
    """Put tables back as they were (`at`), as other tables of the same names; all unless named."""
    for name in names or tuple(before):
        source = before[name]
        account, region = source.account_id, source.region_name
        table = RestoredPITTable(name, account, region, source)
        table.restore_date_time = at or table.created_at
        aws.tables[name] = table
    forget_version()
