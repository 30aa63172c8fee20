"""The AWS accounts that targets are in: each has an ExternalId of its own, for ever."""

import secrets

from brokers import catalogue
from brokers.models import AwsAccount
from core import audit
from core.audit import Event
from core.dynamo import AlreadyExists, Transaction


def new_external_id() -> str:
    """Return a new ExternalId (160 bit)."""
    return f"cooper-{secrets.token_hex(20)}"


def account_for(account_id: str) -> AwsAccount:
    """Return the AWS account, or a new one (without a version) with a new ExternalId.

    Nothing is written.
    """
    return AwsAccount.find(account_id) or AwsAccount(account_id, external_id=new_external_id())


def ensure_account(account_id: str) -> AwsAccount:
    """Return the AWS account, added with a new ExternalId if it is new.

    Its ExternalId is kept for ever.
    """
    account = account_for(account_id)
    if account.version is not None:
        return account

    def build(writes: Transaction) -> None:
        writes.create(account)
        writes.create(audit.event(Event.ACCOUNT_ADDED, aws_account=account_id))

    try:
        catalogue.edit(build, accounts=[account_id])
    except AlreadyExists:
        return ensure_account(account_id)
    return account
