"""Whether STS allows a caller something: by its own, its session's and the role's policies."""

import json
from http import HTTPStatus
from typing import Any

from embedded_aws.conditions import Context
from embedded_aws.credential_store import PrincipalType
from embedded_aws.errors import AwsError
from embedded_aws.policies import (
    AccessRequest,
    Decision,
    evaluate,
    evaluate_trust,
    names_exactly,
)
from embedded_aws.principals import Principal, policies_of

ORGANIZATION = "o-cooperdemo1"
"""The organization that all AWS accounts here are in."""

ConditionKeys = dict[str, list[str] | None]


def access_denied(caller: Principal, action: str, resource: str) -> AwsError:
    """Return AWS's refusal; it says the same of a role that is not there."""
    message = f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource}"
    return AwsError("AccessDenied", message, HTTPStatus.FORBIDDEN)


def request_context(
    caller: Principal,
    session_name: str,
    *,
    external_id: str = "",
    source_identity: str = "",
    tags: dict[str, str],
) -> Context:
    """Return the condition keys of a request: of its caller, and of its parameters.

    Keys: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    context = _caller_keys(caller)
    context["sts:externalid"] = _value_or_absent(external_id)
    context["sts:rolesessionname"] = [session_name]
    context["sts:sourceidentity"] = _value_or_absent(source_identity)
    context["aws:tagkeys"] = list(tags) or None
    for key, value in tags.items():
        context[f"aws:requesttag/{key.lower()}"] = [value]
    return context


def _caller_keys(caller: Principal) -> ConditionKeys:
    context: ConditionKeys = {
        "aws:principalarn": [caller.principal_arn],
        "aws:principalaccount": [caller.account_id],
        "aws:principalorgid": [ORGANIZATION],
        "aws:userid": [caller.user_id],
        "aws:username": None,
        "aws:multifactorauthpresent": None,
        "aws:sourceidentity": _value_or_absent(caller.source_identity),
        "aws:securetransport": ["true"],
    }
    if caller.kind is PrincipalType.USER:
        context["aws:username"] = [caller.name]
    # absent with long-term keys, false with credentials that no MFA code was given for
    if caller.credentials:
        context["aws:multifactorauthpresent"] = ["false"]

    for key, value in caller.tags.items():
        context[f"aws:principaltag/{key.lower()}"] = [value]
    return context


def _value_or_absent(value: str) -> list[str] | None:
    if not value:
        return None
    return [value]


def _evaluate_identity(caller: Principal, request: AccessRequest) -> Decision:
    """Return what the caller's own policies say, narrowed by its session's."""
    decision = evaluate(policies_of(caller), request)
    if decision is not Decision.ALLOW or caller.credentials is None:
        return decision

    session_policies = caller.credentials.session_policies
    if not session_policies:
        return decision
    return evaluate([json.loads(document) for document in session_policies], request)


def require_identity_policy(
    caller: Principal, action: str, resource: str, context: Context
) -> None:
    """Raise AwsError unless the caller's own policies allow an action."""
    request = AccessRequest(action, resource, context)
    if _evaluate_identity(caller, request) is not Decision.ALLOW:
        raise access_denied(caller, action, resource)


def require_role_trust(caller: Principal, role: Any, action: str, context: Context) -> None:
    """Raise AwsError unless the trust policy and the caller's own policies allow an action."""
    trust_policy = json.loads(role.assume_role_policy_document)
    request = AccessRequest(action, role.arn, context)

    if evaluate_trust(trust_policy, caller, request) is not Decision.ALLOW:
        raise access_denied(caller, action, role.arn)

    decision = _evaluate_identity(caller, request)
    if decision is Decision.ALLOW:
        return

    # within one AWS account it is enough that the trust policy names the caller itself
    role_account = role.arn.split(":")[4]
    is_named = caller.account_id == role_account and names_exactly(trust_policy, caller)
    if decision is not Decision.IMPLICIT_DENY or not is_named:
        raise access_denied(caller, action, role.arn)
