"""Policies that stop AWS sessions which were issued already. Pure: no Django, no AWS.

AWS cannot revoke credentials, only deny what they ask for. Sources: IAM user guide, "Revoking IAM
role temporary security credentials" and "Disabling permissions for temporary security
credentials"; aws:userid is `<role id>:<session name>` for a role, `<account>:<federated name>` for
a federated user ("Policy variables").

`cut` is the moment from which sessions go on. It has to be later than the saving of what keeps new
ones from being issued: a grant that was under way then may still be issued, and clocks differ.
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
    """For somebody who goes on later: it stops what was issued before the cut."""

    policy_for_good: str
    """For somebody who is out for good: it has no time."""

    where: str
    stops: str
    does_not_stop: str


def revocation_of_person(
    source_identity: str, person: str, role: str, account_id: str, cut: datetime
) -> Revocation:
    """Return what stops every session of one person in a role, by their source identity."""
    principal = {"StringEquals": {"aws:SourceIdentity": source_identity}}
    return Revocation(
        policy=_deny_everything(principal, cut),
        policy_for_good=_deny_everything(principal),
        where=f"an inline policy of {role} in AWS account {account_id}",
        stops=(
            f"Every request that {person} makes through this role with a session, of any grant, "
            f"from before {_iam_time(cut)}."
        ),
        does_not_stop=(
            "Sessions issued later: disable the person first. "
            "A role that may assume itself gives sessions with a later time for ever: "
            "the policy without a time stops those too. "
            "Roles that were assumed onward from this one: give each the same policy, "
            "the source identity goes along. "
            f"What AWS services go on doing for the person. {DELAY}"
        ),
    )


def revocation_of_role_session(
    session_name: str, role: str, account_id: str, cut: datetime
) -> Revocation:
    """Return what stops one session of a role that carries no source identity, by its name."""
    # the part before the colon is the role's id, which cooper does not know
    principal = {"StringLike": {"aws:userid": f"*:{session_name}"}}
    return Revocation(
        policy=_deny_everything(principal, cut),
        policy_for_good=_deny_everything(principal),
        where=f"an inline policy of {role} in AWS account {account_id}",
        stops=f"Every request with this one session, issued before {_iam_time(cut)}.",
        does_not_stop=(
            "The person's other sessions, and later ones: disable the person first. "
            "Roles assumed onward from this one, which do not show where they come from. "
            f"What AWS services go on doing for the person. {DELAY}"
        ),
    )


def revocation_of_federated_user(
    name: str, person: str, account_id: str, cut: datetime
) -> Revocation:
    """Return what stops a person as a federated user, by the name that they have every time."""
    principal = {"StringEquals": {"aws:userid": f"{account_id}:{name}"}}
    return Revocation(
        policy=_deny_everything(principal, cut),
        policy_for_good=_deny_everything(principal),
        where=f"an inline policy of the IAM user behind this target in AWS account {account_id}",
        stops=(
            f"Every request that {person} makes as this federated user with a session "
            f"from before {_iam_time(cut)}."
        ),
        does_not_stop=(
            "Sessions issued later: disable the person first. "
            "The IAM user's own keys, which have no token issue time, "
            f"and other people who federate through them. {DELAY}"
        ),
    )


def _iam_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _deny_everything(principal: Condition, cut: datetime | None = None) -> str:
    """Return a policy that denies everything to the principal's sessions from before `cut`.

    Without a cut it denies everything to all of them, whenever they were issued.
    """
    condition = dict(principal)
    if cut:
        condition = {"DateLessThan": {"aws:TokenIssueTime": _iam_time(cut)}, **principal}

    statement: dict[str, Any] = {
        "Sid": "CooperRevokes",
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": condition,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
