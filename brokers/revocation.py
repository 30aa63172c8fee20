"""Policies that stop AWS sessions which were issued already. Pure: no Django, no AWS.

AWS cannot revoke credentials, only deny what they ask for. Sources: IAM user guide, "Revoking IAM
role temporary security credentials" and "Disabling permissions for temporary security
credentials"; aws:userid is `<role id>:<session name>` for a role, `<account>:<federated name>` for
a federated user ("Policy variables").
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Condition = dict[str, dict[str, str]]
"""An IAM policy's Condition: operator -> key -> value."""

DELAY = "AWS takes some minutes to apply it."


@dataclass(frozen=True)
class Revocation:
    """A policy, where it goes, what it stops, and what it does not."""

    policy: str
    where: str
    stops: str
    does_not_stop: str


def revocation_of_person(
    source_identity: str, person: str, role: str, account_id: str, now: datetime
) -> Revocation:
    """Return what stops every session of one person in a role, by their source identity."""
    return Revocation(
        policy=_deny_everything({"StringEquals": {"aws:SourceIdentity": source_identity}}, now),
        where=f"an inline policy of {role} in AWS account {account_id}",
        stops=(
            f"Every request that {person} makes through this role with a session, of any grant, "
            f"from before {_iam_time(now)}."
        ),
        does_not_stop=(
            "Sessions issued later: disable the person first. "
            "Roles that were assumed onward from this one: give each the same policy, "
            "the source identity goes along. "
            f"What AWS services go on doing for the person. {DELAY}"
        ),
    )


def revocation_of_role_session(
    session_name: str, role: str, account_id: str, now: datetime
) -> Revocation:
    """Return what stops one session of a role that carries no source identity, by its name."""
    return Revocation(
        # the part before the colon is the role's id, which cooper does not know
        policy=_deny_everything({"StringLike": {"aws:userid": f"*:{session_name}"}}, now),
        where=f"an inline policy of {role} in AWS account {account_id}",
        stops=f"Every request with this one session, issued before {_iam_time(now)}.",
        does_not_stop=(
            "The person's other sessions, and later ones: disable the person first. "
            "Roles assumed onward from this one, which do not show where they come from. "
            f"What AWS services go on doing for the person. {DELAY}"
        ),
    )


def revocation_of_federated_user(
    name: str, person: str, account_id: str, now: datetime
) -> Revocation:
    """Return what stops a person as a federated user, by the name that they have every time."""
    return Revocation(
        policy=_deny_everything({"StringEquals": {"aws:userid": f"{account_id}:{name}"}}, now),
        where=f"an inline policy of the IAM user behind this target in AWS account {account_id}",
        stops=(
            f"Every request that {person} makes as this federated user with a session "
            f"from before {_iam_time(now)}."
        ),
        does_not_stop=(
            "Sessions issued later: disable the person first. "
            "The IAM user's own keys, which have no token issue time, "
            f"and other people who federate through them. {DELAY}"
        ),
    )


def _iam_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _deny_everything(principal: Condition, now: datetime) -> str:
    """Return a policy that denies everything to the principal's sessions from before `now`."""
    statement: dict[str, Any] = {
        "Sid": "CooperRevokes",
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": _iam_time(now)}, **principal},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
