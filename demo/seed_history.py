"""What has happened in the demo before anybody came: it gives the first pages something to say."""

from brokers import catalogue
from brokers.models import AwsAccount, Kind, Target
from core import audit, aws
from core.audit import Event
from core.dynamo import Transaction, transaction
from demo.seed_targets import OWNERS

PENDING_TARGET = "data-lineage"
"""A target whose role nobody has made yet."""

NOT_YOURS = "Target not found, or you have no access."
WRONG_CODE = "The one-time code was wrong."

REFUSALS = (
    ("local:bob", "prod-read", "not entitled", NOT_YOURS),
    ("local:alice", "prod-break-glass", "not entitled", NOT_YOURS),
    ("local:alice", "prod-admin", "wrong code", WRONG_CODE),
)
"""Grants that were refused: person, target, why, and what the person was told."""


STOLEN_ROLE = ("444444444444", "prod-admin")
"""The AWS account and the role that somebody assumed with what is cooper's, and without cooper."""


def steal_a_session() -> None:
    """Assume a role as cooper, and leave no trace on the audit log: once, after the seed.

    `cooper -audit unexplained` finds it (docs/siem.md).
    """
    account_id, role_name = STOLEN_ROLE
    account = AwsAccount.get(account_id)
    aws.call(
        aws.client("sts").assume_role,
        RoleArn=f"arn:aws:iam::{account_id}:role/{role_name}",
        RoleSessionName="maintenance",
        ExternalId=account.external_id,
    )


def seed_history() -> None:
    """Write what happened; once, after the seed."""
    target = Target(
        PENDING_TARGET,
        kind=str(Kind.ROLE),
        title="Data lineage",
        description="Follow data from its source to its reports.",
        aws_account="555555555555",
        role_arn=f"arn:aws:iam::555555555555:role/{PENDING_TARGET}",
        labels=["env=data"],
        owner=OWNERS["data"],
    )

    def build(writes: Transaction) -> None:
        writes.create(target)
        writes.create(audit.event(Event.TARGET_ADDED, target=PENDING_TARGET, by="seed"))

    catalogue.edit(build, PENDING_TARGET)

    with transaction() as writes:
        for person, name, why, answer in REFUSALS:
            refusal = audit.event(
                Event.GRANT_REFUSED, person=person, target=name, why=why, answer=answer
            )
            writes.create(refusal)
