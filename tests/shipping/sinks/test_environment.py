"""The shipper's environment names its sinks and has their secrets, which are in no text."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from shipping.sinks import sinks_from_environment

ALL = {
    "COOPER_SHIP_FOLDER": "/var/lib/cooper/events",
    "COOPER_SHIP_WEBHOOK_URL": "https://hooks.example/cooper",
    "COOPER_SHIP_WEBHOOK_KEY": "5ec2e7" * 8,
    "COOPER_SHIP_SPLUNK_URL": "https://splunk.example:8088",
    "COOPER_SHIP_SPLUNK_TOKEN": "70ce25ec2e7",
    "COOPER_SHIP_EVENT_BUS": "arn:aws:events:eu-central-1:111111111111:event-bus/audit",
    "COOPER_SHIP_S3_BUCKET": "example-cooper-events",
    "COOPER_SHIP_S3_PREFIX": "cooper/prod/",
}


def test_each_place_that_is_named_is_a_sink(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ALL.items():
        monkeypatch.setenv(name, value)
    sinks = sinks_from_environment()
    assert [sink.name for sink in sinks] == ["folder", "webhook", "splunk", "eventbridge", "s3"]
    shown = repr(sinks)
    assert "5ec2e7" not in shown


def test_secrets_may_be_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 40 + "\n")
    monkeypatch.setenv("COOPER_SHIP_WEBHOOK_URL", ALL["COOPER_SHIP_WEBHOOK_URL"])
    monkeypatch.setenv("COOPER_SHIP_WEBHOOK_KEY_FILE", str(file))
    [webhook] = sinks_from_environment()
    assert list(webhook._keys.values()) == [b"k" * 40]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COOPER_SHIP_WEBHOOK_KEY", ""),
        ("COOPER_SHIP_WEBHOOK_KEY", "two\nlines"),
        ("COOPER_SHIP_WEBHOOK_OLD_KEY", "two\nlines"),
        ("COOPER_SHIP_SPLUNK_TOKEN", ""),
        ("COOPER_SHIP_WEBHOOK_URL", "http://hooks.example/"),
        ("COOPER_SHIP_SPLUNK_URL", "splunk.example:8088"),
        ("COOPER_SHIP_EVENT_BUS", "a bus"),
        ("COOPER_SHIP_S3_BUCKET", "Events"),
        ("COOPER_SHIP_S3_PREFIX", "cooper/prod"),
        ("COOPER_SHIP_S3_PREFIX", "/"),
        ("COOPER_SHIP_S3_REGION", "eu central"),
        ("COOPER_SHIP_LOOPBACK", "perhaps"),
    ],
)
def test_what_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for other, right in ALL.items():
        monkeypatch.setenv(other, right)
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name) as error:
        sinks_from_environment()
    assert "5ec2e7" not in str(error.value)
