"""What a broker is asked for, and how STS's response is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.identity import Identity
from brokers.catalogue_rows import AnyTarget
from brokers.credentials import Credentials
from brokers.models import Target
from brokers.sts import names
from core.aws import Answer


@dataclass(frozen=True)
class SessionRequest:
    """Who is to become a target, for how many seconds, under which grant and which names in AWS."""

    identity: Identity
    grant_id: str
    seconds: int
    session_name: str
    """RoleSessionName of a role, Name of a federated user."""

    source_identity: str | None = None
    """None for a target that takes none."""

    external_id: str = ""
    """That of the target's AWS account."""

    reason: str = ""
    """The reason that the target demands, which matches its pattern; "" where it demands none."""


def session_request(
    target: AnyTarget, identity: Identity, seconds: int, external_id: str
) -> SessionRequest:
    """Return the request for a new grant of the target, with an id and names of its own."""
    grant_id = names.new_grant_id()
    if not target.is_role:
        return SessionRequest(identity, grant_id, seconds, names.federated_name(identity))

    source_identity = None
    if target.source_identity:
        source_identity = names.source_identity(identity)
    session_name = names.session_name(identity, grant_id)
    return SessionRequest(identity, grant_id, seconds, session_name, source_identity, external_id)


Broker = Callable[[Target, SessionRequest], Credentials]
"""The `become` of one kind of target: makes the STS call and returns what AWS gives.

It raises CooperError, with AWS's code, when AWS refuses or does not answer.
"""


def tags(request: SessionRequest) -> list[dict[str, str]]:
    """Return the session tags that name the person, the grant and the demanded reason.

    None of them is transitive: a role that is assumed from this one gets none.
    """
    identity = request.identity
    values = {
        "person": identity.subject,
        "provider": identity.provider,
        "grant": request.grant_id,
    }
    session_tags = [
        {"Key": f"cooper:{key}", "Value": names.tag_value(text)} for key, text in values.items()
    ]
    if request.reason:
        # as it was typed, so that a policy may compare it: it has no character that AWS refuses
        session_tags.append({"Key": "cooper:reason", "Value": request.reason})
    return session_tags


def policy_arguments(target: Target) -> dict[str, Any]:
    """Return the target's session policies as arguments of the STS call; {} when it has none."""
    arguments: dict[str, Any] = {}
    if target.session_policy:
        arguments["Policy"] = target.session_policy
    if target.policy_arns:
        arguments["PolicyArns"] = [{"arn": arn} for arn in target.policy_arns]
    return arguments


def parse_credentials(answer: Answer, user: str, session_name: str) -> Credentials:
    """Read STS's answer; `user` names the part of it that has the ARN.

    Raise Unavailable for an answer that lacks a part.
    """
    return Credentials(
        access_key_id=answer.text("Credentials", "AccessKeyId"),
        secret_access_key=answer.text("Credentials", "SecretAccessKey"),
        session_token=answer.text("Credentials", "SessionToken"),
        expires_at=answer.moment("Credentials", "Expiration"),
        arn=answer.arn(user, "Arn"),
        session_name=session_name,
        request_id=answer.request_id,
        packed_percent=answer.optional_number("PackedPolicySize"),
    )
