"""What a file says, and what cooper has, in one form: plain values by name. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.groups import LOCAL_PROVIDER

Values = Mapping[str, Any]
"""Values of an AWS account or a target, by the names of its attributes."""

Ends = Mapping[str, str | None]
"""When each group's association with a target ends: ISO 8601 in UTC; None: for good."""

FORMAT = 2
"""The format that this cooper writes, and the newest that it reads."""

OLDEST_FORMAT = 1
"""The oldest format that this cooper reads: its files cannot say SINCE_FORMAT_2."""

SINCE_FORMAT_2 = (
    "role_name",
    "owner",
    "rank",
    "reason_pattern",
    "reason_example",
    "command_lines",
)
"""Settings of a target of which a file of format 1 says nothing: they stay."""

SECTIONS = ("accounts", "targets", "associations")

DEFAULTS: dict[str, Any] = {
    "kind": None,
    "title": None,
    "description": None,
    "aws_account": None,
    "partition": "aws",
    "role_arn": None,
    "max_seconds": 3600,
    "labels": [],
    "colour": None,
    "region": None,
    "destination": None,
    "role_name": None,
    "owner": None,
    "rank": None,
    "sensitive": False,
    "reason_pattern": None,
    "reason_example": None,
    "command_lines": None,
    "session_policy": None,
    "policy_arns": [],
    "weaker_mode_accepted": False,
    "federation_keys": None,
    "federation_keys_kms_arn": None,
    "access_key_id": None,
}
"""The settings of a target where a file says nothing; `federation_keys` is base64."""

KEY_ATTRIBUTES = ("federation_keys", "federation_keys_kms_arn", "access_key_id")


@dataclass(frozen=True)
class Contents:
    """AWS accounts by number, targets by name, and the ends of each target's associations.

    An AWS account has what the file says of it, of `name`, `external_id`, `stopped`.
    A target has all of DEFAULTS, `state` (None: the file has none) and, where a file tells of a
    probe, `facts`: what the target would keep of it; `unsaid`, of SINCE_FORMAT_2, stays as it is.
    `sections` are those that the file has.
    """

    accounts: Mapping[str, Values] = field(default_factory=dict)
    targets: Mapping[str, Values] = field(default_factory=dict)
    associations: Mapping[str, Ends] = field(default_factory=dict)
    sections: frozenset[str] = frozenset(SECTIONS)

    default_contact: str | None = None
    """Whom people ask where a target has no owner; None: a file says nothing of it."""


@dataclass(frozen=True)
class CurrentState(Contents):
    """What cooper has now, with the versions that a plan builds on and the names that are taken.

    Each target has the attributes of its last probe beside its settings.
    """

    versions: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    """By ("account", id), ("target", name) and (target, group)."""

    deleted: frozenset[str] = frozenset()
    """Names of deleted targets, which are never given again."""

    providers: frozenset[str] = frozenset({LOCAL_PROVIDER})
    """The ids of the providers that are connected."""


def format_end(until: datetime | None) -> str | None:
    """Write the end of an association as files have it."""
    if until is None:
        return None
    return until.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_end(text: str | None) -> datetime | None:
    """Read the end of an association as files have it."""
    if text is None:
        return None
    return datetime.fromisoformat(text)
