"""AssumeRole, refusing whatever AWS refuses.

Rules: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html (terms: role chaining)
"""

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from embedded_aws.credential_store import PrincipalType
from embedded_aws.errors import AwsError
from embedded_aws.principals import Principal, find_role
from embedded_aws.state import AwsState, managed_policies, sts_credentials
from embedded_aws.sts import access
from embedded_aws.sts.parameters import EXTERNAL_ID, NAME, Parameters, packed_percent

MAX_SECONDS = 43_200
MAX_CHAINED_SECONDS = 3_600
DEFAULT_SECONDS = 3_600

RESERVED_PATHS = ("/aws-service-role/", "/aws-reserved/")
"""Roles under these paths are assumed by AWS's own services alone."""

_ROLE_ARN = re.compile(
    r"arn:(?P<partition>[\w-]+):iam::\d{12}:role(?P<path>/[!-~]*/|/)[\w+=,.@-]{1,64}", re.ASCII
)


@dataclass(frozen=True)
class AssumeRoleRequest:
    """The parameters of a call, well-formed."""

    role_arn: str
    session_name: str
    seconds: int
    external_id: str
    source_identity: str
    tags: dict[str, str]
    transitive_tag_keys: tuple[str, ...]
    policies: list[dict[str, Any]]


def assume_role(caller: Principal, parameters: Parameters, state: AwsState) -> dict[str, Any]:
    """Return AssumeRole's result; raise AwsError."""
    request = _read_request(parameters)
    packed_size = packed_percent(request.policies, request.tags)

    role = _find_role(caller, request)
    _authorize(caller, role, request)
    chained = _is_chained(caller, state)
    _check_duration(role, request.seconds, chained)

    credentials = state.issue(request.seconds, **_session_facts(caller, role, request, chained))
    return {
        "Credentials": sts_credentials(credentials),
        "AssumedRoleUser": {"AssumedRoleId": credentials.user_id, "Arn": credentials.arn},
        "PackedPolicySize": packed_size,
        "SourceIdentity": credentials.source_identity or None,
    }


def _read_request(parameters: Parameters) -> AssumeRoleRequest:
    role_arn = parameters.text("RoleArn", 20, 2048, required=True)
    session_name = parameters.text("RoleSessionName", 2, 64, NAME, required=True)
    seconds = parameters.seconds(DEFAULT_SECONDS, MAX_SECONDS)
    external_id = parameters.text("ExternalId", 2, 1224, EXTERNAL_ID)
    source_identity = parameters.text("SourceIdentity", 2, 64, NAME)
    tags = parameters.tags()
    transitive_tag_keys = parameters.transitive_tag_keys()
    parameters.raise_errors()

    if source_identity.lower().startswith("aws:"):
        raise AwsError("ValidationError", "SourceIdentity must not begin with aws:")

    policies = parameters.session_policies(managed_policies())
    return AssumeRoleRequest(
        role_arn,
        session_name,
        seconds,
        external_id,
        source_identity,
        tags,
        transitive_tag_keys,
        policies,
    )


def _find_role(caller: Principal, request: AssumeRoleRequest) -> Any:
    """Return moto's role; the refusal is the same for a missing role as for one that refuses."""
    match = _ROLE_ARN.fullmatch(request.role_arn)
    if not match or match["partition"] != caller.partition:
        raise AwsError("ValidationError", "Request ARN is invalid")

    if caller.kind is PrincipalType.ROOT:
        raise AwsError(
            "AccessDenied", "Roles may not be assumed by root accounts.", HTTPStatus.FORBIDDEN
        )

    role = find_role(request.role_arn)
    is_reserved = match["path"].startswith(RESERVED_PATHS)
    if role is None or is_reserved or caller.kind is PrincipalType.FEDERATED_USER:
        raise access.access_denied(caller, "sts:AssumeRole", request.role_arn)
    return role


def _authorize(caller: Principal, role: Any, request: AssumeRoleRequest) -> None:
    """Raise AwsError unless every part of the call is allowed: one refusal refuses all of it."""
    # a source identity stays for the whole chain of roles
    inherited = caller.source_identity
    if inherited and request.source_identity not in {"", inherited}:
        raise access.access_denied(caller, "sts:SetSourceIdentity", role.arn)

    source_identity = request.source_identity or inherited
    context = access.request_context(
        caller,
        request.session_name,
        external_id=request.external_id,
        source_identity=source_identity,
        tags=request.tags,
    )
    access.require_role_trust(caller, role, "sts:AssumeRole", context)
    if request.tags or request.transitive_tag_keys:
        access.require_role_trust(caller, role, "sts:TagSession", context)
    if source_identity:
        access.require_role_trust(caller, role, "sts:SetSourceIdentity", context)


def _is_chained(caller: Principal, state: AwsState) -> bool:
    """Return whether this is role chaining: temporary credentials that assume a role."""
    if caller.kind is PrincipalType.INSTANCE:
        return state.instance_profile_chains
    return caller.kind in {PrincipalType.ROLE, PrincipalType.USER_SESSION}


def _check_duration(role: Any, seconds: int, chained: bool) -> None:
    if chained and seconds > MAX_CHAINED_SECONDS:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining",
        )

    role_maximum = int(role.max_session_duration or DEFAULT_SECONDS)
    if seconds > role_maximum:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )


def _session_facts(
    caller: Principal, role: Any, request: AssumeRoleRequest, chained: bool
) -> dict[str, Any]:
    """Return the fields of the new credentials."""
    inherited_tags = {
        key: value for key, value in _transitive_tags(caller).items() if key not in request.tags
    }
    account_id = role.arn.split(":")[4]
    return {
        "kind": PrincipalType.ROLE,
        # the ARN of the session does not have the role's path
        "arn": (
            f"arn:{caller.partition}:sts::{account_id}:assumed-role/"
            f"{role.name}/{request.session_name}"
        ),
        "principal_arn": role.arn,
        "account_id": account_id,
        "user_id": f"{role.id}:{request.session_name}",
        "session_name": request.session_name,
        "caller_arn": caller.arn,
        "chained": chained,
        "source_identity": request.source_identity or caller.source_identity,
        "session_policies": tuple(json.dumps(policy) for policy in request.policies),
        "tags": {**inherited_tags, **request.tags},
        "transitive": (*inherited_tags, *request.transitive_tag_keys),
    }


def _transitive_tags(caller: Principal) -> dict[str, str]:
    """Return the tags of the caller's session that the next session inherits."""
    if caller.credentials is None:
        return {}
    transitive_keys = caller.credentials.transitive
    return {key: caller.tags[key] for key in transitive_keys if key in caller.tags}
