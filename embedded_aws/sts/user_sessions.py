"""GetFederationToken and GetSessionToken: for long-term keys of IAM users (and root users).

Rules: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html and
API_GetSessionToken.html
"""

import json
from http import HTTPStatus
from typing import Any

from embedded_aws.credential_store import PrincipalType
from embedded_aws.errors import AwsError
from embedded_aws.principals import Principal
from embedded_aws.state import AwsState, managed_policies, sts_credentials
from embedded_aws.sts import access
from embedded_aws.sts.parameters import NAME, Parameters, packed_percent

MAX_SECONDS = 129_600
DEFAULT_SECONDS = 43_200
MAX_ROOT_SECONDS = 3_600


def get_federation_token(
    caller: Principal, parameters: Parameters, state: AwsState
) -> dict[str, Any]:
    """Return GetFederationToken's result; raise AwsError."""
    _require_long_term_key(caller, "GetFederationToken")

    name = parameters.text("Name", 2, 32, NAME, required=True)
    seconds = parameters.seconds(DEFAULT_SECONDS, MAX_SECONDS)
    tags = parameters.tags()
    policies = parameters.session_policies(managed_policies())
    packed_size = packed_percent(policies, tags)

    arn = f"arn:{caller.partition}:sts::{caller.account_id}:federated-user/{name}"
    _authorize_federation(caller, arn, name, tags)

    user_id = f"{caller.account_id}:{name}"
    credentials = state.issue(
        _limit_seconds(caller, seconds),
        kind=PrincipalType.FEDERATED_USER,
        arn=arn,
        principal_arn=arn,
        account_id=caller.account_id,
        user_id=user_id,
        session_name=name,
        caller_arn=caller.arn,
        session_policies=tuple(json.dumps(policy) for policy in policies),
        tags=tags,
    )
    return {
        "Credentials": sts_credentials(credentials),
        "FederatedUser": {"FederatedUserId": user_id, "Arn": arn},
        "PackedPolicySize": packed_size,
    }


def _authorize_federation(caller: Principal, arn: str, name: str, tags: dict[str, str]) -> None:
    context = access.request_context(caller, name, tags=tags)
    access.require_identity_policy(caller, "sts:GetFederationToken", arn, context)
    if tags:
        access.require_identity_policy(caller, "sts:TagSession", arn, context)


def get_session_token(caller: Principal, parameters: Parameters, state: AwsState) -> dict[str, Any]:
    """Return GetSessionToken's result; raise AwsError."""
    _require_long_term_key(caller, "GetSessionToken")

    seconds = parameters.seconds(DEFAULT_SECONDS, MAX_SECONDS)
    parameters.raise_errors()

    credentials = state.issue(
        _limit_seconds(caller, seconds),
        kind=PrincipalType.USER_SESSION,
        arn=caller.arn,
        principal_arn=caller.principal_arn,
        account_id=caller.account_id,
        user_id=caller.user_id,
        session_name=caller.name,
        caller_arn=caller.arn,
    )
    return {"Credentials": sts_credentials(credentials)}


def get_caller_identity(
    caller: Principal, _parameters: Parameters, _state: AwsState
) -> dict[str, Any]:
    """Return GetCallerIdentity's result, which no policy can forbid."""
    return {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account_id}


def _require_long_term_key(caller: Principal, operation: str) -> None:
    if caller.credentials is None:
        return
    raise AwsError(
        "AccessDenied",
        f"Cannot call {operation} with session credentials",
        HTTPStatus.FORBIDDEN,
    )


def _limit_seconds(caller: Principal, seconds: int) -> int:
    """Return the seconds that AWS gives: to root users an hour, whatever they ask for."""
    if caller.kind is PrincipalType.ROOT:
        return min(seconds, MAX_ROOT_SECONDS)
    return seconds
