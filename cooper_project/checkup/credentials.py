"""What is checked of AWS's side before anything of cooper's is asked: clock and credentials."""

from collections.abc import Iterator

from cooper_project.checkup.report import Finding, note, ok, problem, warning
from cooper_project.outside import Addresses
from core import aws
from core.aws import clock
from core.errors import CooperError

CHAINED = frozenset({"assume-role", "assume-role-with-web-identity", "container-role", "sso"})
"""botocore's words for credentials that come from a role by way of another one.

A role that was assumed by such credentials lasts an hour at most:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html (role chaining)
"""

ONE_HOUR = "What people get of roles lasts an hour at most with these (role chaining)."

ROOT = (
    "cooper's AWS credentials are those of the root user of account {account}, which nothing "
    "limits. Give cooper a role, or a user with docs/iam/serve.json alone."
)


def check_clock(_: Addresses) -> Iterator[Finding]:
    """Compare this machine's clock with the time in AWS's answers."""
    try:
        aws_time = aws.aws_time()
    except aws.WrongClock as error:
        yield problem(error.line)
        return
    except CooperError as error:
        yield note(f"AWS did not say what time it is. {error.line}")
        return

    if clock.seconds_off(aws_time) < clock.WORTH_SAYING:
        yield ok("this server's clock is AWS's")
    else:
        yield warning(
            f"{clock.describe(aws_time)} From {clock.REFUSED_FROM} s on AWS refuses everything, "
            f"and one-time codes bear half a minute. {clock.CORRECT_IT}"
        )


def check_credentials(_: Addresses) -> Iterator[Finding]:
    """Say whose cooper's AWS credentials are, where they came from, and of what kind they are."""
    identity = aws.caller_identity()
    origin = aws.own_origin()

    if identity.arn.endswith(":root"):
        yield problem(ROOT.format(account=identity.account_id))
        return

    kind = "temporary" if ":assumed-role/" in identity.arn else "keys of an IAM user"
    yield ok(f"{identity.arn}, {kind}, from {origin or 'an unnamed place'}")
    if origin in CHAINED:
        yield note(ONE_HOUR)
