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


def variables(credentials: Credentials, region: str) -> dict[str, str]:
    """Return the environment variables that AWS's tools read."""
    found = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_CREDENTIAL_EXPIRATION": expiry(credentials),
    }
    return found | ({"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {})


def expiry(credentials: Credentials) -> str:
    """Return the expiry in ISO 8601, UTC."""
    return credentials.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def posix(value: str) -> str:
    """Return a value quoted for bash and zsh."""
    return shlex.quote(value)


def fish(value: str) -> str:
    """Return a value quoted for fish, where a backslash escapes within single quotes."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def powershell(value: str) -> str:
    """Return a value quoted for PowerShell."""
    return "'" + value.replace("'", "''") + "'"


def _lines(credentials: Credentials, region: str, write: Callable[[str, str], str]) -> str:
    """Return one line a variable."""
    return (
        "\n".join(write(name, value) for name, value in variables(credentials, region).items())
        + "\n"
    )


def credential_process(credentials: Credentials) -> dict[str, object]:
    """Return the JSON object of a credential_process (AWS SDKs and Tools Reference Guide, process credentials)."""
    return {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": expiry(credentials),
    }


def profile(credentials: Credentials, region: str, name: str) -> str:
    """Return a section for `~/.aws/credentials`."""
    lines = [
        f"[{name}]",
        f"aws_access_key_id = {credentials.access_key_id}",
        f"aws_secret_access_key = {credentials.secret_access_key}",
        f"aws_session_token = {credentials.session_token}",
    ]
    return "\n".join(lines + ([f"region = {region}"] if region else [])) + "\n"


def all_formats(credentials: Credentials, region: str, name: str) -> list[Format]:
    """Return the credentials in every format; `name` is the profile's."""
    return [
        Format(
            "bash",
            "bash, zsh",
            "Paste into the shell.",
            _lines(credentials, region, lambda n, v: f"export {n}={posix(v)}"),
        ),
        Format(
            "fish",
            "fish",
            "Paste into the shell.",
            _lines(credentials, region, lambda n, v: f"set -gx {n} {fish(v)}"),
        ),
        Format(
            "powershell",
            "PowerShell",
            "Paste into the shell.",
            _lines(credentials, region, lambda n, v: f"$Env:{n} = {powershell(v)}"),
        ),
        Format(
            "cmd",
            "cmd",
            "Paste into the command prompt.",
            _lines(credentials, region, lambda n, v: f'set "{n}={v}"'),
        ),
        Format(
            "ini",
            "credentials file",
            "Add to ~/.aws/credentials.",
            profile(credentials, region, name),
        ),
        Format(
            "json",
            "JSON",
            "What a credential_process prints.",
            json.dumps(credential_process(credentials), indent=2) + "\n",
        ),
    ]
