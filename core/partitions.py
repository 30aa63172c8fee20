"""AWS's partitions that cooper serves. Pure: no Django, no AWS.

A test compares the table with botocore's own data, which lacks the sign-in and console hosts. Their
source: https://docs.aws.amazon.com/general/latest/gr/signin-service.html
"""

import re
from dataclasses import dataclass

REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]{1,12}){1,3}-[0-9]{1,2}")
"""How regions are written, whether or not this cooper has heard of them."""


@dataclass(frozen=True)
class Partition:
    """A separate AWS: accounts, keys and roles of one are unknown in the others."""

    name: str
    dns_suffix: str
    """The domain of its service endpoints."""
    dual_stack_suffix: str
    """The domain of those that speak IPv6 too."""
    home_region: str
    """The region whose STS is called when cooper itself is in another partition."""
    signin_host: str
    console_host: str


_SERVED = (
    Partition(
        name="aws",
        dns_suffix="amazonaws.com",
        dual_stack_suffix="api.aws",
        home_region="us-east-1",
        signin_host="signin.aws.amazon.com",
        console_host="console.aws.amazon.com",
    ),
    Partition(
        name="aws-us-gov",
        dns_suffix="amazonaws.com",
        dual_stack_suffix="api.aws",
        home_region="us-gov-west-1",
        signin_host="signin.amazonaws-us-gov.com",
        console_host="console.amazonaws-us-gov.com",
    ),
    Partition(
        name="aws-cn",
        dns_suffix="amazonaws.com.cn",
        dual_stack_suffix="api.amazonwebservices.com.cn",
        home_region="cn-north-1",
        signin_host="signin.amazonaws.cn",
        console_host="console.amazonaws.cn",
    ),
    Partition(
        name="aws-eusc",
        dns_suffix="amazonaws.eu",
        dual_stack_suffix="api.amazonwebservices.eu",
        home_region="eusc-de-east-1",
        signin_host="signin.amazonaws-eusc.eu",
        console_host="console.amazonaws-eusc.eu",
    ),
)

PARTITIONS = {partition.name: partition for partition in _SERVED}

_REGION_PREFIXES = {
    "us-gov-": "aws-us-gov",
    "cn-": "aws-cn",
    "eusc-": "aws-eusc",
    # isolated ones without a public sign-in: known, so that they are refused by their names
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
}


def served_partition(name: str) -> Partition:
    """Return a partition by name; raise ValueError for those without a public sign-in."""
    if name not in PARTITIONS:
        raise ValueError(
            f"the partition {name} has no public sign-in endpoint, "
            "so cooper cannot open its console"
        )
    return PARTITIONS[name]


def check_region(region: str, partition: str) -> None:
    """Raise ValueError, in words, for what is no region of the partition."""
    if not REGION.fullmatch(region):
        raise ValueError("this is not a region such as eu-central-1")
    actual = partition_of(region)
    if actual != partition:
        raise ValueError(
            f"the region {region} is one of the partition {actual}, not of {partition}"
        )


def partition_of(region: str) -> str:
    """Return the name of the partition that a region belongs to."""
    for prefix, name in _REGION_PREFIXES.items():
        if region.startswith(prefix):
            return name
    return "aws"
