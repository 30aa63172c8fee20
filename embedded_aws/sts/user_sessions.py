"""GetFederationToken and GetSessionToken: for long-term keys of IAM users (and, for an hour, of root users).

Rules: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html and API_GetSessionToken.html.
"""

import json
from http import HTTPStatus
from typing import Any

from embedded_aws.credential_store import Kind
from embedded_aws.principals import Principal
from embedded_aws.protocol import AwsError
from embedded_aws.state import AwsState
from embedded_aws.sts import access
from embedded_aws.sts.parameters import NAME, Parameters, packed_percent

LONGEST, DEFAULT, ROOT_LONGEST = 129_600, 43_200, 3_600


def _require_long_term(caller: Principal, operation: str) -> None:
    """Raise AwsError for session credentials."""
    if caller.is_temporary:
        raise AwsError(
            "AccessDenied",
            f"Cannot call {operation} with session credentials",
            HTTPStatus.FORBIDDEN,
        )


def _limited(caller: Principal, seconds: int) -> int:
    """Return the seconds that AWS gives: for root users an hour, whatever they ask for."""
    return min(seconds, ROOT_LONGEST) if caller.kind is Kind.ROOT else seconds


def federation_token(caller: Principal, asked: Parameters, world: AwsState) -> dict[str, Any]:
    """Return GetFederationToken's result; raise AwsError."""
    _require_long_term(caller, "GetFederationToken")
    name = asked.text("Name", 2, 32, NAME, needed=True)
    seconds, tags = asked.seconds(DEFAULT, LONGEST), asked.tags()
    policies = asked.session_policies(world.managed_policies())
    percent = packed_percent(policies, tags)
    arn = f"arn:{caller.partition}:sts::{caller.account_id}:federated-user/{name}"
    context = access.context_of(caller, **access.request_keys("", name, "", tags))
    access.require_own(caller, "sts:GetFederationToken", arn, context)
    if tags:
        access.require_own(caller, "sts:TagSession", arn, context)
    user_id = f"{caller.account_id}:{name}"
    facts = {
        "arn": arn,
        "principal_arn": arn,
        "user_id": user_id,
        "session_name": name,
        "tags": tags,
    }
    documents = tuple(json.dumps(each) for each in policies)
    issued = world.ledger.issue(
        _limited(caller, seconds),
        kind=Kind.FEDERATED_USER,
        account_id=caller.account_id,
        caller_arn=caller.arn,
        session_policies=documents,
        **facts,
    )
    return {
        "Credentials": world.credentials(issued),
        "FederatedUser": {"FederatedUserId": user_id, "Arn": arn},
        "PackedPolicySize": percent,
    }


def session_token(caller: Principal, asked: Parameters, world: AwsState) -> dict[str, Any]:
    """Return GetSessionToken's result; raise AwsError."""
    _require_long_term(caller, "GetSessionToken")
    seconds = asked.seconds(DEFAULT, LONGEST)
    asked.done()
    issued = world.ledger.issue(
        _limited(caller, seconds),
        kind=Kind.USER_SESSION,
        arn=caller.arn,
        principal_arn=caller.principal_arn,
        account_id=caller.account_id,
        user_id=caller.user_id,
        session_name=caller.name,
        caller_arn=caller.arn,
    )
    return {"Credentials": world.credentials(issued)}


def caller_identity(caller: Principal, _asked: Parameters, _world: AwsState) -> dict[str, Any]:
    """Return GetCallerIdentity's result, which no policy can forbid."""
    return {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account_id}
