"""What a broker is asked for, and how STS's answer is read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from accounts.identity import Identity
from brokers.credentials import Credentials
from brokers.models import Target
from brokers.sts.names import tag_value


@dataclass(frozen=True)
class Request:
    """Who wants to become a target, for how many seconds, under which grant; `external_id` is the AWS account's."""

    identity: Identity
    grant_id: str
    seconds: int
    external_id: str = ""


Broker = Callable[[Target, Request], Credentials]


def tags(request: Request) -> list[dict[str, str]]:
    """Return the session tags that name the person and the grant."""
    said = {
        "person": request.identity.subject,
        "provider": request.identity.provider,
        "grant": request.grant_id,
    }
    return [{"Key": f"cooper:{key}", "Value": tag_value(value)} for key, value in said.items()]


def policies(target: Target) -> dict[str, Any]:
    """Return the target's session policies as arguments of the STS call."""
    found: dict[str, Any] = {}
    if target.session_policy:
        found["Policy"] = target.session_policy
    if target.policy_arns:
        found["PolicyArns"] = [{"arn": arn} for arn in target.policy_arns]
    return found


def credentials(answer: dict[str, Any], user: str, session_name: str) -> Credentials:
    """Read STS's answer; `user` names the part of it with the ARN."""
    given, expires = answer["Credentials"], answer["Credentials"]["Expiration"]
    return Credentials(
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
        expires_at=expires
        if isinstance(expires, datetime)
        else datetime.fromtimestamp(float(expires), UTC),
        arn=answer[user]["Arn"],
        session_name=session_name,
        request_id=answer.get("ResponseMetadata", {}).get("RequestId", ""),
        packed_percent=answer.get("PackedPolicySize"),
    )
