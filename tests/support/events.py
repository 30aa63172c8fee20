"""The audit log as tests look at it."""

from core.audit import AuditEvent


def all_events() -> list[AuditEvent]:
    """Return every event, oldest first; they are in several partitions, so a scan has no order."""
    return sorted(AuditEvent.everything(), key=lambda event: str(event.at))
