"""Roles: STS AssumeRole with cooper's own credentials.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html - 900 s up to the
role's maximum, which is 12 h at most.
"""

from typing import Any

from brokers.choices import SHORTEST_SESSION
from brokers.credentials import Credentials
from brokers.models import Target
from brokers.sts.request import SessionRequest, parse_credentials, policy_arguments, tags
from core import aws

LONGEST = 43_200
"""Seconds that AWS gives at most."""


def arguments_for(target: Target, request: SessionRequest) -> dict[str, Any]:
    """Return AssumeRole's arguments.

    All that the target's probe found to be allowed, and nothing less.
    """
    arguments: dict[str, Any] = {
        "RoleArn": target.role_arn,
        "RoleSessionName": request.session_name,
        "DurationSeconds": max(SHORTEST_SESSION, min(request.seconds, LONGEST)),
        "ExternalId": request.external_id,
    }
    if request.source_identity:
        arguments["SourceIdentity"] = request.source_identity
    if target.tag_session:
        arguments["Tags"] = tags(request)
    return arguments | policy_arguments(target)


def become(target: Target, request: SessionRequest) -> Credentials:
    """Return credentials of the role.

    Raise CooperError (with AWS's code) when AWS refuses or does not answer.
    """
    return assume(arguments_for(target, request))


def assume(arguments: dict[str, Any]) -> Credentials:
    """Call AssumeRole with exactly these arguments (a probe uses it too)."""
    answer = aws.call(aws.client("sts").assume_role, **arguments)
    return parse_credentials(answer, "AssumedRoleUser", arguments["RoleSessionName"])
