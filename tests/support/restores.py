"""Restoring tables: by DynamoDB's own calls, and under their own names."""

import copy
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models.table import RestoredPITTable

from embedded_aws import EmbeddedAws
from tests.support.versions import forget_version

REGION = "eu-west-1"


def copy_of_tables(aws: EmbeddedAws) -> dict[str, Any]:
    """Return the tables as they are now: what a point-in-time recovery brings back."""
    return copy.deepcopy(dict(aws.tables))


def restore_tables(aws: EmbeddedAws, before: Mapping[str, Any], *names: str) -> None:
    """Put tables back as they were, as other tables of the same names; all unless named."""
    for name in names or tuple(before):
        source = before[name]
        account, region = source.account_id, source.region_name
        aws.tables[name] = RestoredPITTable(name, account, region, source)
    forget_version()
