"""The address of each partition's AWS sign-in endpoint, which turns credentials into a sign-in URL.

`brokers.console_signin` calls it; the Content-Security-Policy of pages has to name it.
"""

from urllib.parse import urlsplit

from django.conf import settings

from core import aws
from core.errors import CooperError
from core.partitions import PARTITIONS, served_partition


def endpoint(partition: str) -> str:
    """Return a partition's federation endpoint.

    COOPER_SIGNIN_URL replaces that of cooper's own partition, or of all when it is on this machine.
    Raise CooperError for one that is no such endpoint.
    """
    aws_host = served_partition(partition).signin_host
    configured = str(settings.COOPER_SIGNIN_URL)
    is_own_partition = partition == aws.own_partition()
    if not configured or not (is_own_partition or _is_local(configured)):
        return f"https://{aws_host}/federation"

    _check_configured(configured, partition)
    return configured


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in settings.COOPER_LOOPBACK_HOSTS


def _check_configured(url: str, partition: str) -> None:
    """Raise CooperError for an address that may not be the sign-in endpoint."""
    refusal = aws.signin_refusal(url, partition)
    if refusal:
        aws_host = served_partition(partition).signin_host
        raise CooperError(
            f"COOPER_SIGNIN_URL: {refusal}. "
            f"It has to be https on {aws_host}, or on one of COOPER_VPC_ENDPOINTS."
        )


def form_action_hosts(partitions: set[str]) -> list[str]:
    """Return the sources that CSP's form-action has to name.

    Chromium applies it to the redirect after the POST too.
    """
    sources = set()
    for partition in partitions & PARTITIONS.keys():
        parts = urlsplit(endpoint(partition))
        sources.add(f"{parts.scheme}://{parts.netloc}")
    return sorted(sources)
