"""Console sign-in: which host, what is sent, what is refused."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from brokers import console_signin, signin_endpoint
from brokers.credentials import Credentials
from brokers.errors import AwsRefused
from brokers.grants import Delivery
from core.errors import CooperError, Unavailable
from tests.support import faults
from tests.support.faults import Fault
from tests.support.grants import become

CONSOLE = {"delivery": Delivery.CONSOLE, "issuer": "http://x/"}

MADE = Credentials("ASIAIOSFODNN7EXAMPLE", "s", "t", datetime.now(UTC), "arn:aws:sts::1:x", "x")


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "us-east-1", "https://signin.aws.amazon.com/federation"),
        ("aws-us-gov", "us-gov-west-1", "https://signin.amazonaws-us-gov.com/federation"),
        ("aws-cn", "cn-north-1", "https://signin.amazonaws.cn/federation"),
        ("aws-eusc", "eusc-de-east-1", "https://signin.amazonaws-eusc.eu/federation"),
    ],
)
def test_it_signs_in_at_the_host_of_the_partition(settings, partition, region, host):
    settings.COOPER_SIGNIN_URL, settings.COOPER_REGION = "", region
    assert signin_endpoint.endpoint(partition) == host
    assert signin_endpoint.form_action_hosts({partition}) == [host.removesuffix("/federation")]


def test_it_refuses_partitions_without_sign_in_clearly(settings):
    settings.COOPER_SIGNIN_URL = ""
    with pytest.raises(ValueError, match="no public sign-in"):
        signin_endpoint.endpoint("aws-iso")
    assert signin_endpoint.form_action_hosts({"aws-iso"}) == []


def test_it_takes_a_regional_endpoint_for_its_own_partition_alone(settings):
    settings.COOPER_SIGNIN_URL = "https://eu-west-1.signin.aws.amazon.com/federation"
    settings.COOPER_REGION = "eu-west-1"
    assert signin_endpoint.endpoint("aws") == settings.COOPER_SIGNIN_URL
    assert signin_endpoint.endpoint("aws-cn") == "https://signin.amazonaws.cn/federation"


VPC = "vpce-0a1b.signin.eu-west-1.vpce.amazonaws.com"


def test_it_takes_a_listed_vpc_endpoint_for_its_own_partition_alone(settings):
    settings.COOPER_SIGNIN_URL, settings.COOPER_REGION = f"https://{VPC}/federation", "eu-west-1"
    settings.COOPER_VPC_ENDPOINTS = [VPC]
    assert signin_endpoint.endpoint("aws") == settings.COOPER_SIGNIN_URL
    assert signin_endpoint.endpoint("aws-cn") == "https://signin.amazonaws.cn/federation"


@pytest.mark.parametrize(
    "url",
    [f"http://{VPC}/federation", f"https://x.{VPC}/federation", f"https://{VPC}.evil.example/"],
)
def test_it_refuses_what_is_not_quite_a_listed_vpc_endpoint(settings, url):
    settings.COOPER_SIGNIN_URL, settings.COOPER_REGION, settings.COOPER_VPC_ENDPOINTS = (
        url,
        "eu-west-1",
        [VPC],
    )
    with pytest.raises(CooperError, match="COOPER_VPC_ENDPOINTS"):
        signin_endpoint.endpoint("aws")


@pytest.mark.parametrize(
    "url",
    [
        "http://signin.aws.amazon.com/federation",
        "https://evil.example/federation",
        "https://signin.aws.amazon.com.evil.example/",
    ],
)
def test_it_refuses_a_sign_in_address_that_is_not_aws_s(settings, url):
    settings.COOPER_SIGNIN_URL, settings.COOPER_REGION = url, "us-east-1"
    with pytest.raises(CooperError, match="COOPER_SIGNIN_URL"):
        signin_endpoint.endpoint("aws")


def test_it_uses_this_machine_for_trying_out_alone(settings):
    settings.COOPER_SIGNIN_URL, settings.COOPER_DEV_ENDPOINTS = (
        "http://127.0.0.1:1/federation",
        False,
    )
    settings.COOPER_REGION = "us-east-1"
    with pytest.raises(CooperError, match="COOPER_DEV_ENDPOINTS"):
        signin_endpoint.endpoint("aws")


def test_it_says_so_when_the_sign_in_does_not_answer(settings, store):
    settings.COOPER_SIGNIN_URL = "http://127.0.0.1:9/federation"
    with pytest.raises(Unavailable, match="did not answer"):
        console_signin.console_url(
            MADE, "aws", "https://console.aws.amazon.com/", "http://testserver/"
        )


def test_it_says_so_when_the_sign_in_refuses(store):
    with pytest.raises(AwsRefused):
        console_signin.console_url(
            MADE, "aws", "https://console.aws.amazon.com/", "http://testserver/"
        )


PASSING = [
    Fault("signin", mode="reset"),
    Fault("signin", status=500),
    Fault("signin", mode="throttle"),
]


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: fault.mode)
def test_it_tries_once_more_where_the_sign_in_fails_at_once(identity, store, fault):
    with faults.on(replace(fault, times=1)) as [active]:
        granted = become(identity("alice"), "dev-read", **CONSOLE)
    assert active.hit == 1 and "SigninToken=" in granted.console_url

    with faults.on(fault) as [active], pytest.raises(CooperError, match="Nothing was handed out"):
        become(identity("alice"), "dev-read", **CONSOLE)
    assert active.hit == 2


@pytest.mark.parametrize("reason", ["late", "refused"])
def test_it_tries_once_where_the_sign_in_fails_late_or_refuses(
    identity, store, monkeypatch, reason
):
    fault = Fault("signin", status=400 if reason == "refused" else 500)
    if reason == "late":
        monkeypatch.setattr(console_signin, "AGAIN_WITHIN", 0.0)
    with faults.on(fault) as [active], pytest.raises(CooperError, match="Nothing was handed out"):
        become(identity("alice"), "dev-read", **CONSOLE)
    assert active.hit == 1


@pytest.mark.parametrize("target", ["dev-read", "dev-uploads"])
def test_it_posts_secrets_and_never_sends_a_session_duration(identity, store, target, monkeypatch):
    sent = []
    request = console_signin._pool().request

    def watched(method, url, **more):
        sent.append((method, url, more["body"]))
        return request(method, url, **more)

    monkeypatch.setattr(console_signin._pool(), "request", watched)
    granted = become(identity("alice"), target, **CONSOLE)
    [(method, url, body)] = sent
    assert method == "POST" and "?" not in url and "SessionDuration" not in body
    assert granted.credentials.secret_access_key not in granted.console_url
