"""What the server refuses to start with: one line each, before the first request."""

import os

from django.conf import settings
from django.core import checks

from cooper_project.serving import address
from core import aws, installation, kms
from core.errors import CooperError

DEMO_REFUSED = (
    "These tables hold the demo's people, whose password everybody knows. "
    "Use other tables, or run manage.py cooper_demo."
)


def warnings() -> list[str]:
    """Return what whoever starts the server should know, but what does not prevent the start."""
    return [_line(message) for message in _check_messages() if message.level < checks.ERROR]


def refusals() -> list[str]:
    """Return why the server must not start; nothing means that it may."""
    errors = [_line(message) for message in _check_messages() if message.level >= checks.ERROR]
    if errors:
        # AWS is not asked with settings that are wrong
        return errors

    try:
        _check_installation()
    except CooperError as error:
        return [error.line]
    return []


def _check_messages() -> list[checks.CheckMessage]:
    """Return what cooper's own system checks find, those for production included."""
    messages = checks.run_checks(tags=["cooper"], include_deployment_checks=True)
    return [message for message in messages if not message.is_silenced()]


def _line(message: checks.CheckMessage) -> str:
    """Return a check's message in one line."""
    return " ".join(f"{message.id}: {message.msg} {message.hint or ''}".split())


def _check_installation() -> None:
    """Raise CooperError when clients, tables, KMS key or port cannot be used, or hold the demo."""
    for service in ("dynamodb", "kms", "sts"):
        # refuses an endpoint that is not AWS's; calls nothing yet
        aws.client(service)

    installation.refuse_other_schema()
    installation.use_kms_key()
    kms.usable_key_arn(settings.COOPER_KMS_KEY)

    address.refuse_taken(*address.bind_address())
    if installation.is_demo() and not is_embedded():
        raise CooperError(DEMO_REFUSED)


def is_embedded() -> bool:
    """Return whether this is the demo: it says so, and its AWS is on this machine."""
    if not settings.COOPER_EMBEDDED:
        return False
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    return any(f"//{host}:" in endpoint for host in settings.COOPER_LOOPBACK_HOSTS)
