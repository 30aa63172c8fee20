"""Credentials as text for shells, files and tools. Pure.

What cannot be quoted is refused by the writer, whatever is stored: this text is pasted into other
people's shells and files.
"""

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from brokers.credentials import Credentials

PROFILE_PREFIX = "cooper-"
"""Begins the names of profiles, so that none is `default`, or one that the person has already."""

OUTRANKING = (
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCOUNT_ID",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
"""Variables of an earlier session that some tool prefers to those that are set, or adds to them.

botocore reads AWS_SECURITY_TOKEN before AWS_SESSION_TOKEN and fails for a profile that it does not
know; the SDK for JavaScript prefers AWS_PROFILE, that for .NET a web identity.
https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
"""

_PRINTABLE = re.compile(r"[\x20-\x7e]+")
"""What shells take in quotes. Others read control characters when pasted, or quotes of Unicode."""

_PLAIN = re.compile(r"[A-Za-z0-9/+=:._~-]+")
"""What needs no quotes: base64, times, regions. cmd and ini files cannot quote the rest."""

_PROFILE = re.compile(r"[A-Za-z0-9_+=,.@-]+")


class Format(NamedTuple):
    """One way to write credentials: id, label, where it goes, and the text.

    The text is "" where the credentials cannot be written so; the hint then says why.
    """

    id: str
    label: str
    hint: str
    text: str


@dataclass(frozen=True)
class _Shell:
    """How a shell sets a variable and how it clears one, a line each."""

    set: Callable[[str, str], str]
    clear: Callable[[str], str]


def all_formats(credentials: Credentials, region: str, name: str) -> list[Format]:
    """Return the credentials in every format; `name` is the target's, `region` is never empty."""
    variables = environment_variables(credentials, region)
    option = f"--profile {profile_name(name)}"

    def in_shell(shell: _Shell) -> Callable[[], str]:
        return lambda: _shell_lines(shell, variables)

    paste = "Paste into the shell."
    return [
        _written("bash", "bash, zsh", paste, in_shell(_POSIX)),
        _written("fish", "fish", paste, in_shell(_FISH)),
        _written("powershell", "PowerShell", paste, in_shell(_POWERSHELL)),
        _written("cmd", "cmd", "Paste into the command prompt.", in_shell(_CMD)),
        _written(
            "configure",
            "AWS CLI",
            f"Paste into any shell, as often as you like. Then use {option}.",
            lambda: configure_commands(credentials, region, name),
        ),
        _written(
            "ini",
            "credentials file",
            "Put into ~/.aws/credentials in place of the section of this name, if there is one: "
            f"with two of them no tool can read the file. Then use {option}.",
            lambda: profile(credentials, region, name),
        ),
        Format(
            "json",
            "JSON",
            "What a credential_process prints.",
            json.dumps(credential_process(credentials), indent=2) + "\n",
        ),
    ]


def _written(format_id: str, label: str, hint: str, write: Callable[[], str]) -> Format:
    """Return a format, without a text if its writer refuses."""
    try:
        return Format(format_id, label, hint, write())
    except ValueError as error:
        return Format(format_id, label, f"Not available for these credentials: {error}.", "")


def _checked(value: str, pattern: re.Pattern[str], what: str) -> str:
    """Return a value that fits the pattern; raise ValueError, without the value, if it does not."""
    if not pattern.fullmatch(value):
        raise ValueError(f"{what} has characters that cannot be written safely here")
    return value


# -- shells ----------------------------------------------------------------------------------------
def environment_variables(credentials: Credentials, region: str) -> dict[str, str]:
    """Return the environment variables that AWS's tools read.

    The region is always among them: the one of an earlier target would count otherwise.
    """
    return {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_CREDENTIAL_EXPIRATION": _expiration(credentials),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }


def _shell_lines(shell: _Shell, variables: dict[str, str]) -> str:
    lines = [shell.clear(name) for name in OUTRANKING]
    for name, value in variables.items():
        lines.append(shell.set(name, value))
    return "\n".join(lines) + "\n"


def _set_in_posix(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(_checked(value, _PRINTABLE, name))}"


def _set_in_fish(name: str, value: str) -> str:
    return f"set -gx {name} {quote_for_fish(_checked(value, _PRINTABLE, name))}"


def _set_in_powershell(name: str, value: str) -> str:
    return f"$Env:{name} = {quote_for_powershell(_checked(value, _PRINTABLE, name))}"


def _set_in_cmd(name: str, value: str) -> str:
    # the quotes around the whole keep blanks at the end of the line out of the value
    return f'set "{name}={_checked(value, _PLAIN, name)}"'


_POSIX = _Shell(set=_set_in_posix, clear=lambda name: f"unset {name}")
_FISH = _Shell(set=_set_in_fish, clear=lambda name: f"set -e {name}")
_POWERSHELL = _Shell(set=_set_in_powershell, clear=lambda name: f"$Env:{name} = $null")
_CMD = _Shell(set=_set_in_cmd, clear=lambda name: f'set "{name}="')


def quote_for_fish(value: str) -> str:
    """Return a value quoted for fish, where a backslash escapes within single quotes."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def quote_for_powershell(value: str) -> str:
    """Return a value quoted for PowerShell, where a single quote is doubled."""
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


# -- files and tools -------------------------------------------------------------------------------
def credential_process(credentials: Credentials) -> dict[str, object]:
    """Return the JSON object of a credential_process.

    Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
    """
    return {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": _expiration(credentials),
    }


def profile_name(target_name: str) -> str:
    """Return the name of a target's profile in files of the AWS CLI and the SDKs."""
    return PROFILE_PREFIX + target_name


def profile(credentials: Credentials, region: str, name: str) -> str:
    """Return a section for `~/.aws/credentials`; raise ValueError for what would break the file."""
    section = _checked(profile_name(name), _PROFILE, "the target's name")
    lines = [f"[{section}]"]
    for key, value in _profile_settings(credentials, region).items():
        lines.append(f"{key} = {value}")
    return "\n".join(lines) + "\n"


def configure_commands(credentials: Credentials, region: str, name: str) -> str:
    """Return commands of the AWS CLI that write a profile, and write over it when repeated.

    They mean the same to every shell. Raise ValueError for what would not.
    """
    section = _checked(profile_name(name), _PROFILE, "the target's name")
    lines = []
    for key, value in _profile_settings(credentials, region).items():
        lines.append(f'aws configure set {key} "{value}" --profile "{section}"')
    return "\n".join(lines) + "\n"


def _profile_settings(credentials: Credentials, region: str) -> dict[str, str]:
    """Return the settings of a profile, as they may stand in a file; raise ValueError."""
    settings = {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
        "aws_session_token": credentials.session_token,
        "region": region,
    }
    return {key: _checked(value, _PLAIN, key) for key, value in settings.items()}


def _expiration(credentials: Credentials) -> str:
    """Return the expiry in ISO 8601, UTC."""
    return credentials.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
