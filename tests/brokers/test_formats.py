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
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MADE = Credentials(
    "ASIAIOSFODNN7EXAMPLE",
    AWKWARD,
    "token//+==",
    NOON,
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


# -- tables ----------------------------------------------------------------------------------------
PLAIN = Credentials("ASIA1", "secret", "token", NOON, "arn:aws:sts::1:x", "alice.x")


def texts(region: str) -> dict[str, str]:
    return {each.id: each.text for each in formats.all_formats(PLAIN, region, "dev-read")}


def test_every_format_has_an_id_of_its_own_a_label_and_a_hint():
    made = formats.all_formats(PLAIN, "", "dev-read")
    assert [each.id for each in made] == ["bash", "fish", "powershell", "cmd", "ini", "json"]
    assert all(each.label and each.hint.endswith(".") for each in made)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("bash", "export AWS_ACCESS_KEY_ID=ASIA1", "export AWS_DEFAULT_REGION=eu-west-1"),
        ("fish", "set -gx AWS_ACCESS_KEY_ID 'ASIA1'", "set -gx AWS_DEFAULT_REGION 'eu-west-1'"),
        ("powershell", "$Env:AWS_ACCESS_KEY_ID = 'ASIA1'", "$Env:AWS_DEFAULT_REGION = 'eu-west-1'"),
        ("cmd", 'set "AWS_ACCESS_KEY_ID=ASIA1"', 'set "AWS_DEFAULT_REGION=eu-west-1"'),
        ("ini", "[dev-read]", "region = eu-west-1"),
    ],
)
def test_it_writes_a_line_for_each_value_the_region_last(name, first, last):
    text = texts("eu-west-1")[name]
    assert text.endswith("\n") and not text.endswith("\n\n")
    lines = text.splitlines()
    assert (lines[0], lines[-1]) == (first, last)


@pytest.mark.parametrize("name", ["bash", "fish", "powershell", "cmd", "ini", "json"])
def test_it_names_no_region_where_the_target_has_none(name):
    assert "region" not in texts("")[name].lower()


def test_it_gives_the_variables_that_aws_tools_read():
    assert formats.environment_variables(PLAIN, "") == {
        "AWS_ACCESS_KEY_ID": "ASIA1",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_CREDENTIAL_EXPIRATION": "2026-05-04T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("value", "quoted"),
    [("plain", "'plain'"), ("", "''"), ("'", "''''"), ("a''b", "'a''''b'"), ('"$x`', "'\"$x`'")],
)
def test_it_doubles_single_quotes_for_powershell(value, quoted):
    assert formats.quote_for_powershell(value) == quoted


@pytest.mark.parametrize(
    ("value", "quoted"),
    [("plain", "'plain'"), ("", "''"), ("'", "'\\''"), ("\\", "'\\\\'"), ("\\'", "'\\\\\\''")],
)
def test_it_escapes_with_backslashes_for_fish(value, quoted):
    assert formats.quote_for_fish(value) == quoted
