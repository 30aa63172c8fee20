"""Policies that stop AWS sessions which were issued already, ready to paste. Pure: no Django, no AWS.

AWS cannot revoke credentials, only deny what they ask for. Sources: IAM user guide, "Revoking IAM role temporary
security credentials" and "Disabling permissions for temporary security credentials"; aws:userid is
`<role id>:<session name>` for a role, `<account>:<federated name>` for a federated user ("Policy variables").
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Revocation:
    """A policy, where it goes, what it stops, and what it does not."""

    policy: str
    where: str
    stops: str
    leaves: str


SLOW = "AWS takes some minutes to heed it."


def of_role_person(
    source_identity: str, person: str, role: str, account: str, now: datetime
) -> Revocation:
    """Return what stops every session of one person in a role, by the source identity that they all carry."""
    return Revocation(
        _policy({"StringEquals": {"aws:SourceIdentity": source_identity}}, now),
        f"an inline policy of {role} in AWS account {account}",
        f"Every request that {person} makes through this role with a session, of any grant, from before {_at(now)}.",
        "Sessions issued later: disable the person first. Roles that were assumed onward from this one: give each the "
        f"same policy, the source identity goes along. What AWS services go on doing for the person. {SLOW}",
    )


def of_role_session(session_name: str, role: str, account: str, now: datetime) -> Revocation:
    """Return what stops one session of a role that carries no source identity, by its name, which is unique."""
    return Revocation(
        _policy({"StringLike": {"aws:userid": f"*:{session_name}"}}, now),
        f"an inline policy of {role} in AWS account {account}",
        f"Every request with this one session, issued before {_at(now)}.",
        "The person's other sessions, and later ones: disable the person first. Roles assumed onward from this one, "
        f"which do not show where they come from. What AWS services go on doing for the person. {SLOW}",
    )


def of_federated_user(name: str, person: str, account: str, now: datetime) -> Revocation:
    """Return what stops a person as a federated user, by the name that they have every time."""
    return Revocation(
        _policy({"StringEquals": {"aws:userid": f"{account}:{name}"}}, now),
        f"an inline policy of the IAM user behind this target in AWS account {account}",
        f"Every request that {person} makes as this federated user with a session from before {_at(now)}.",
        "Sessions issued later: disable the person first. The IAM user's own keys, which have no token issue time, and "
        f"other people who federate through them. {SLOW}",
    )


def _at(now: datetime) -> str:
    """Return a moment as IAM writes it."""
    return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _policy(who: dict[str, dict[str, str]], now: datetime) -> str:
    """Return a policy that denies everything to sessions of `who` that were issued before `now`."""
    condition: dict[str, Any] = {"DateLessThan": {"aws:TokenIssueTime": _at(now)}, **who}
    statement = {
        "Sid": "CooperRevokes",
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": condition,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
