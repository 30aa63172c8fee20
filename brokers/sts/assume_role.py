"""Roles: STS AssumeRole with cooper's own credentials.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html - 900 s up to the role's maximum, which
is 12 h at most.
"""

from typing import Any

from brokers.credentials import Credentials
from brokers.models import Target
from brokers.sts.names import session_name, source_identity
from brokers.sts.request import Request, credentials, policies, tags
from core import aws

SHORTEST, LONGEST = 900, 43_200


def arguments(target: Target, request: Request) -> dict[str, Any]:
    """Return AssumeRole's arguments: whatever the target's try has found to be allowed, and nothing less."""
    made: dict[str, Any] = {
        "RoleArn": target.role_arn,
        "RoleSessionName": session_name(request.identity, request.grant_id),
        "DurationSeconds": max(SHORTEST, min(request.seconds, LONGEST)),
        "ExternalId": request.external_id,
    }
    if target.source_identity:
        made["SourceIdentity"] = source_identity(request.identity)
    if target.tag_session:
        made["Tags"] = tags(request)
    return made | policies(target)


def become(target: Target, request: Request) -> Credentials:
    """Return credentials of the role; raise CooperError (with AWS's code) when AWS refuses or does not answer."""
    return assume(arguments(target, request))


def assume(asked: dict[str, Any]) -> Credentials:
    """Call AssumeRole with exactly these arguments (the try uses it too)."""
    answer = aws.call(aws.client("sts").assume_role, **asked)
    return credentials(answer, "AssumedRoleUser", asked["RoleSessionName"])
