"""What the server refuses to start with: one line each, before the first request."""

import os
from collections.abc import Iterator

from django.conf import settings
from django.core import checks

from cooper_project.serving import address
from core import aws, installation, kms
from core.errors import CooperError

DEMO = "These tables hold the demo's people, whose password everybody knows. Take other tables, or manage.py cooper_demo."


def warnings() -> list[str]:
    """Return what whoever starts the server should know, and what does not keep it from starting."""
    return [_line(each) for each in _messages() if each.level < checks.ERROR]


def refusals() -> list[str]:
    """Return why the server must not start, most basic first; nothing means that it may."""
    wrong = [_line(each) for each in _messages() if each.level >= checks.ERROR]
    return wrong or [said for said in _unfit() if said]


def _messages() -> list[checks.CheckMessage]:
    """Return what cooper's own system checks say about production."""
    return [
        each
        for each in checks.run_checks(tags=["cooper"], include_deployment_checks=True)
        if not each.is_silenced()
    ]


def _line(message: checks.CheckMessage) -> str:
    """Return a check's message in one line."""
    return " ".join(f"{message.id}: {message.msg} {message.hint or ''}".split())


def _unfit() -> Iterator[str]:
    """Yield what AWS says against serving: clients, tables, key, demo."""
    try:
        for service in ("dynamodb", "kms", "sts"):
            aws.client(service)
        installation.refuse_other_schema()
        installation.use_kms_key()
        kms.usable_key_arn(settings.COOPER_KMS_KEY)
        address.refuse_taken(*address.chosen())
        if installation.is_demo() and not is_embedded():
            yield DEMO
    except CooperError as error:
        yield error.message


def is_embedded() -> bool:
    """Return whether this is the demo: said so, and its AWS is on this machine."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    return settings.COOPER_EMBEDDED and any(
        f"//{host}:" in endpoint for host in settings.COOPER_LOOPBACK_HOSTS
    )
