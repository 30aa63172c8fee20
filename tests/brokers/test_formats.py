"""Credentials as text: read back by the shells themselves where they are here."""

import configparser
import json
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from brokers import formats
from brokers.credentials import Credentials

AWKWARD = "a'b\"c$d`e\\f%g!h i/+="
MADE = Credentials(
    "ASIAIOSFODNN7EXAMPLE",
    AWKWARD,
    "token//+==",
    datetime(2026, 5, 4, 12, 0, tzinfo=UTC),
    "arn:aws:sts::1:x",
    "alice.x",
)
TEXTS = {each.id: each.text for each in formats.all_formats(MADE, "eu-west-1", "dev-read")}


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_it_is_read_by_a_posix_shell(shell):
    script = (
        TEXTS["bash"]
        + 'printf "%s|%s|%s" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" "$AWS_REGION"'
    )
    said = subprocess.run(
        [shutil.which(shell) or shell, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert said == f"{AWKWARD}|token//+==|eu-west-1"


def test_it_quotes_for_fish():
    assert formats.quote_for_fish("a'b\\c") == "'a\\'b\\\\c'"


def test_it_quotes_for_powershell():
    assert formats.quote_for_powershell("a'b$c") == "'a''b$c'"


def test_it_is_read_as_a_credentials_file():
    read = configparser.RawConfigParser()
    read.read_string(TEXTS["ini"])
    assert (
        read["dev-read"]["aws_secret_access_key"] == AWKWARD
        and read["dev-read"]["region"] == "eu-west-1"
    )


def test_it_is_what_a_credential_process_prints():
    read = json.loads(TEXTS["json"])
    assert read == {
        "Version": 1,
        "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "SecretAccessKey": AWKWARD,
        "SessionToken": "token//+==",
        "Expiration": "2026-05-04T12:00:00Z",
    }


def test_it_masks_credentials_in_their_repr():
    assert (
        AWKWARD not in repr(MADE)
        and "token" not in repr(MADE)
        and "ASIAIOSFODNN7EXAMPLE" in repr(MADE)
    )
