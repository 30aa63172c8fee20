"""ARNs and console addresses. Pure: no Django, no AWS calls.

Source: IAM quotas and ARN reference (role paths and names).
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.partitions import served_partition

ACCOUNT_ID = re.compile(r"[0-9]{12}")
REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]+){1,3}-[0-9]{1,2}")
_ROLE = re.compile(
    r"arn:(aws[a-z-]*):iam::([0-9]{12}):role(/(?:[\x21-\x7e]{1,510}/)?)([\w+=,.@-]{1,64})", re.ASCII
)
_POLICY = re.compile(r"arn:(aws[a-z-]*):iam::(aws|[0-9]{12}):policy/[\x21-\x7e]{1,512}")
RESERVED_PATHS = ("/aws-reserved/", "/aws-service-role/")


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
    """Read a role's ARN; raise ValueError in words when it is none, or when AWS keeps the role for itself."""
    found = _ROLE.fullmatch(text.strip())
    if not found:
        raise ValueError(
            "this is not the ARN of a role, as in arn:aws:iam::123456789012:role/path/name"
        )
    arn = RoleArn(*found.groups())
    if arn.path.startswith(RESERVED_PATHS):
        raise ValueError(
            "AWS keeps roles under aws-reserved/ and aws-service-role/ for itself; they cannot be targets"
        )
    if len(arn.path) > 512:
        raise ValueError("a role's path has at most 512 characters")
    return arn


def is_policy_arn(text: str) -> bool:
    """Return whether the text is the ARN of a managed policy."""
    return bool(_POLICY.fullmatch(text))


def role_name_of(caller_arn: str) -> tuple[str, str]:
    """Return (account id, role name) of an assumed-role ARN, or ("", "") when it is another principal."""
    found = re.fullmatch(r"arn:[a-z-]+:sts::([0-9]{12}):assumed-role/([^/]+)/.+", caller_arn)
    return (found[1], found[2]) if found else ("", "")


def console_destination(partition_name: str, region: str, wanted: str) -> str:
    """Return the console URL to land on: `wanted` may be empty, a path, or an https URL within the partition's console.

    Raise ValueError for anything outside it: AWS does not promise to refuse that itself.
    """
    console = served_partition(partition_name).console_host
    home = f"https://{region}.{console}" if region else f"https://{console}"
    if not wanted:
        return f"{home}/console/home" + (f"?region={region}" if region else "")
    if (
        not wanted.isascii()
        or not wanted.isprintable()
        or re.search(r"[\s\\<>\"]", wanted)
        or len(wanted) > 2000
    ):
        raise ValueError(
            "a destination is a printable ASCII address of at most 2,000 characters without blanks"
        )
    if wanted.startswith("/") and not wanted.startswith("//"):
        return home + wanted
    return _within(console, wanted)


def _within(console: str, wanted: str) -> str:
    """Return an absolute address if it is https within the console's host; raise ValueError otherwise."""
    try:
        parts = urlsplit(wanted)
        host, port, user = parts.hostname or "", parts.port, parts.username
    except ValueError as error:
        raise ValueError("this address cannot be read") from error
    inside = host == console or host.endswith("." + console)
    if parts.scheme != "https" or not inside or port not in (None, 443) or user is not None:
        raise ValueError(f"a destination has to be a path, or an https address within {console}")
    return wanted
