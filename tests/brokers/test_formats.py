"""Credentials as text: read back by the shells and by botocore themselves where they are here."""

import json
import os
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import botocore.configloader
import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers import formats, quoting
from brokers.credentials import Credentials
from tests.support.shells import run

NOON = datetime(2126, 5, 4, 12, 0, tzinfo=UTC)
PLAIN = Credentials("ASIA1", "secret/+", "token//+==", NOON, "arn:aws:sts::1:x", "alice.x")
POSIX_SHELLS = ["bash", "sh", "dash", "zsh"]
AWKWARD = "a'b\"c$d`e\\f%g!h i/+="
IDS = ["bash", "fish", "powershell", "cmd", "configure", "ini", "env", "json", "values"]

HOSTILE = [
    'x" & calc & "us-east-1',
    "us-east-1\ncredential_process=/x",
    "us-east-1\r\nwhoami",
    "us-east-1'; whoami; '",
    "us-east-1\N{RIGHT SINGLE QUOTATION MARK}; whoami; \N{LEFT SINGLE QUOTATION MARK}",
    "%COMSPEC%",
    "$(whoami)",
    "`whoami`",
    "\x1b[201~whoami",
    "us-east-1\x00",
    "us-east-1\N{LINE SEPARATOR}whoami",
    "us-east-1 # note",
]
"""What might be stored where a region or an AWS answer should be."""


def texts(
    credentials: Credentials = PLAIN, region: str = "eu-west-1", name: str = "dev-read"
) -> dict[str, str]:
    return {written.id: written.text for written in formats.all_formats(credentials, region, name)}


def by_id(format_id: str, name: str = "dev-read", **changes: str) -> formats.Format:
    written = formats.all_formats(replace(PLAIN, **changes), "eu-west-1", name)
    return next(each for each in written if each.id == format_id)


def test_every_format_has_an_id_of_its_own_a_label_and_a_hint() -> None:
    all_formats = formats.all_formats(PLAIN, "eu-west-1", "dev-read")
    assert [written.id for written in all_formats] == IDS == list(formats.LABELS)
    assert all(written.label and written.hint.endswith(".") for written in all_formats)


def test_it_gives_the_variables_that_aws_tools_read() -> None:
    assert formats.environment_variables(PLAIN, "eu-west-1") == {
        "AWS_ACCESS_KEY_ID": "ASIA1",
        "AWS_SECRET_ACCESS_KEY": "secret/+",
        "AWS_SESSION_TOKEN": "token//+==",
        "AWS_CREDENTIAL_EXPIRATION": "2126-05-04T12:00:00Z",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("bash", " unset AWS_SECURITY_TOKEN", " export AWS_DEFAULT_REGION=eu-west-1"),
        ("fish", " set -e AWS_SECURITY_TOKEN", " set -gx AWS_DEFAULT_REGION 'eu-west-1'"),
        (
            "powershell",
            "$Env:AWS_SECURITY_TOKEN = $null",
            "$Env:AWS_DEFAULT_REGION = 'eu-west-1'",
        ),
        ("cmd", 'set "AWS_SECURITY_TOKEN="', 'set "AWS_DEFAULT_REGION=eu-west-1"'),
        ("ini", "[cooper-dev-read]", "region = eu-west-1"),
        ("env", "AWS_ACCESS_KEY_ID=ASIA1", "AWS_DEFAULT_REGION=eu-west-1"),
    ],
)
def test_it_clears_first_and_sets_the_region_last(name: str, first: str, last: str) -> None:
    text = texts()[name]
    assert text.endswith("\n") and not text.endswith("\n\n")
    lines = text.splitlines()
    assert (lines[0], lines[-1]) == (first, last)


def test_it_is_what_a_credential_process_prints() -> None:
    assert json.loads(texts(replace(PLAIN, secret_access_key=AWKWARD))["json"]) == {
        "Version": 1,
        "AccessKeyId": "ASIA1",
        "SecretAccessKey": AWKWARD,
        "SessionToken": "token//+==",
        "Expiration": "2126-05-04T12:00:00Z",
    }


def test_it_masks_credentials_in_their_repr() -> None:
    shown = repr(PLAIN)
    assert "secret" not in shown and "token" not in shown and "ASIA1" in shown


# -- shells ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_posix_shell_reads_it(shell: str) -> None:
    script = texts(replace(PLAIN, secret_access_key=AWKWARD))["bash"] + (
        'printf "%s|%s|%s" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" "$AWS_REGION"'
    )
    assert run(shell, script) == f"{AWKWARD}|token//+==|eu-west-1"


LEFT_OVER = {
    "AWS_ACCESS_KEY_ID": "ASIAOLD",
    "AWS_SECRET_ACCESS_KEY": "old",
    "AWS_SESSION_TOKEN": "old",
    "AWS_SECURITY_TOKEN": "old",
    "AWS_PROFILE": "work",
    "AWS_DEFAULT_PROFILE": "work",
    "AWS_ACCOUNT_ID": "999999999999",
    "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/Old",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    "AWS_REGION": "us-gov-west-1",
    "AWS_DEFAULT_REGION": "us-gov-west-1",
}
"""What earlier sessions left in a shell."""


def test_fish_reads_it() -> None:
    script = texts(replace(PLAIN, secret_access_key=AWKWARD))["fish"] + (
        'printf "%s|%s|%s" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" "$AWS_REGION"'
    )
    assert run("fish", script, HOME="/nonexistent") == f"{AWKWARD}|token//+==|eu-west-1"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_its_lines_begin_with_a_blank_for_shells_to_keep_them_out_of_their_history(
    shell: str,
) -> None:
    lines = texts()["fish" if shell == "fish" else "bash"].splitlines()
    assert all(re.match(r" \S", line) for line in lines)
    assert "history" in by_id("fish" if shell == "fish" else "bash").hint


@pytest.mark.parametrize("shell", [*POSIX_SHELLS, "fish"])
def test_nothing_left_over_counts_for_botocore(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = texts()["fish" if shell == "fish" else "bash"]
    variables = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **LEFT_OVER}
    pairs = run(shell, f"cd /\n{text}env -0", **variables).split("\0")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in (pair.split("=", 1) for pair in pairs if pair.startswith("AWS_")):
        monkeypatch.setenv(name, value)

    session = botocore.session.Session()
    credentials = session.get_credentials()
    assert (credentials.access_key, credentials.token) == ("ASIA1", "token//+==")
    assert credentials.account_id is None
    assert session.get_config_variable("region") == "eu-west-1"
    assert session.profile is None


CLEARED = {
    "bash": " unset {}",
    "fish": " set -e {}",
    "powershell": "$Env:{} = $null",
    "cmd": 'set "{}="',
}


@pytest.mark.parametrize("shell", CLEARED)
def test_every_shell_clears_or_sets_every_variable_that_is_left_over(shell: str) -> None:
    lines = texts()[shell].splitlines()
    for name in LEFT_OVER:
        is_set = any(re.search(rf"\b{name}\b ?=? ?.", line) for line in lines)
        assert CLEARED[shell].format(name) in lines or is_set


def test_every_shell_sets_all_that_it_is_given() -> None:
    for shell in CLEARED:
        for name, value in formats.environment_variables(PLAIN, "eu-west-1").items():
            assert [line for line in texts()[shell].splitlines() if name in line and value in line]


def reads_single_quoted(line: str, before: str, quotes: str, pairs: dict[str, str]) -> str:
    """Return the value of a line in single quotes, as a shell's own rules read it.

    `pairs` are the two characters that stand for one; the value ends with the line.
    """
    assert line.startswith(f"{before}'")
    rest = line.removeprefix(f"{before}'")
    value = ""
    while rest[0] not in quotes or rest[:2] in pairs:
        taken = rest[:2] if rest[:2] in pairs else rest[0]
        value += pairs.get(taken, taken)
        rest = rest[len(taken) :]
    assert rest == "'"
    return value


FISH_PAIRS = {"\\\\": "\\", "\\'": "'"}
"""https://fishshell.com/docs/current/language.html#quotes"""

POWERSHELL_QUOTES = "'\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\u201a\u201b"
"""What PowerShell takes for a single quote (CharExtensions.IsSingleQuote)."""

TEXTS = st.text(max_size=12) | st.sampled_from([*HOSTILE, AWKWARD])


@given(TEXTS)
def test_fish_and_powershell_read_what_was_written_or_nothing_is(secret: str) -> None:
    written = texts(replace(PLAIN, secret_access_key=secret))
    is_printable = secret.isascii() and secret.isprintable() and secret != ""
    assert bool(written["fish"]) is bool(written["powershell"]) is is_printable
    if not is_printable:
        return

    lines = written["fish"].splitlines()
    line = next(line for line in lines if "AWS_SECRET_ACCESS_KEY" in line)
    assert reads_single_quoted(line, " set -gx AWS_SECRET_ACCESS_KEY ", "'", FISH_PAIRS) == secret

    lines = written["powershell"].splitlines()
    line = next(line for line in lines if "AWS_SECRET_ACCESS_KEY" in line)
    before = "$Env:AWS_SECRET_ACCESS_KEY = "
    assert reads_single_quoted(line, before, POWERSHELL_QUOTES, {"''": "'"}) == secret


CMD_LINE = re.compile(r'set "[A-Z_]+=[^"%!^&|<>()\x00-\x20\x7f-\U0010ffff]*"')
"""What cmd takes as it is, with delayed expansion too."""


@given(TEXTS)
def test_cmd_and_files_get_nothing_that_they_cannot_quote(secret: str) -> None:
    written = texts(replace(PLAIN, secret_access_key=secret))
    for line in written["cmd"].splitlines():
        assert CMD_LINE.fullmatch(line)
    for line in written["configure"].splitlines():
        assert re.fullmatch(r' aws configure set [a-z_]+ "[^"$`\\!%\s]+" --profile "\S+"', line)
    for line in written["ini"].splitlines():
        assert re.fullmatch(r"\[cooper-dev-read\]|[a-z_]+ = [!-~]+", line)
    for line in written["env"].splitlines():
        assert re.fullmatch(r"[A-Z_]+=[^\s#'\"$`\\]+", line)


@pytest.mark.parametrize("region", HOSTILE)
def test_a_hostile_region_is_quoted_or_nothing_is_written(region: str) -> None:
    for written in formats.all_formats(PLAIN, region, "dev-read"):
        if written.id in ("cmd", "ini", "configure", "env"):
            assert written.text == ""
        if not written.text:
            assert "cannot be written safely" in written.hint
            assert "secret" not in written.hint

    script = texts(region=region)["bash"]
    if script:
        assert run("bash", script + 'printf %s "$AWS_REGION"') == region


def test_no_shell_and_no_file_gets_what_is_no_text_of_one_line() -> None:
    written = texts(replace(PLAIN, session_token="two\nlines"))
    assert [name for name, text in written.items() if text] == ["json", "values"]


@pytest.mark.parametrize(
    ("value", "quoted"),
    [("plain", "'plain'"), ("", "''"), ("'", "''''"), ("a''b", "'a''''b'"), ('"$x`', "'\"$x`'")],
)
def test_it_doubles_single_quotes_for_powershell(value: str, quoted: str) -> None:
    assert quoting.quote_for_powershell(value) == quoted


@pytest.mark.parametrize(
    ("value", "quoted"),
    [("plain", "'plain'"), ("", "''"), ("'", "'\\''"), ("\\", "'\\\\'"), ("\\'", "'\\\\\\''")],
)
def test_it_escapes_with_backslashes_for_fish(value: str, quoted: str) -> None:
    assert quoting.quote_for_fish(value) == quoted


# -- files -----------------------------------------------------------------------------------------
OWN_FILE = "[default]\naws_access_key_id = AKIAOWN\naws_secret_access_key = own\n"
"""What a person has in ~/.aws/credentials."""

NAMES = ["dev-read", "default", "DEFAULT", "profile", "a+b=c,d.e@f", "work"]


@pytest.mark.parametrize("name", NAMES)
def test_botocore_reads_the_profile_and_the_persons_own_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    file.write_text(OWN_FILE + "[work]\naws_access_key_id = AKIAWORK\n" + texts(name=name)["ini"])

    profiles = botocore.configloader.raw_config_parse(str(file))
    assert profiles[f"cooper-{name}"] == {
        "aws_access_key_id": "ASIA1",
        "aws_secret_access_key": "secret/+",
        "aws_session_token": "token//+==",
        "region": "eu-west-1",
    }
    assert profiles["default"]["aws_access_key_id"] == "AKIAOWN"
    assert profiles["work"] == {"aws_access_key_id": "AKIAWORK"}

    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    session = botocore.session.Session(profile=f"cooper-{name}")
    assert session.get_credentials().access_key == "ASIA1"


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_the_cli_s_commands_say_the_same_when_pasted_twice(shell: str) -> None:
    # stands for the AWS CLI, which is not a part of cooper
    command = 'aws() { printf "%s\\n" "$*"; }\n'
    name = "a+b=c,d.e@f"
    pasted = texts(name=name)["configure"]
    assert run(shell, command + pasted + pasted).splitlines() == 2 * [
        f"configure set aws_access_key_id ASIA1 --profile cooper-{name}",
        f"configure set aws_secret_access_key secret/+ --profile cooper-{name}",
        f"configure set aws_session_token token//+== --profile cooper-{name}",
        f"configure set region eu-west-1 --profile cooper-{name}",
    ]


def test_the_hint_of_the_file_says_to_replace_and_why(tmp_path: Path) -> None:
    ini = by_id("ini", name="x")
    assert "in place of the section of this name" in ini.hint
    assert "with two of them no tool can read the file" in ini.hint
    assert "--profile cooper-x" in ini.hint

    file = tmp_path / "credentials"
    file.write_text(2 * ini.text)
    with pytest.raises(botocore.exceptions.ConfigParseError):
        botocore.configloader.raw_config_parse(str(file))


@pytest.mark.parametrize("name", ["x]\n[default", "x y", 'x"', "x$y", ""])
def test_a_name_that_would_break_out_of_its_section_gets_no_profile(name: str) -> None:
    written = texts(name=name)
    if name:
        assert (written["ini"], written["configure"]) == ("", "")
    else:
        assert written["ini"].startswith("[cooper-]\n")


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_shell_reads_the_env_file_as_it_stands(shell: str, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(texts()["env"])
    script = f'set -a; . {file}; set +a; printf "%s|%s" "$AWS_SESSION_TOKEN" "$AWS_REGION"'
    assert run(shell, script) == "token//+==|eu-west-1"
    # docker run --env-file takes everything after the first "=" as it stands
    pairs = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert pairs == formats.environment_variables(PLAIN, "eu-west-1")


def test_the_real_aws_cli_writes_the_profile(tmp_path: Path) -> None:
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
    }
    if not shutil.which("aws"):
        pytest.skip("aws is not on this machine: apt-get install awscli")

    run("bash", texts(name="a+b=c,d.e@f")["configure"], **variables)
    stored = botocore.configloader.raw_config_parse(variables["AWS_SHARED_CREDENTIALS_FILE"])
    assert stored["cooper-a+b=c,d.e@f"] == {
        "aws_access_key_id": "ASIA1",
        "aws_secret_access_key": "secret/+",
        "aws_session_token": "token//+==",
    }
    config = botocore.configloader.load_config(variables["AWS_CONFIG_FILE"])
    assert config["profiles"]["cooper-a+b=c,d.e@f"] == {"region": "eu-west-1"}


# -- what is hidden --------------------------------------------------------------------------------
@pytest.mark.parametrize("format_id", IDS)
def test_what_is_secret_is_marked_in_every_format(format_id: str) -> None:
    written = by_id(format_id)
    assert "".join(piece.text for piece in written.pieces) == written.text
    hidden = [piece.text for piece in written.pieces if piece.is_secret]
    assert hidden == ["secret/+", "token//+=="]
    shown = "".join(piece.text for piece in written.pieces if not piece.is_secret)
    assert "ASIA1" in shown and "secret/+" not in shown and "token//+==" not in shown
    assert "secret/+" not in repr(written) and "token//" not in repr(written)


@pytest.mark.parametrize("format_id", ["bash", "fish", "powershell", "json"])
def test_a_text_in_which_a_secret_looks_otherwise_is_secret_as_a_whole(format_id: str) -> None:
    written = by_id(format_id, secret_access_key=AWKWARD)
    assert written.text
    assert [piece.is_secret for piece in written.pieces] == [True]


def test_single_values_have_a_line_each() -> None:
    assert by_id("values").text.splitlines() == [
        "ASIA1",
        "secret/+",
        "token//+==",
        "eu-west-1",
        "2126-05-04T12:00:00Z",
    ]
    values = formats.single_values(PLAIN, "eu-west-1")
    assert [value.label for value in values if value.is_secret] == [
        "Secret access key",
        "Session token",
    ]
