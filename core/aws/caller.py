"""Who AWS takes the caller for."""

from dataclasses import dataclass
from datetime import datetime

from core.aws.answers import unreadable
from core.aws.clients import client
from core.aws.clock import aws_time_in
from core.aws.credentials import Keys, using
from core.aws.errors import call


@dataclass(frozen=True)
class CallerIdentity:
    """The principal behind some credentials, as STS GetCallerIdentity names it."""

    arn: str
    account_id: str

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]


def caller_identity(keys: Keys | None = None, region: str = "") -> CallerIdentity:
    """Return who cooper's own credentials (or `keys`) are, asked in a region; raise CooperError."""
    if keys is None:
        return _ask(region, borrowed=False)
    with using(keys):
        return _ask(region, borrowed=True)


def aws_time() -> datetime:
    """Return what time AWS says that it is; raise CooperError when it does not say."""
    answer = call(client("sts").get_caller_identity)
    # an answer that says nothing else is none of STS's
    answer.arn("Arn")
    try:
        return aws_time_in(answer.to_dict())
    except ValueError as error:
        raise unreadable("AWS STS", str(error)) from error


def _ask(region: str, *, borrowed: bool) -> CallerIdentity:
    answer = call(client("sts", region, borrowed=borrowed).get_caller_identity)
    return CallerIdentity(arn=answer.arn("Arn"), account_id=answer.text("Account"))
