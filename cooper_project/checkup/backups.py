"""What is checked of backups: how far back, and up to when, the tables can be restored."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from cooper_project.checkup.report import Finding, note, ok, warning
from cooper_project.outside import Addresses
from core import aws
from core.dynamo import documents
from core.dynamo.table_description import recovery_in
from core.errors import NotAllowed

NOT_ALLOWED = (
    "whether the tables can be restored to a point in time cannot be looked at with this IAM "
    "policy: run cooper -check -only backups with setup.json (dynamodb:DescribeContinuousBackups)"
)

OTHER_REGION = (
    "where this region is down, only a copy in another one helps: its interval is your RPO then "
    "(docs/restore.md)"
)


class Recovery(NamedTuple):
    """From when to when a table can be restored."""

    earliest: datetime
    latest: datetime


def check_backups(_: Addresses) -> Iterator[Finding]:
    """Ask for the point-in-time recovery of each table."""
    names = [str(model.Meta.table_name) for model in documents()]
    try:
        recoveries = {name: _recovery_of(name) for name in names}
    except NotAllowed:
        yield note(NOT_ALLOWED)
        return

    off = sorted(name for name, recovery in recoveries.items() if not recovery)
    if off:
        yield warning(f"no point-in-time recovery: {', '.join(off)}. Run: cooper -setup")
        return

    kept = [recovery for recovery in recoveries.values() if recovery]
    earliest = max(recovery.earliest for recovery in kept)
    latest = min(recovery.latest for recovery in kept)
    minutes = (datetime.now(UTC) - latest).total_seconds() / 60
    yield ok(
        f"all tables can be restored to any moment from {earliest:%Y-%m-%d %H:%M} to "
        f"{latest:%Y-%m-%d %H:%M} UTC: RPO {minutes:.0f} min within this region"
    )
    yield note(OTHER_REGION)


def _recovery_of(name: str) -> Recovery | None:
    """Return from when to when a table can be restored, None where it is not kept for that."""
    client = aws.client("dynamodb")
    answer = aws.call(client.describe_continuous_backups, TableName=name)
    if recovery_in(answer).get("PointInTimeRecoveryStatus") != "ENABLED":
        return None

    recovery = answer.part("ContinuousBackupsDescription", "PointInTimeRecoveryDescription")
    return Recovery(
        earliest=recovery.moment("EarliestRestorableDateTime"),
        latest=recovery.moment("LatestRestorableDateTime"),
    )
