"""Credentials as text for shells, files and tools. Pure.

What cannot be quoted is refused by the writer, whatever is stored: this text is pasted into other
people's shells and files.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from brokers.credentials import Credentials
from brokers.quoting import CMD, FISH, PLAIN, POSIX, POWERSHELL, Shell, checked, shell_lines

PROFILE_PREFIX = "cooper-"
"""Begins the names of profiles, so that none is `default`, or one that the person has already."""

_PROFILE = re.compile(r"[A-Za-z0-9_+=,.@-]+")


class Piece(NamedTuple):
    """A part of a text: one that is secret, or what stands between two of them."""

    text: str
    is_secret: bool


@dataclass(frozen=True, repr=False)
class Format:
    """One way to write credentials: id, label, where it goes, and the text.

    The text is "" where the credentials cannot be written so; the hint then says why.
    """

    id: str
    label: str
    hint: str
    text: str
    secrets: tuple[str, ...]
    """What of the text pages hide until somebody wants to see it."""

    def __repr__(self) -> str:
        """Show no credentials."""
        return f"Format({self.id!r})"

    @cached_property
    def pieces(self) -> list[Piece]:
        """The text, with what is secret apart from the rest."""
        if not self.text:
            return []
        if not all(secret and secret in self.text for secret in self.secrets):
            # quoted, so that it looks otherwise here: nobody knows which part is secret
            return [Piece(self.text, is_secret=True)]

        any_secret = "|".join(re.escape(secret) for secret in self.secrets)
        parts = re.split(f"({any_secret})", self.text)
        return [Piece(part, is_secret=place % 2 == 1) for place, part in enumerate(parts) if part]


class SingleValue(NamedTuple):
    """One of the values of credentials, for a form or a file that asks for each by itself."""

    id: str
    label: str
    text: str
    is_secret: bool


LABELS = {
    "bash": "bash, zsh",
    "fish": "fish",
    "powershell": "PowerShell",
    "cmd": "cmd",
    "configure": "aws configure set",
    "ini": "~/.aws/credentials",
    "env": ".env",
    "json": "JSON",
    "values": "Single values",
}
"""The formats by id, in the order of pages."""

NO_HISTORY = "Paste into the shell. Each line begins with a blank, which keeps it out of the"


def all_formats(credentials: Credentials, region: str, name: str) -> list[Format]:
    """Return the credentials in every format; `name` is the target's, `region` is never empty."""
    variables = environment_variables(credentials, region)
    option = f"--profile {profile_name(name)}"
    secrets = (credentials.secret_access_key, credentials.session_token)

    def written(format_id: str, hint: str, write: Callable[[], str]) -> Format:
        return _written(format_id, hint, write, secrets)

    def in_shell(shell: Shell) -> Callable[[], str]:
        return lambda: shell_lines(shell, variables)

    return [
        written("bash", f"{NO_HISTORY} history of shells that are set so.", in_shell(POSIX)),
        written("fish", f"{NO_HISTORY} history.", in_shell(FISH)),
        written("powershell", "Paste into the shell.", in_shell(POWERSHELL)),
        written("cmd", "Paste into the command prompt.", in_shell(CMD)),
        written(
            "configure",
            f"Paste into any shell, as often as you like. Then use {option}.",
            lambda: configure_commands(credentials, region, name),
        ),
        written(
            "ini",
            "Put into ~/.aws/credentials in place of the section of this name, if there is one: "
            f"with two of them no tool can read the file. Then use {option}.",
            lambda: profile(credentials, region, name),
        ),
        written(
            "env",
            "For docker run --env-file, Compose and what reads .env files. "
            "Keep the file out of version control.",
            lambda: env_file(variables),
        ),
        written(
            "json",
            "What a credential_process prints.",
            lambda: json_text(credential_process(credentials)),
        ),
        written(
            "values",
            "One at a time, for a form or a file that asks for each by itself.",
            lambda: _value_lines(credentials, region),
        ),
    ]


def single_values(credentials: Credentials, region: str) -> list[SingleValue]:
    """Return the values of the credentials and their region, one by one."""
    return [
        SingleValue("key", "Access key ID", credentials.access_key_id, is_secret=False),
        SingleValue("secret", "Secret access key", credentials.secret_access_key, is_secret=True),
        SingleValue("token", "Session token", credentials.session_token, is_secret=True),
        SingleValue("region", "Region", region, is_secret=False),
        SingleValue("expiry", "Expiry", _expiration(credentials), is_secret=False),
    ]


def _written(
    format_id: str, hint: str, write: Callable[[], str], secrets: tuple[str, ...]
) -> Format:
    """Return a format, without a text if its writer refuses."""
    label = LABELS[format_id]
    try:
        return Format(format_id, label, hint, write(), secrets)
    except ValueError as error:
        return Format(format_id, label, f"Not available for these credentials: {error}.", "", ())


# -- variables -------------------------------------------------------------------------------------
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


def env_file(variables: dict[str, str]) -> str:
    """Return variables as a `.env` file; raise ValueError.

    Without quotes, which docker's --env-file would take for a part of the value.
    https://docs.docker.com/reference/cli/docker/container/run/#env
    """
    lines = []
    for name, value in variables.items():
        lines.append(f"{name}={checked(value, PLAIN, name)}")
    return "\n".join(lines) + "\n"


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
    section = checked(profile_name(name), _PROFILE, "the target's name")
    lines = [f"[{section}]"]
    for key, value in _profile_settings(credentials, region).items():
        lines.append(f"{key} = {value}")
    return "\n".join(lines) + "\n"


def configure_commands(credentials: Credentials, region: str, name: str) -> str:
    """Return commands of the AWS CLI that write a profile, and write over it when repeated.

    They mean the same to every shell. Raise ValueError for what would not.
    """
    section = checked(profile_name(name), _PROFILE, "the target's name")
    lines = []
    for key, value in _profile_settings(credentials, region).items():
        lines.append(f' aws configure set {key} "{value}" --profile "{section}"')
    return "\n".join(lines) + "\n"


def _profile_settings(credentials: Credentials, region: str) -> dict[str, str]:
    """Return the settings of a profile, as they may stand in a file; raise ValueError."""
    settings = {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
        "aws_session_token": credentials.session_token,
        "region": region,
    }
    return {key: checked(value, PLAIN, key) for key, value in settings.items()}


def _value_lines(credentials: Credentials, region: str) -> str:
    values = [value.text for value in single_values(credentials, region)]
    return "\n".join(values) + "\n"


def json_text(content: dict[str, object]) -> str:
    """Return JSON for people to read."""
    return json.dumps(content, indent=2) + "\n"


def _expiration(credentials: Credentials) -> str:
    """Return the expiry in ISO 8601, UTC."""
    return credentials.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
