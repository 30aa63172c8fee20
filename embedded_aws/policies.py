"""Whether policies allow an action: of the caller itself, of a session, and of a role that is to be assumed.

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from embedded_aws.conditions import Context, hold, like, texts
from embedded_aws.principals import Principal


class Verdict(Enum):
    """What policies say: a Deny beats every Allow, silence is no."""

    DENIED = "denied"
    ALLOWED = "allowed"
    SILENT = "silent"


@dataclass(frozen=True)
class Asked:
    """An action on a resource (an ARN), with the condition keys of the request."""

    action: str
    resource: str
    context: Context


def verdict(documents: Iterable[dict[str, Any]], asked: Asked) -> Verdict:
    """Return what the policies of the caller or of its session say."""
    found = (
        each["Effect"]
        for document in documents
        for each in _statements(document)
        if _applies(each, asked)
    )
    return _summed_up(found)


def trust_verdict(document: dict[str, Any], caller: Principal, asked: Asked) -> Verdict:
    """Return what a role's trust policy says to the caller."""
    found = (
        each["Effect"]
        for each in _statements(document)
        if _names(each, caller) and _acts(each, asked) and _conditions_hold(each, asked)
    )
    return _summed_up(found)


def names_exactly(document: dict[str, Any], caller: Principal) -> bool:
    """Return whether the trust policy names the very caller, so that in its own AWS account nothing else is needed."""
    own = {caller.arn, caller.principal_arn}
    return any(
        own & set(_principals(each)) for each in _statements(document) if each["Effect"] == "Allow"
    )


def _summed_up(effects: Iterable[str]) -> Verdict:
    """Return what the effects of statements come to."""
    found = set(effects)
    if "Deny" in found:
        return Verdict.DENIED
    return Verdict.ALLOWED if "Allow" in found else Verdict.SILENT


def _statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the statements that have an effect."""
    found = document.get("Statement", [])
    many = found if isinstance(found, list) else [found]
    return [
        each for each in many if isinstance(each, dict) and each.get("Effect") in {"Allow", "Deny"}
    ]


def _applies(statement: dict[str, Any], asked: Asked) -> bool:
    """Return whether a statement of an identity's or session's policy speaks of what is asked."""
    return (
        _acts(statement, asked)
        and _concerns(statement, asked)
        and _conditions_hold(statement, asked)
    )


def _acts(statement: dict[str, Any], asked: Asked) -> bool:
    """Return whether the statement speaks of the action."""
    if "NotAction" in statement:
        return not any(
            like(each, asked.action, any_case=True) for each in texts(statement["NotAction"])
        )
    return any(
        like(each, asked.action, any_case=True) for each in texts(statement.get("Action", []))
    )


def _concerns(statement: dict[str, Any], asked: Asked) -> bool:
    """Return whether the statement speaks of the resource; policy variables count as whatever refuses."""
    key = "NotResource" if "NotResource" in statement else "Resource"
    patterns = texts(statement.get(key, []))
    if any("${" in each for each in patterns):
        return bool(statement["Effect"] == "Deny")
    fits = any(like(each, asked.resource) for each in patterns)
    return fits is not (key == "NotResource")


def _conditions_hold(statement: dict[str, Any], asked: Asked) -> bool:
    """Return whether the statement's conditions hold; in doubt a Deny applies and an Allow does not."""
    return hold(statement.get("Condition", {}), asked.context, unsure=statement["Effect"] == "Deny")


def _principals(statement: dict[str, Any]) -> list[str]:
    """Return the AWS principals of a statement."""
    found = statement.get("Principal", [])
    if found == "*":
        return ["*"]
    return texts(found.get("AWS", [])) if isinstance(found, dict) else []


def _names(statement: dict[str, Any], caller: Principal) -> bool:
    """Return whether a statement of a trust policy names the caller; NotPrincipal is not known here, so it refuses."""
    if "NotPrincipal" in statement:
        return bool(statement["Effect"] == "Deny")
    account = caller.account_id
    mine = {
        "*",
        account,
        f"arn:{caller.partition}:iam::{account}:root",
        caller.arn,
        caller.principal_arn,
    }
    return any(each in mine for each in _principals(statement))
