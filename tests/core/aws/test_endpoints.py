"""Where calls go: AWS's endpoints of every kind and partition, and nowhere else."""

import os
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core import aws
from core.aws.endpoints import endpoint_refusal
from core.errors import CooperError
from core.partitions import PARTITIONS
from embedded_aws import EmbeddedAws
from tests.support.paths import ROOT

CALLS: dict[str, tuple[str, dict[str, str]]] = {
    "sts": ("get_caller_identity", {}),
    "kms": ("describe_key", {"KeyId": "alias/cooper"}),
    "dynamodb": ("describe_table", {"TableName": "cooper-audit"}),
    "events": ("describe_event_bus", {}),
    "s3": ("head_bucket", {"Bucket": "cooper-events"}),
}
FIPS = {"AWS_USE_FIPS_ENDPOINT": "true"}
DUAL_STACK = {"AWS_USE_DUALSTACK_ENDPOINT": "true"}
LEGACY = {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"}
REGIONAL = {"AWS_STS_REGIONAL_ENDPOINTS": "regional"}


class Sent(Exception):
    """A call was about to leave for an address."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url.rstrip("/")


@pytest.fixture(autouse=True)
def _real(store: EmbeddedAws, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let AWS be AWS: nothing of the embedded one, and no endpoint on this machine."""
    settings.COOPER_DEV_ENDPOINTS = False
    for name in list(os.environ):
        if name.startswith("AWS_ENDPOINT_URL"):
            monkeypatch.delenv(name)
    aws.forget_clients()
    yield
    monkeypatch.undo()
    aws.forget_clients()


def address_of(service: str, region: str) -> str:
    """Return where a call would go; nothing leaves."""

    def stop(request: Any, **_: Any) -> None:
        raise Sent(request.url)

    method, arguments = CALLS[service]
    client = aws.client(service, region)
    # after cooper's own look at the address
    client.meta.events.register_last("before-send", stop)
    with pytest.raises(Sent) as sent:
        aws.call(getattr(client, method), **arguments)
    return sent.value.url


@pytest.mark.parametrize("variant", [{}, FIPS, DUAL_STACK, FIPS | DUAL_STACK], ids=str)
@pytest.mark.parametrize("partition", PARTITIONS)
def test_it_calls_the_endpoints_of_every_kind_and_partition(
    monkeypatch: pytest.MonkeyPatch, partition: str, variant: dict[str, str]
) -> None:
    for name, value in variant.items():
        monkeypatch.setenv(name, value)
    region = PARTITIONS[partition].home_region
    suffix = PARTITIONS[partition].dns_suffix
    if "AWS_USE_DUALSTACK_ENDPOINT" in variant:
        suffix = PARTITIONS[partition].dual_stack_suffix

    for service in set(CALLS) - {"s3"}:
        url = address_of(service, region)
        assert url.startswith(f"https://{service}") and url.endswith(f".{region}.{suffix}")


@pytest.mark.parametrize("partition", PARTITIONS)
def test_it_calls_each_bucket_by_its_own_name(partition: str) -> None:
    region = PARTITIONS[partition].home_region
    suffix = PARTITIONS[partition].dns_suffix
    for bucket in ("cooper-events", "cooper-other"):
        CALLS["s3"] = ("head_bucket", {"Bucket": bucket})
        url = address_of("s3", region)
        assert url.startswith(f"https://{bucket}.s3.") and url.endswith(suffix)


@pytest.mark.parametrize(
    ("variant", "region", "host"),
    [
        ({}, "eu-west-1", "sts.eu-west-1.amazonaws.com"),
        (REGIONAL, "eu-west-1", "sts.eu-west-1.amazonaws.com"),
        (LEGACY, "eu-west-1", "sts.eu-west-1.amazonaws.com"),
        ({"AWS_STS_REGIONAL_ENDPOINTS": "near"}, "eu-west-1", "sts.eu-west-1.amazonaws.com"),
        (LEGACY, "ap-east-1", "sts.ap-east-1.amazonaws.com"),
        (LEGACY, "cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        (LEGACY | FIPS, "us-east-1", "sts-fips.us-east-1.amazonaws.com"),
    ],
)
def test_it_calls_the_sts_of_the_region(
    monkeypatch: pytest.MonkeyPatch, variant: dict[str, str], region: str, host: str
) -> None:
    for name, value in variant.items():
        monkeypatch.setenv(name, value)
    assert address_of("sts", region) == f"https://{host}"


def test_no_profile_leads_to_the_global_sts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nsts_regional_endpoints = legacy\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert address_of("sts", "eu-west-1") == "https://sts.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("host", "partition"),
    [
        ("sts.cn-north-1.api.aws", "aws-cn"),
        ("sts.eusc-de-east-1.api.aws", "aws-eusc"),
        ("sts.us-east-1.api.amazonwebservices.com.cn", "aws"),
        ("sts.us-east-1.amazonaws.com.evil.example", "aws"),
        ("api.aws", "aws"),
        ("stsapi.aws", "aws"),
    ],
)
def test_it_refuses_other_hosts(host: str, partition: str) -> None:
    assert endpoint_refusal(f"https://{host}", partition)


def test_it_looks_at_the_address_of_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    client = aws.client("sts", "eu-west-1")

    def elsewhere(params: dict[str, Any], **_: Any) -> None:
        params["url"] = "https://sts.evil.example/"

    client.meta.events.register("before-call", elsewhere)
    with pytest.raises(CooperError, match="evil"):
        aws.call(client.get_caller_identity)


@pytest.mark.parametrize(
    ("environment", "config", "expected"),
    [
        ({}, "[default]\nregion = eu-west-1\n", "eu-west-1"),
        ({"AWS_PROFILE": "here"}, "[default]\n[profile here]\nregion = eu-north-1\n", "eu-north-1"),
        ({"AWS_PROFILE": "nowhere"}, "[default]\nregion = eu-west-1\n", ""),
        ({}, "\ufeff[default]\nregion = eu-west-1\n", ""),
        ({}, "", ""),
    ],
)
def test_it_reads_the_profiles_region(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    environment: dict[str, str],
    config: str,
    expected: str,
) -> None:
    (tmp_path / "config").write_text(config)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert aws.profile_region() == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"COOPER_REGION": "eu-west-1", "AWS_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-2"),
        ({"AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3"),
        ({}, "eu-north-1"),
    ],
)
def test_the_settings_take_the_first_region_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: dict[str, str], expected: str
) -> None:
    (tmp_path / "config").write_text("[default]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("COOPER_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    file = ROOT / "cooper_project" / "settings.py"
    assert runpy.run_path(str(file))["COOPER_REGION"] == expected
