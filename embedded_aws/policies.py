"""Whether policies allow an action: a principal's own, a session's, and a role's trust policy.

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from embedded_aws.conditions import Context, as_strings, conditions_hold, matches
from embedded_aws.principals import Principal

Document = dict[str, Any]
Statement = dict[str, Any]


class Decision(Enum):
    """What policies say, in the words of IAM's rules: an explicit deny beats every allow."""

    EXPLICIT_DENY = "explicit deny"
    ALLOW = "allow"
    IMPLICIT_DENY = "implicit deny"


@dataclass(frozen=True)
class AccessRequest:
    """An action on a resource (an ARN), with the condition keys of the request."""

    action: str
    resource: str
    context: Context


def evaluate(documents: Iterable[Document], request: AccessRequest) -> Decision:
    """Return what identity policies or session policies say of a request."""
    effects = set()
    for document in documents:
        for statement in _statements(document):
            if (
                _covers_action(statement, request)
                and _covers_resource(statement, request)
                and _meets_conditions(statement, request)
            ):
                effects.add(statement["Effect"])
    return _decide(effects)


def evaluate_trust(document: Document, caller: Principal, request: AccessRequest) -> Decision:
    """Return what a role's trust policy says to the caller; it names no resource."""
    effects = set()
    for statement in _statements(document):
        if (
            _names_principal(statement, caller)
            and _covers_action(statement, request)
            and _meets_conditions(statement, request)
        ):
            effects.add(statement["Effect"])
    return _decide(effects)


def names_exactly(document: Document, caller: Principal) -> bool:
    """Return whether a trust policy allows something to this very principal.

    Within its AWS account the caller then needs no policy of its own.
    """
    # a session may be named by itself or by its role
    own_arns = {caller.arn, caller.principal_arn}
    for statement in _statements(document):
        if statement["Effect"] == "Allow" and own_arns.intersection(_principals(statement)):
            return True
    return False


def _decide(effects: set[str]) -> Decision:
    if "Deny" in effects:
        return Decision.EXPLICIT_DENY
    if "Allow" in effects:
        return Decision.ALLOW
    return Decision.IMPLICIT_DENY


def _statements(document: Document) -> list[Statement]:
    """Return the statements that have an effect; a single one needs no list around it."""
    statements = document.get("Statement", [])
    if not isinstance(statements, list):
        statements = [statements]

    return [
        statement
        for statement in statements
        if isinstance(statement, dict) and statement.get("Effect") in {"Allow", "Deny"}
    ]


def _covers_action(statement: Statement, request: AccessRequest) -> bool:
    if "NotAction" in statement:
        return not _matches_any(statement["NotAction"], request.action)
    return _matches_any(statement.get("Action", []), request.action)


def _matches_any(patterns: object, action: str) -> bool:
    return any(matches(pattern, action, ignore_case=True) for pattern in as_strings(patterns))


def _covers_resource(statement: Statement, request: AccessRequest) -> bool:
    is_inverted = "NotResource" in statement
    key = "NotResource" if is_inverted else "Resource"
    patterns = as_strings(statement.get(key, []))

    # policy variables are not known here, so the statement does whatever refuses
    if any("${" in pattern for pattern in patterns):
        return _is_deny(statement)

    matches_any = any(matches(pattern, request.resource) for pattern in patterns)
    return matches_any is not is_inverted


def _meets_conditions(statement: Statement, request: AccessRequest) -> bool:
    """Return whether the conditions hold; in doubt a Deny applies and an Allow does not."""
    return conditions_hold(
        statement.get("Condition", {}), request.context, if_unknown=_is_deny(statement)
    )


def _is_deny(statement: Statement) -> bool:
    return bool(statement["Effect"] == "Deny")


def _principals(statement: Statement) -> list[str]:
    """Return the AWS principals of a statement."""
    principal = statement.get("Principal", [])
    if principal == "*":
        return ["*"]
    if not isinstance(principal, dict):
        return []
    return as_strings(principal.get("AWS", []))


def _names_principal(statement: Statement, caller: Principal) -> bool:
    # NotPrincipal is not known here, so the statement does whatever refuses
    if "NotPrincipal" in statement:
        return _is_deny(statement)

    names = {
        "*",
        caller.account_id,
        f"arn:{caller.partition}:iam::{caller.account_id}:root",
        caller.arn,
        caller.principal_arn,
    }
    return not names.isdisjoint(_principals(statement))
