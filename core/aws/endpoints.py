"""Which addresses may be AWS for cooper: AWS's own, listed VPC endpoints, loopback for trying out.

Credentials and secrets go to these hosts, so that anything else is refused.
"""

from urllib.parse import urlsplit

from django.conf import settings

from core.errors import CooperError
from core.partitions import PARTITIONS


def endpoint_refusal(url: str, partition: str) -> str:
    """Return why `url` may not be an endpoint of AWS in `partition`, or "" when it may."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in settings.COOPER_LOOPBACK_HOSTS:
        return _loopback_refusal(url)
    if parts.scheme != "https":
        return f"{url} is not https"
    if partition not in PARTITIONS:
        return f"the partition {partition} has no public endpoint that cooper knows"

    # FIPS endpoints are in both domains too
    domain = PARTITIONS[partition].dns_suffix
    dual_stack_domain = PARTITIONS[partition].dual_stack_suffix
    is_of_aws = host.endswith((f".{domain}", f".{dual_stack_domain}"))
    if is_of_aws or host in settings.COOPER_VPC_ENDPOINTS:
        return ""
    return _foreign_host(host, domain)


def signin_refusal(url: str, partition: str) -> str:
    """Return why `url` may not be the sign-in endpoint of `partition`, or "" when it may."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in settings.COOPER_LOOPBACK_HOSTS:
        return _loopback_refusal(url)
    if parts.scheme != "https":
        return f"{url} is not https"
    if host in settings.COOPER_VPC_ENDPOINTS:
        return ""
    if partition not in PARTITIONS:
        return f"the partition {partition} has no public sign-in endpoint"

    signin_host = PARTITIONS[partition].signin_host
    if host == signin_host or host.endswith(f".{signin_host}"):
        return ""
    return _foreign_host(host, signin_host)


def _loopback_refusal(url: str) -> str:
    if settings.COOPER_DEV_ENDPOINTS:
        return ""
    return f"{url} is on this machine; that needs COOPER_DEV_ENDPOINTS=1"


def _foreign_host(host: str, domain: str) -> str:
    return f"{host} is not in {domain}; list a VPC endpoint in COOPER_VPC_ENDPOINTS"


def check_endpoint(url: str, partition: str) -> None:
    """Raise CooperError when `url` may not be an endpoint of AWS."""
    refusal = endpoint_refusal(url, partition)
    if refusal:
        raise CooperError(f"The AWS endpoint is refused: {refusal}.")
