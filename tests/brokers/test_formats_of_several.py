"""The credentials of several targets as one text: read back by botocore and by shells."""

import json
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import botocore.configloader
import pytest

from brokers import formats
from brokers.credentials import Credentials
from brokers.formats import Format
from brokers.formats_of_several import (
    GROWING,
    LABELS_OF_SEVERAL,
    Profile,
    formats_of_several,
    growing_format,
)
from tests.support.shells import run

NOON = datetime(2126, 5, 4, 12, 0, tzinfo=UTC)
FIRST = Credentials("ASIA1", "secret/+", "token//+==", NOON, "arn:aws:sts::1:x", "alice.x")
OTHER = Credentials("ASIA2", "other/+", "another//==", NOON, "arn:aws:sts::2:x", "alice.y")
SEVERAL = [
    Profile("dev-read", FIRST, "eu-west-1"),
    Profile("a+b=c,d.e@f", OTHER, "cn-north-1"),
]
OWN_FILE = "[default]\naws_access_key_id = AKIAOWN\naws_secret_access_key = own\n"
"""What a person has in ~/.aws/credentials."""

LEFT_OVER = {"AWS_PROFILE": "work", "AWS_SECURITY_TOKEN": "old", "AWS_SESSION_TOKEN": "old"}
"""What an earlier session left in a shell."""

SHELLS = [("bash", "bash"), ("zsh", "bash"), ("fish", "fish")]
"""The shells, and the format that each of them reads."""


def by_id(profiles: Iterable[Profile] = SEVERAL) -> dict[str, Format]:
    return {written.id: written for written in formats_of_several(profiles)}


def test_every_format_has_its_label_a_hint_and_hides_all_secrets() -> None:
    written = by_id()
    assert list(written) == ["bash", "fish", "powershell", "configure", "ini", "json"]
    assert {name: form.label for name, form in written.items()} == LABELS_OF_SEVERAL
    assert [name for name in formats.LABELS if name in written] == list(written)
    assert all(form.hint.endswith(".") for form in written.values())

    del written["powershell"]  # it cannot give the second of the names
    for form in written.values():
        hidden = {piece.text for piece in form.pieces if piece.is_secret}
        assert hidden == {"secret/+", "token//+==", "other/+", "another//=="}


# -- profiles --------------------------------------------------------------------------------------
def test_several_targets_are_a_block_of_profiles_that_botocore_reads(tmp_path: Path) -> None:
    written = by_id()
    file = tmp_path / "credentials"
    file.write_text(OWN_FILE + written["ini"].text)
    profiles = botocore.configloader.raw_config_parse(str(file))
    assert list(profiles) == ["default", "cooper-dev-read", "cooper-a+b=c,d.e@f"]
    assert profiles["cooper-a+b=c,d.e@f"] == {
        "aws_access_key_id": "ASIA2",
        "aws_secret_access_key": "other/+",
        "aws_session_token": "another//==",
        "region": "cn-north-1",
    }
    assert json.loads(written["json"].text) == {
        formats.profile_name(one.target): formats.credential_process(one.credentials)
        for one in SEVERAL
    }


def test_a_profile_that_cannot_be_written_leaves_the_others_alone() -> None:
    broken = Profile("staging", FIRST, "us-east-1\ncredential_process=/x")
    written = by_id([SEVERAL[0], broken, SEVERAL[1]])
    for name in GROWING:
        assert "credential_process" not in written[name].text
        assert "Not here: staging, since" in written[name].hint
        assert "ASIA1" in written[name].text
    sections = re.findall(r"^\[(.+)\]$", written["ini"].text, re.MULTILINE)
    assert sections == ["cooper-dev-read", "cooper-a+b=c,d.e@f"]


def test_a_format_grows_profile_by_profile_into_the_whole() -> None:
    for growing in GROWING.values():
        parts = [growing_format(growing, [one]).text for one in SEVERAL]
        assert growing.separator.join(part for part in parts if part) == by_id()[growing.id].text


# -- commands of a shell ---------------------------------------------------------------------------
def variables_after(shell: str, script: str) -> dict[str, str]:
    """Return the AWS_* variables of a shell in which somebody did what the script does."""
    variables = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **LEFT_OVER}
    pairs = run(shell, f"cd /\n{script}env -0", **variables).split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair.startswith("AWS_"))


@pytest.mark.parametrize(("shell", "format_id"), SHELLS)
def test_a_shell_becomes_what_its_commands_name_and_nothing_before(
    shell: str, format_id: str
) -> None:
    text = by_id()[format_id].text
    assert variables_after(shell, text) == LEFT_OVER

    first = variables_after(shell, f"{text}use-dev-read\n")
    assert first == formats.environment_variables(FIRST, "eu-west-1")

    there_and_back = f"{text}use-dev-read\nuse-a+b=c,d.e@f\n"
    other = formats.environment_variables(OTHER, "cn-north-1")
    assert variables_after(shell, there_and_back) == other
    assert variables_after(shell, f"{there_and_back}use-dev-read\n") == first


def test_no_name_is_an_operator_of_the_shell() -> None:
    script = "shopt -s extglob\n"
    names = ["a+", "a@", "a=", "a,b", "a-"]
    for name in names:
        script += by_id([Profile(name, FIRST, "eu-west-1")])["bash"].text
        script += f"unset AWS_ACCESS_KEY_ID\nuse-{name}\necho $AWS_ACCESS_KEY_ID\n"
    assert run("bash", script).split() == ["ASIA1"] * len(names)


@pytest.mark.parametrize("format_id", ["bash", "fish"])
def test_each_command_is_one_line_that_begins_with_a_blank(format_id: str) -> None:
    written = by_id()[format_id]
    lines = written.text.splitlines()
    assert len(lines) == len(SEVERAL)
    assert all(re.match(r" function use-\S+[ ;]", line) for line in lines)
    assert "history" in written.hint and not GROWING[format_id].comment


def test_powershell_gets_no_name_that_it_would_read_otherwise() -> None:
    written = by_id()["powershell"]
    assert re.findall(r"^function (\S+) \{ .+ \}$", written.text, re.MULTILINE) == ["use-dev-read"]
    assert "Not here: a+b=c,d.e@f, since the target's name" in written.hint


def test_a_value_that_would_leave_its_quotes_makes_no_command() -> None:
    hostile = replace(FIRST, session_token="x\n}; whoami; {")
    for format_id in ("bash", "fish", "powershell"):
        assert by_id([Profile("dev-read", hostile, "eu-west-1")])[format_id].text == ""
    quoted = replace(FIRST, session_token="a'b; whoami; }")
    text = by_id([Profile("dev-read", quoted, "eu-west-1")])["bash"].text
    assert run("bash", f'{text}use-dev-read\nprintf %s "$AWS_SESSION_TOKEN"') == "a'b; whoami; }"
