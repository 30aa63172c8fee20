"""Whether STS lets a caller do something: its own policies, its session's, and the role's trust policy."""

import json
from http import HTTPStatus
from typing import Any

from embedded_aws.conditions import Context
from embedded_aws.credential_store import Kind
from embedded_aws.policies import Asked, Verdict, names_exactly, trust_verdict, verdict
from embedded_aws.principals import Principal, policies_of
from embedded_aws.protocol import AwsError

ORGANIZATION = "o-cooperdemo1"
"""The organization that all AWS accounts here are in."""


def denied(caller: Principal, action: str, resource: str) -> AwsError:
    """Return AWS's refusal; it says the same of a role that is not there."""
    message = f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource}"
    return AwsError("AccessDenied", message, HTTPStatus.FORBIDDEN)


def context_of(caller: Principal, **more: list[str] | None) -> dict[str, list[str] | None]:
    """Return the condition keys of a request: what is known of the caller, and `more`."""
    known: dict[str, list[str] | None] = {
        "aws:principalarn": [caller.principal_arn],
        "aws:principalaccount": [caller.account_id],
        "aws:principalorgid": [ORGANIZATION],
        "aws:userid": [caller.user_id],
        "aws:username": [caller.name] if caller.kind is Kind.USER else None,
        # absent with long-term keys, false with credentials that no MFA code was given for
        "aws:multifactorauthpresent": ["false"] if caller.is_temporary else None,
        "aws:sourceidentity": _listed(caller.issued.source_identity if caller.issued else ""),
        "aws:securetransport": ["true"],
    }
    tags = caller.issued.tags if caller.issued else {}
    known |= {f"aws:principaltag/{key.lower()}": [value] for key, value in tags.items()}
    return known | more


def _listed(value: str) -> list[str] | None:
    """Return a condition key's value, None for one that is absent."""
    return [value] if value else None


def request_keys(
    external_id: str, session_name: str, source_identity: str, tags: dict[str, str]
) -> Any:
    """Return the condition keys that come from an AssumeRole request."""
    return {
        "sts:externalid": _listed(external_id),
        "sts:rolesessionname": [session_name],
        "sts:sourceidentity": _listed(source_identity),
        "aws:tagkeys": list(tags) or None,
        **{f"aws:requesttag/{key.lower()}": [value] for key, value in tags.items()},
    }


def own_verdict(caller: Principal, asked: Asked) -> Verdict:
    """Return what the caller's own policies say, narrowed by its session's."""
    found = verdict(policies_of(caller), asked)
    session = caller.issued.session_policies if caller.issued else ()
    if not session or found is not Verdict.ALLOWED:
        return found
    return verdict([json.loads(each) for each in session], asked)


def require_own(caller: Principal, action: str, resource: str, context: Context) -> None:
    """Raise AwsError unless the caller's own policies allow an action."""
    if own_verdict(caller, Asked(action, resource, context)) is not Verdict.ALLOWED:
        raise denied(caller, action, resource)


def require_trust(caller: Principal, role: Any, action: str, context: Context) -> None:
    """Raise AwsError unless both the role's trust policy and the caller's own policies allow an action.

    Within one AWS account it is enough that the trust policy names the caller itself.
    """
    asked, document = Asked(action, role.arn, context), json.loads(role.assume_role_policy_document)
    own = own_verdict(caller, asked)
    local = caller.account_id == role.arn.split(":")[4] and names_exactly(document, caller)
    enough = own is Verdict.ALLOWED or (own is Verdict.SILENT and local)
    if not enough or trust_verdict(document, caller, asked) is not Verdict.ALLOWED:
        raise denied(caller, action, role.arn)
