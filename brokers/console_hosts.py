"""The hosts of the AWS console, and what each one says. Pure: no Django, no AWS calls.

Sources, below https://docs.aws.amazon.com/:
awsconsolehelpdocs/latest/gsg/multisession.html (a session's own subdomain),
general/latest/gr/quicksight.html (websites of QuickSight), health/latest/ug/ (Health Dashboard),
lightsail/latest/userguide/ (Lightsail); for AWS in China, docs.amazonaws.cn.
"""

import re
from dataclasses import dataclass

from core.partitions import PARTITIONS, REGION, Partition, check_region

SERVICE_HOSTS = {
    "health.aws.amazon.com": ("aws", "health"),
    "phd.aws.amazon.com": ("aws", "health"),
    "lightsail.aws.amazon.com": ("aws", "lightsail"),
    "quicksight.aws.amazon.com": ("aws", "quicksight"),
    "health.amazonaws-us-gov.com": ("aws-us-gov", "health"),
    "phd.amazonaws-us-gov.com": ("aws-us-gov", "health"),
    "health.amazonaws.cn": ("aws-cn", "health"),
    "phd.amazonaws.cn": ("aws-cn", "health"),
    "quicksight.amazonaws.cn": ("aws-cn", "quicksight"),
}
"""Partition and service of the hosts that show pages of the console, but not below its own host."""

_REGIONAL_SERVICES = {"quicksight.aws.amazon.com", "quicksight.amazonaws.cn"}
"""Those that have a host for each region too, as in eu-west-1.quicksight.aws.amazon.com."""

_GOV_QUICKSIGHT = re.compile(r"quicksight\.(us-gov-[a-z]+-[0-9])\.amazonaws\.com")
"""QuickSight alone has its website, in GovCloud, on the host of its API."""

_SESSION = re.compile(r"([0-9]{12})-[a-z0-9]{4,32}")
"""The subdomain of one of several sessions in a browser: the account, and which session."""

_SERVICE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+){0,4}")
"""A subdomain of a service, as in s3.console.aws.amazon.com."""

_SIGN_IN_WORDS = {"signin", "sso", "oauth", "oidc", "auth", "login", "logout", "federation"}
"""Parts of the names of hosts that sign people in or out."""

NO_CONSOLE = (
    "this is not an address of the AWS console, such as "
    "https://eu-west-1.console.aws.amazon.com/ec2/home"
)
SIGN_IN = "this is an address of AWS's sign-in, not of a page in the console"


@dataclass(frozen=True)
class ConsoleHost:
    """A host of the console, and what its name says; what it does not say is ""."""

    name: str
    """Without the session, which is another browser's."""
    partition: str
    region: str = ""
    account_id: str = ""
    service: str = ""


def console_host(name: str) -> ConsoleHost:
    """Read the name of a host, in lower case.

    Raise ValueError in words for a host of no console, or one that signs people in.
    """
    if _signs_in(name):
        raise ValueError(SIGN_IN)

    for partition in PARTITIONS.values():
        if name == partition.console_host:
            return ConsoleHost(name, partition.name)
        if name.endswith("." + partition.console_host):
            return _subdomain(name, partition)
    return _service_host(name)


def _signs_in(name: str) -> bool:
    """Return whether a host of AWS is one that signs people in or out, in any partition."""
    return not _SIGN_IN_WORDS.isdisjoint(re.split(r"[.-]", name))


# -- hosts below the console's own -----------------------------------------------------------------
def _subdomain(name: str, partition: Partition) -> ConsoleHost:
    """Read what stands before the console's host: a session, a service and a region, at most."""
    labels = name.removesuffix("." + partition.console_host).split(".")

    account_id = ""
    session = _SESSION.fullmatch(labels[0])
    if session:
        account_id = session[1]
        labels = labels[1:]

    region, service = _region_and_service(labels, partition.name)
    return ConsoleHost(
        name=".".join([*labels, partition.console_host]),
        partition=partition.name,
        region=region,
        account_id=account_id,
        service=service,
    )


def _region_and_service(labels: list[str], partition: str) -> tuple[str, str]:
    region = ""
    service = ""
    for label in labels:
        if REGION.fullmatch(label) and not region:
            check_region(label, partition)
            region = label
        elif _SERVICE.fullmatch(label) and not REGION.fullmatch(label) and not service:
            service = label
        else:
            raise ValueError(NO_CONSOLE)
    return region, service


# -- hosts of single services ----------------------------------------------------------------------
def _service_host(name: str) -> ConsoleHost:
    """Read a host of its own that a service has; raise ValueError for any other."""
    if name in SERVICE_HOSTS:
        partition, service = SERVICE_HOSTS[name]
        return ConsoleHost(name, partition, service=service)

    gov_quicksight = _GOV_QUICKSIGHT.fullmatch(name)
    if gov_quicksight:
        return ConsoleHost(name, "aws-us-gov", region=gov_quicksight[1], service="quicksight")

    region, _, host = name.partition(".")
    if host in _REGIONAL_SERVICES and REGION.fullmatch(region):
        partition, service = SERVICE_HOSTS[host]
        check_region(region, partition)
        return ConsoleHost(name, partition, region=region, service=service)
    raise ValueError(NO_CONSOLE)
