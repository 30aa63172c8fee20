"""CloudTrail's records of sessions that STS issued, read from files of any kind that has them.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference.html
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import Invalid

ISSUING = ("AssumeRole", "GetFederationToken")

GZIP_START = b"\x1f\x8b"

_UNREADABLE = (OSError, EOFError, ValueError, TypeError, KeyError, RecursionError)
"""What reading a file that is something else may raise."""


@dataclass(frozen=True)
class IssuedSession:
    """A session that STS issued, as CloudTrail tells of it.

    `caller` is who asked, `subject` whose session it is (an ARN), `name` RoleSessionName or the
    federated user's Name.
    """

    at: datetime
    operation: str
    caller: str
    subject: str
    name: str
    access_key_id: str
    address: str
    request_id: str

    @property
    def account(self) -> str:
        """The AWS account that the session is in."""
        return self.subject.split(":")[4]


def read_sessions(path: Path) -> list[IssuedSession]:
    """Return the sessions of a file of CloudTrail's; raise Invalid for what is none.

    It is what CloudTrail writes to S3 (`{"Records": [...]}`, packed or not), what `aws cloudtrail
    lookup-events` prints, or a record a line.
    """
    try:
        content = path.read_bytes()
        if content.startswith(GZIP_START):
            content = gzip.decompress(content)

        sessions = [_session_of(record) for record in _records(content.decode())]
    except _UNREADABLE as error:
        raise Invalid(f"{path} is no file of CloudTrail's: {error}") from None
    return [session for session in sessions if session]


def _records(text: str) -> list[Any]:
    """Return the records of a file; raise ValueError, TypeError or KeyError."""
    try:
        document = json.loads(text)
    except ValueError:
        records = [json.loads(line) for line in text.splitlines() if line.strip()]
        if not records:
            raise ValueError("it is empty") from None
        return records

    if "Events" in document:
        return [json.loads(event["CloudTrailEvent"]) for event in document["Events"]]
    if "Records" in document:
        return list(document["Records"])
    return [document]


def _session_of(record: Any) -> IssuedSession | None:
    """Return the session that a record tells of; None for a record of anything else.

    Raise ValueError for what is no record: a wrong file would seem to be without fault.
    """
    if not isinstance(record, Mapping) or "eventName" not in record:
        raise ValueError("it has something else than records")
    if record.get("errorCode") or record["eventName"] not in ISSUING:
        return None

    answer = _part(record, "responseElements")
    user = _part(answer, "assumedRoleUser") or _part(answer, "federatedUser")
    access_key_id = _part(answer, "credentials").get("accessKeyId")
    if not access_key_id or not user.get("arn"):
        # another service did it for itself, or it was refused
        return None

    parameters = _part(record, "requestParameters")
    at = datetime.fromisoformat(str(record["eventTime"])).astimezone(UTC)
    return IssuedSession(
        at=at,
        operation=str(record["eventName"]),
        caller=str(_part(record, "userIdentity").get("arn", "")),
        subject=str(user["arn"]),
        name=str(parameters.get("roleSessionName") or parameters.get("name") or ""),
        access_key_id=str(access_key_id),
        address=str(record.get("sourceIPAddress", "")),
        request_id=str(record.get("requestID", "")),
    )


def _part(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = content.get(name)
    return part if isinstance(part, Mapping) else {}
