"""What is checked in DynamoDB and KMS: the installation, its key, and what is stored of people."""

from collections.abc import Iterator

from django.conf import settings
from django.core import checks

from accounts.checks import STORED
from cooper_project import preparation, setting_checks
from cooper_project.checkup.report import Finding, ok, warning
from cooper_project.outside import Addresses
from core import aws, installation, kms
from core.errors import CooperError


def check_clients(_: Addresses) -> Iterator[Finding]:
    """Make AWS clients, which refuses an endpoint that is not AWS's; nothing is called yet."""
    for service in ("dynamodb", "kms", "sts"):
        aws.client(service)
    yield ok(f"AWS is asked in {aws.region()}")


def check_installation(_: Addresses) -> Iterator[Finding]:
    """Open the installation as a worker does before it serves."""
    preparation.open_installation()
    yield ok(
        f"the tables {settings.COOPER_TABLE_PREFIX}* are of version "
        f"{installation.schema_version()}, and their secret key opens"
    )


def check_kms_key(_: Addresses) -> Iterator[Finding]:
    """Look whether the KMS key can be used."""
    installation.use_kms_key()
    yield ok(f"{kms.usable_key_arn(settings.COOPER_KMS_KEY)} can be used")


def check_what_is_stored(_: Addresses) -> Iterator[Finding]:
    """Look for what is stored and makes no sense; it prevents no start."""
    try:
        messages = checks.run_checks(tags=[STORED], databases=["default"])
    except CooperError as error:
        yield warning(error.line)
        return

    lines = [setting_checks.line_of(message) for message in messages if not message.is_silenced()]
    yield from map(warning, lines)
    if not lines:
        yield ok("names, groups and associations make sense")
