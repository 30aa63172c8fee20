"""ARNs and console addresses. Pure: no Django, no AWS calls.

Source: IAM quotas and ARN reference (role paths and names).
"""

import re
from dataclasses import dataclass

from brokers.console_urls import landing

ROLE_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")
ACCOUNT_ID = re.compile(r"[0-9]{12}")
RESERVED_PATHS = ("/aws-reserved/", "/aws-service-role/")

_ROLE = re.compile(
    r"arn:(aws[a-z-]*):iam::([0-9]{12}):role"
    r"(/(?:[\x21-\x7e]{1,510}/)?)"  # path
    r"([\w+=,.@-]{1,64})",  # name
    re.ASCII,
)
_POLICY = re.compile(r"arn:(aws[a-z-]*):iam::(aws|[0-9]{12}):policy/[\x21-\x7e]{1,512}")
_ASSUMED_ROLE = re.compile(r"arn:[a-z-]+:sts::([0-9]{12}):assumed-role/([^/]+)/.+")

PATH_LIMIT = 512
"""Characters of a role's path."""


# -- ARNs ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class RoleArn:
    """A role's ARN in parts; the path begins and ends with `/`."""

    partition: str
    account_id: str
    path: str
    name: str

    def __str__(self) -> str:
        """Write it as AWS does."""
        return f"arn:{self.partition}:iam::{self.account_id}:role{self.path}{self.name}"


def role_arn(text: str) -> RoleArn:
    """Read a role's ARN.

    Raise ValueError in words when it is none, or when AWS keeps the role for itself.
    """
    match = _ROLE.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            "this is not the ARN of a role, as in arn:aws:iam::123456789012:role/path/name"
        )

    arn = RoleArn(*match.groups())
    if arn.path.startswith(RESERVED_PATHS):
        raise ValueError(
            "AWS keeps roles under aws-reserved/ and aws-service-role/ for itself; "
            "they cannot be targets"
        )
    if len(arn.path) > PATH_LIMIT:
        raise ValueError(f"a role's path has at most {PATH_LIMIT} characters")
    return arn


def is_policy_arn(text: str) -> bool:
    """Return whether the text is the ARN of a managed policy."""
    return _POLICY.fullmatch(text) is not None


def assumed_role_of(caller_arn: str) -> tuple[str, str]:
    """Return (account id, role name) of an assumed-role ARN, ("", "") for another principal."""
    match = _ASSUMED_ROLE.fullmatch(caller_arn)
    if match is None:
        return "", ""
    account_id, role_name = match.groups()
    return account_id, role_name


# -- console addresses -----------------------------------------------------------------------------
def console_destination(partition_name: str, region: str, destination: str) -> str:
    """Return the console URL to land on.

    `destination` may be empty, a path, or an https URL within the partition's console. Raise
    ValueError for anything outside it: AWS does not promise to refuse that itself.
    """
    return landing(partition_name, region, destination).destination
