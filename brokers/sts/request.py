"""What a broker is asked for, and how STS's response is read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from accounts.identity import Identity
from brokers.credentials import Credentials
from brokers.models import Target
from brokers.sts.names import tag_value


@dataclass(frozen=True)
class SessionRequest:
    """Who wants to become a target, for how many seconds, under which grant."""

    identity: Identity
    grant_id: str
    seconds: int
    external_id: str = ""
    """That of the target's AWS account."""


Broker = Callable[[Target, SessionRequest], Credentials]


def tags(request: SessionRequest) -> list[dict[str, str]]:
    """Return the session tags that name the person and the grant."""
    values = {
        "person": request.identity.subject,
        "provider": request.identity.provider,
        "grant": request.grant_id,
    }
    return [{"Key": f"cooper:{name}", "Value": tag_value(text)} for name, text in values.items()]


def policy_arguments(target: Target) -> dict[str, Any]:
    """Return the target's session policies as arguments of the STS call; {} when it has none."""
    arguments: dict[str, Any] = {}
    if target.session_policy:
        arguments["Policy"] = target.session_policy
    if target.policy_arns:
        arguments["PolicyArns"] = [{"arn": arn} for arn in target.policy_arns]
    return arguments


def parse_credentials(response: dict[str, Any], user: str, session_name: str) -> Credentials:
    """Read STS's response; `user` names the part of it that has the ARN."""
    credentials = response["Credentials"]
    metadata = response.get("ResponseMetadata", {})
    return Credentials(
        access_key_id=credentials["AccessKeyId"],
        secret_access_key=credentials["SecretAccessKey"],
        session_token=credentials["SessionToken"],
        expires_at=_parse_expiration(credentials["Expiration"]),
        arn=response[user]["Arn"],
        session_name=session_name,
        request_id=metadata.get("RequestId", ""),
        packed_percent=response.get("PackedPolicySize"),
    )


def _parse_expiration(expiration: Any) -> datetime:
    # botocore parses timestamps; seconds since 1970 come where it does not know the shape
    if isinstance(expiration, datetime):
        return expiration
    return datetime.fromtimestamp(float(expiration), UTC)
