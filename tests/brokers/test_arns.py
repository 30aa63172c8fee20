"""ARNs, partitions and where the console may land."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers import arns
from core.partitions import PARTITIONS


def test_it_reads_a_role_with_its_path():
    arn = arns.role_arn(" arn:aws:iam::123456789012:role/team/a/Dev ")
    assert (arn.partition, arn.account_id, arn.path, arn.name) == (
        "aws",
        "123456789012",
        "/team/a/",
        "Dev",
    )
    assert str(arn) == "arn:aws:iam::123456789012:role/team/a/Dev"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "arn:aws:iam::123456789012:user/Dev",
        "arn:aws:iam::12345678901:role/Dev",
        "arn:aws:sts::123456789012:assumed-role/Dev/x",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:role/" + "x" * 65,
        "arn:aws:iam::123456789012:role/De v",
        "arn:aws:iam::123456789012:role/Dév",
        "arn:aws:iam::１２３４５６７８９０１２:role/Dev",
        "arn:aws:iam::123456789012:role/Dev\n",
        "arn:aws:iam::123456789012:role/*",
    ],
)
def test_it_refuses_what_is_no_role(text):
    if text.endswith("\n"):
        assert arns.role_arn(text).name == "Dev"
        return
    with pytest.raises(ValueError, match="not the ARN of a role"):
        arns.role_arn(text)


@pytest.mark.parametrize(
    "path", ["aws-reserved/sso.amazonaws.com/", "aws-service-role/x.amazonaws.com/"]
)
def test_it_refuses_roles_that_aws_keeps_for_itself(path):
    with pytest.raises(ValueError, match="for itself"):
        arns.role_arn(f"arn:aws:iam::123456789012:role/{path}R")


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "console.aws.amazon.com"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
        ("aws-cn", "console.amazonaws.cn"),
        ("aws-eusc", "console.amazonaws-eusc.eu"),
    ],
)
def test_it_lands_in_the_console_of_the_partition(partition, host):
    region = PARTITIONS[partition].home_region
    assert urlsplit(arns.console_destination(partition, "", "")).hostname == host
    assert (
        arns.console_destination(partition, "", "/s3/home?x=1#y") == f"https://{host}/s3/home?x=1#y"
    )
    assert (
        arns.console_destination(partition, "", f"https://{region}.{host}/ec2")
        == f"https://{region}.{host}/ec2"
    )


def test_it_lands_in_the_target_s_region():
    assert (
        arns.console_destination("aws", "eu-west-1", "/s3/home")
        == "https://eu-west-1.console.aws.amazon.com/s3/home"
    )


@pytest.mark.parametrize("destination", ["", "/s3/home"])
def test_it_refuses_a_region_of_another_partition(destination):
    with pytest.raises(ValueError, match="region cn-north-1 is one of the partition aws-cn"):
        arns.console_destination("aws", "cn-north-1", destination)


@pytest.mark.parametrize(
    "region",
    ["evil.example/us-east-1", "us-east-1.evil.example", "us-east-1\n", " us-east-1", "US-EAST-1"],
)
@pytest.mark.parametrize("destination", ["", "/s3/home"])
def test_it_refuses_what_is_no_region_before_it_is_in_a_host_name(region, destination):
    with pytest.raises(ValueError, match="not a region"):
        arns.console_destination("aws", region, destination)


def test_it_knows_no_sign_in_for_iso_partitions():
    with pytest.raises(ValueError, match="no public sign-in"):
        arns.console_destination("aws-iso", "", "")


HOSTILE = [
    "//evil.example/x",
    "https://evil.example/",
    "http://console.aws.amazon.com/",
    "https://console.aws.amazon.com.evil.example/",
    "https://evilconsole.aws.amazon.com/",
    "https://console.aws.amazon.com@evil.example/",
    "https://user@console.aws.amazon.com/",
    "https://console.aws.amazon.com:8443/",
    "https://console.aws.amazon.com\\@evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " https://console.aws.amazon.com/",
    "https://console.aws.amazon.com/\r\nSet-Cookie: a=b",
    "https://console.amazonaws.cn/",
    "s3/home",
    "/" + "x" * 2001,
    "https://[::1/",
    "/é",
]


@pytest.mark.parametrize("wanted", HOSTILE)
def test_it_refuses_destinations_outside_the_console(wanted):
    with pytest.raises(ValueError, match="destination|address"):
        arns.console_destination("aws", "us-east-1", wanted)


@given(st.text(max_size=60))
def test_it_never_lands_outside_the_console(wanted):
    try:
        landed = arns.console_destination("aws", "us-east-1", wanted)
    except ValueError:
        return
    parts = urlsplit(landed)
    assert (
        parts.scheme == "https"
        and (parts.hostname or "").endswith("console.aws.amazon.com")
        and parts.username is None
    )
