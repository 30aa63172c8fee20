"""AssumeRole, refusing whatever AWS refuses.

Rules: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html (terms: role chaining).
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from embedded_aws.credential_store import Issued, Kind
from embedded_aws.principals import Principal, role_by_arn
from embedded_aws.protocol import AwsError
from embedded_aws.state import AwsState
from embedded_aws.sts import access
from embedded_aws.sts.parameters import EXTERNAL_ID, NAME, Parameters, packed_percent

LONGEST = 43_200
CHAINED_LONGEST = 3_600
_ROLE = re.compile(r"arn:([\w-]+):iam::(\d{12}):role(/[!-~]*/|/)[\w+=,.@-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Request:
    """What is asked for, found to be well-formed."""

    role_arn: str
    session_name: str
    seconds: int
    external_id: str
    source_identity: str
    tags: dict[str, str]
    transitive: tuple[str, ...]
    policies: list[dict[str, Any]]


def read(asked: Parameters, world: AwsState) -> Request:
    """Return the request; raise AwsError for what is malformed."""
    role_arn = asked.text("RoleArn", 20, 2048, needed=True)
    session_name = asked.text("RoleSessionName", 2, 64, NAME, needed=True)
    seconds = asked.seconds(3600, LONGEST)
    external_id = asked.text("ExternalId", 2, 1224, EXTERNAL_ID)
    source_identity = asked.text("SourceIdentity", 2, 64, NAME)
    tags, transitive = asked.tags(), asked.transitive()
    asked.done()
    if source_identity.lower().startswith("aws:"):
        raise AwsError("ValidationError", "SourceIdentity must not begin with aws:")
    policies = asked.session_policies(world.managed_policies())
    return Request(
        role_arn, session_name, seconds, external_id, source_identity, tags, transitive, policies
    )


def answer(caller: Principal, asked: Parameters, world: AwsState) -> dict[str, Any]:
    """Return AssumeRole's result; raise AwsError."""
    request = read(asked, world)
    percent = packed_percent(request.policies, request.tags)
    role = _role(caller, request)
    _authorize(caller, role, request)
    chained = _check_duration(caller, role, request.seconds, world)
    issued = world.ledger.issue(request.seconds, **_facts(caller, role, request, chained))
    return {
        "Credentials": world.credentials(issued),
        "AssumedRoleUser": {"AssumedRoleId": issued.user_id, "Arn": issued.arn},
        "PackedPolicySize": percent,
        "SourceIdentity": issued.source_identity or None,
    }


def _role(caller: Principal, request: Request) -> Any:
    """Return moto's role; raise AwsError, the same for a role that is missing as for one that refuses."""
    found = _ROLE.fullmatch(request.role_arn)
    if not found or found[1] != caller.partition:
        raise AwsError("ValidationError", "Request ARN is invalid")
    if caller.kind is Kind.ROOT:
        raise AwsError("AccessDenied", "Roles may not be assumed by root accounts.", 403)
    role = role_by_arn(request.role_arn)
    reserved = found[3].startswith(("/aws-service-role/", "/aws-reserved/"))
    if role is None or reserved or caller.kind is Kind.FEDERATED_USER:
        raise access.denied(caller, "sts:AssumeRole", request.role_arn)
    return role


def _authorize(caller: Principal, role: Any, request: Request) -> None:
    """Raise AwsError unless every part of the call is allowed: one that is not refuses all of it."""
    inherited = caller.issued.source_identity if caller.issued else ""
    if inherited and request.source_identity not in {"", inherited}:
        raise access.denied(caller, "sts:SetSourceIdentity", role.arn)
    source_identity = request.source_identity or inherited
    keys = access.request_keys(
        request.external_id, request.session_name, source_identity, request.tags
    )
    context = access.context_of(caller, **keys)
    access.require_trust(caller, role, "sts:AssumeRole", context)
    if request.tags or request.transitive:
        access.require_trust(caller, role, "sts:TagSession", context)
    if source_identity:
        access.require_trust(caller, role, "sts:SetSourceIdentity", context)


def _check_duration(caller: Principal, role: Any, seconds: int, world: AwsState) -> bool:
    """Return whether this is role chaining; raise AwsError when the session would be too long."""
    chains = {Kind.ROLE, Kind.USER_SESSION} | (
        {Kind.INSTANCE} if world.instance_profile_chains else set()
    )
    if caller.kind in chains and seconds > CHAINED_LONGEST:
        message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        raise AwsError("ValidationError", message)
    if seconds > int(role.max_session_duration or 3600):
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise AwsError("ValidationError", message)
    return caller.kind in chains


def _facts(caller: Principal, role: Any, request: Request, chained: bool) -> dict[str, Any]:
    """Return what the new credentials are; the ARN of the session drops the role's path."""
    account_id, before = role.arn.split(":")[4], caller.issued
    inherited = {
        key: value for key, value in _transitive(before).items() if key not in request.tags
    }
    return {
        "kind": Kind.ROLE,
        "arn": f"arn:{caller.partition}:sts::{account_id}:assumed-role/{role.name}/{request.session_name}",
        "principal_arn": role.arn,
        "account_id": account_id,
        "user_id": f"{role.id}:{request.session_name}",
        "session_name": request.session_name,
        "caller_arn": caller.arn,
        "chained": chained,
        "source_identity": request.source_identity or (before.source_identity if before else ""),
        "session_policies": tuple(json.dumps(each) for each in request.policies),
        "tags": {**inherited, **request.tags},
        "transitive": (*inherited, *request.transitive),
    }


def _transitive(issued: Issued | None) -> dict[str, str]:
    """Return the tags that a session hands on."""
    return (
        {key: issued.tags[key] for key in issued.transitive if key in issued.tags} if issued else {}
    )
