"""What a person is shown once a target gives credentials."""

import re

import pytest

from brokers import catalogue
from brokers.models import Target
from tests.support.credentials_page import copied_text


def store_region(region: str | None) -> None:
    """Store a region as an older cooper may have, past every form."""
    target = Target.find("dev-read")
    assert target is not None
    target.region = region
    catalogue.edit(lambda writes: writes.save(target), "dev-read")


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("eu-central-1", "eu-central-1"),
        (None, "us-east-1"),
        ("cn-north-1", "us-east-1"),
        ("us-west-2\ncredential_process=/x", "us-east-1"),
        ('x" & calc & "us-west-2', "us-east-1"),
        ("evil.example/us-west-2", "us-east-1"),
    ],
)
def test_credentials_come_with_a_region_of_their_partition(client_of, settings, stored, shown):
    assert settings.COOPER_REGION == "us-east-1"
    store_region(stored)
    answer = client_of("alice").post("/targets/dev-read/credentials/", {"duration": "900"})
    assert answer.status_code == 200

    lines = copied_text(answer.text, "bash").splitlines()
    assert lines[-2:] == [f" export AWS_REGION={shown}", f" export AWS_DEFAULT_REGION={shown}"]
    assert "calc" not in answer.text and "credential_process=/x" not in answer.text


def test_the_page_has_a_text_for_every_format(client_of):
    answer = client_of("alice").post("/targets/dev-read/credentials/", {"duration": "900"})
    ids = re.findall(r'data-copied="f-(\w+)"', answer.text)
    assert ids == ["bash", "fish", "powershell", "cmd", "configure", "ini", "env", "json"]
    assert "[cooper-dev-read]" in answer.text


@pytest.mark.parametrize("stored", ["evil.example/us-east-1", "cn-north-1", "us-east-1\n"])
def test_the_console_refuses_a_stored_region_that_is_none(client_of, stored):
    store_region(stored)
    answer = client_of("alice").post("/targets/dev-read/console/", {"duration": "900"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.headers.get("Location", "")
