"""What a file says, and what is held, in one form: plain values by name. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Values = Mapping[str, Any]

FORMAT = 1
"""The format that this cooper writes, and the newest that it reads."""

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
    "sensitive": False,
    "session_policy": None,
    "policy_arns": [],
    "weaker_mode_accepted": False,
    "federation_keys": None,
    "federation_keys_kms_arn": None,
    "access_key_id": None,
}
"""What is set of a target, as its attributes are called; `federation_keys` as base64."""

KEYS = ("federation_keys", "federation_keys_kms_arn", "access_key_id")


@dataclass(frozen=True)
class Contents:
    """AWS accounts, targets and associations: target -> group -> its end (ISO 8601, UTC; None: for good).

    A target has all of DEFAULTS, `state` (None: not said) and, where a try is known, `facts`. An AWS account has what
    is said of it: `name`, `external_id`, `stopped`. `sections` are those that the file has.
    """

    accounts: Mapping[str, Values] = field(default_factory=dict)
    targets: Mapping[str, Values] = field(default_factory=dict)
    associations: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    sections: frozenset[str] = frozenset(SECTIONS)


@dataclass(frozen=True)
class CurrentState(Contents):
    """What is held now, with the versions that a plan builds on and the names that were given once."""

    versions: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    """By ("account", id), ("target", name) and (target, group)."""

    deleted: frozenset[str] = frozenset()
