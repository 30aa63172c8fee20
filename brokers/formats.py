"""Credentials as text for shells, files and tools. Pure."""

import json
import shlex
from collections.abc import Callable
from typing import NamedTuple

from brokers.credentials import Credentials


class Format(NamedTuple):
    """One way to write credentials: id, label, where it goes, the text."""

    id: str
    label: str
    hint: str
    text: str


def all_formats(credentials: Credentials, region: str, name: str) -> list[Format]:
    """Return the credentials in every format; `name` is the profile's."""
    variables = environment_variables(credentials, region)
    json_text = json.dumps(credential_process(credentials), indent=2) + "\n"
    ini_text = profile(credentials, region, name)
    return [
        Format("bash", "bash, zsh", "Paste into the shell.", _lines(variables, _posix_line)),
        Format("fish", "fish", "Paste into the shell.", _lines(variables, _fish_line)),
        Format("powershell", "PowerShell", "Paste into the shell.", _lines(variables, _ps_line)),
        Format("cmd", "cmd", "Paste into the command prompt.", _lines(variables, _cmd_line)),
        Format("ini", "credentials file", "Add to ~/.aws/credentials.", ini_text),
        Format("json", "JSON", "What a credential_process prints.", json_text),
    ]


# -- shells ----------------------------------------------------------------------------------------
def environment_variables(credentials: Credentials, region: str) -> dict[str, str]:
    """Return the environment variables that AWS's tools read."""
    variables = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_CREDENTIAL_EXPIRATION": _expiration(credentials),
    }
    if region:
        variables["AWS_REGION"] = region
        variables["AWS_DEFAULT_REGION"] = region
    return variables


def _lines(variables: dict[str, str], line: Callable[[str, str], str]) -> str:
    return "".join(f"{line(name, value)}\n" for name, value in variables.items())


def _posix_line(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _fish_line(name: str, value: str) -> str:
    return f"set -gx {name} {quote_for_fish(value)}"


def _ps_line(name: str, value: str) -> str:
    return f"$Env:{name} = {quote_for_powershell(value)}"


def _cmd_line(name: str, value: str) -> str:
    # the quotes around the whole keep blanks at the end out of the value
    return f'set "{name}={value}"'


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


def profile(credentials: Credentials, region: str, name: str) -> str:
    """Return a section for `~/.aws/credentials`."""
    lines = [
        f"[{name}]",
        f"aws_access_key_id = {credentials.access_key_id}",
        f"aws_secret_access_key = {credentials.secret_access_key}",
        f"aws_session_token = {credentials.session_token}",
    ]
    if region:
        lines.append(f"region = {region}")
    return "\n".join(lines) + "\n"


def _expiration(credentials: Credentials) -> str:
    """Return the expiry in ISO 8601, UTC."""
    return credentials.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
