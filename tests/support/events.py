"""The audit log as tests look at it."""

import json
from datetime import UTC, datetime

from core.audit import AuditEvent
from core.audit_export import Format, TimeRange, export_lines


def all_events() -> list[AuditEvent]:
    """Return every event, oldest first; they are in several partitions, so a scan has no order."""
    return sorted(AuditEvent.everything(), key=lambda event: str(event.at))


def shipped_log(number: int = 1) -> str:
    """Return the log of today as a batch of this number has it."""
    today = datetime.now(UTC).date()
    days = TimeRange.of_days(today, today)
    lines = list(export_lines(days.events(), Format.JSON_LINES))
    first = json.dumps({"batch": number, "previous": "0" * 64, "ids": [], "late": []})
    return "".join([first + "\n", *lines])
