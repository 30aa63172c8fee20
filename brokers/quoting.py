"""How each shell sets and clears variables, quoted right. Pure.

What cannot be quoted is refused, whatever is stored: it is pasted into other people's shells.
"""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

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

PRINTABLE = re.compile(r"[\x20-\x7e]+")
"""What shells take in quotes. Others read control characters when pasted, or quotes of Unicode."""

PLAIN = re.compile(r"[A-Za-z0-9/+=:._~-]+")
"""What needs no quotes: base64, times, regions. cmd and ini files cannot quote the rest."""


@dataclass(frozen=True)
class Shell:
    """How a shell sets a variable and how it clears one, a line each."""

    set: Callable[[str, str], str]
    clear: Callable[[str], str]


def checked(value: str, pattern: re.Pattern[str], what: str) -> str:
    """Return a value that fits the pattern; raise ValueError, without the value, if it does not."""
    if not pattern.fullmatch(value):
        raise ValueError(f"{what} has characters that cannot be written safely here")
    return value


def shell_lines(shell: Shell, variables: dict[str, str]) -> str:
    """Return the lines that set the variables, and clear before those that would outrank them.

    Raise ValueError for a value that the shell cannot quote.
    """
    lines = [shell.clear(name) for name in OUTRANKING]
    for name, value in variables.items():
        lines.append(shell.set(name, value))
    return "\n".join(lines) + "\n"


def quote_for_fish(value: str) -> str:
    """Return a value quoted for fish, where a backslash escapes within single quotes."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def quote_for_powershell(value: str) -> str:
    """Return a value quoted for PowerShell, where a single quote is doubled."""
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


def _set_in_posix(name: str, value: str) -> str:
    return f" export {name}={shlex.quote(checked(value, PRINTABLE, name))}"


def _set_in_fish(name: str, value: str) -> str:
    return f" set -gx {name} {quote_for_fish(checked(value, PRINTABLE, name))}"


def _set_in_powershell(name: str, value: str) -> str:
    return f"$Env:{name} = {quote_for_powershell(checked(value, PRINTABLE, name))}"


def _set_in_cmd(name: str, value: str) -> str:
    # the quotes around the whole keep blanks at the end of the line out of the value
    return f'set "{name}={checked(value, PLAIN, name)}"'


# fish keeps no line in its history that begins with a blank, nor do bash and zsh with their usual
# settings HISTCONTROL=ignorespace and HIST_IGNORE_SPACE
POSIX = Shell(set=_set_in_posix, clear=lambda name: f" unset {name}")
FISH = Shell(set=_set_in_fish, clear=lambda name: f" set -e {name}")
POWERSHELL = Shell(set=_set_in_powershell, clear=lambda name: f"$Env:{name} = $null")
CMD = Shell(set=_set_in_cmd, clear=lambda name: f'set "{name}="')
