"""The fixed values that a target's fields take. Pure: no Django, no AWS."""

from enum import StrEnum

SHORTEST_SESSION = 900
"""Seconds that AWS gives at least (DurationSeconds of AssumeRole and GetFederationToken)."""

SHORT_FOR_TOOLS = 1200
"""Seconds below which AWS's tools ask for credentials anew with every command.

They renew them from 15 minutes before their end: `_advisory_refresh_timeout` in
https://github.com/boto/botocore/blob/develop/botocore/credentials.py
"""

ONE_HOUR = 3600
"""Seconds that AWS gives for every role, even to credentials that come from another role."""


class Kind(StrEnum):
    """What one becomes."""

    ROLE = "role"
    FEDERATED_USER = "federated_user"


class State(StrEnum):
    """Whether people can become a target; a deleted one stays, emptied, to reserve its name."""

    PENDING = "pending"
    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"


WITH_PERMIT = "permit"
"""What a target has whose command lines need a permit each time; without it they are refused.

It counts where a target takes a one-time code or a reason: the others are open to command lines.
"""

COMMAND_LINES = (("", "closed"), (WITH_PERMIT, "with a permit"))
"""How a target that takes a code or a reason is open to command lines: stored, and in words."""


def describe_seconds(seconds: int) -> str:
    """Return a duration in words, as in "1 h 30 min"."""
    hours, minutes = divmod(seconds // 60, 60)
    parts = []
    if hours:
        parts.append(f"{hours} h")
    if minutes:
        parts.append(f"{minutes} min")
    return " ".join(parts)
