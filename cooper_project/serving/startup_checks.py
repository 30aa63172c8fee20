"""What the server refuses to start with: one line each, before the first worker starts."""

from dataclasses import dataclass

from django.conf import settings
from django.core import checks

from accounts.checks import STORED
from cooper_project import preparation, setting_checks
from cooper_project.serving import address
from core import aws, kms
from core.errors import CooperError, Unavailable


@dataclass
class Result:
    """What a check of everything before the start has come to, in lines."""

    warnings: list[str]
    """What whoever starts the server should know, but what does not prevent the start."""
    refusals: list[str]
    """Why the server must not start: no waiting would mend it."""


def check() -> Result:
    """Check settings, address and installation."""
    result = Result(setting_checks.warnings(), setting_checks.errors())
    if result.refusals:
        # AWS is not asked with settings that are wrong
        return result

    try:
        _check_address_and_clients()
        _check_installation()
        result.warnings += _stored_warnings()
    except Unavailable as error:
        result.warnings.append(f"{error.line} cooper starts, and serves once it does.")
    except CooperError as error:
        result.refusals.append(error.line)
    return result


def _check_address_and_clients() -> None:
    address.refuse_taken(*address.bind_address())
    for service in ("dynamodb", "kms", "sts"):
        # refuses an endpoint that is not AWS's; calls nothing yet
        aws.client(service)


def _check_installation() -> None:
    """Raise CooperError when the installation may not be served, or its KMS key not be used."""
    preparation.open_installation()
    kms.usable_key_arn(settings.COOPER_KMS_KEY)


def _stored_warnings() -> list[str]:
    """Return what is stored and makes no sense."""
    try:
        messages = checks.run_checks(tags=[STORED], databases=["default"])
    except CooperError as error:
        # what is only warned of prevents no start
        return [error.line]
    return [setting_checks.line_of(message) for message in messages if not message.is_silenced()]
