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


COMMAND = re.compile(r"[A-Za-z0-9_+=,.@-]+")
"""Names of functions in bash, zsh and fish, beyond what POSIX takes."""

COMMAND_OF_POWERSHELL = re.compile(r"[A-Za-z0-9_.-]+")
"""Names of functions in PowerShell, where a comma or an "@" would begin something else."""


@dataclass(frozen=True)
class Shell:
    """How a shell sets a variable and how it clears one, a line each."""

    set: Callable[[str, str], str]
    clear: Callable[[str], str]


@dataclass(frozen=True)
class FunctionSyntax:
    """How a shell defines a function: on one line, with `{name}` and `{body}`."""

    shell: Shell
    name: re.Pattern[str]
    line: str


def checked(value: str, pattern: re.Pattern[str], what: str) -> str:
    """Return a value that fits the pattern; raise ValueError, without the value, if it does not."""
    if not pattern.fullmatch(value):
        raise ValueError(f"{what} has characters that cannot be written safely here")
    return value


def shell_lines(shell: Shell, variables: dict[str, str]) -> str:
    """Return the lines that set the variables, and clear before those that would outrank them.

    Raise ValueError for a value that the shell cannot quote.
    """
    return "\n".join(_lines(shell, variables)) + "\n"


def function_line(syntax: FunctionSyntax, name: str, variables: dict[str, str]) -> str:
    """Return the line that defines a function, which does what `shell_lines` do once it is called.

    It is one line: bash asks of the first line of a command alone whether its history may have it.
    Raise ValueError for a name that the shell cannot give, or a value that it cannot quote.
    """
    checked_name = checked(name, syntax.name, "the target's name")
    statements = [line.strip() for line in _lines(syntax.shell, variables)]
    return syntax.line.format(name=checked_name, body="; ".join(statements)) + "\n"


def _lines(shell: Shell, variables: dict[str, str]) -> list[str]:
    lines = [shell.clear(name) for name in OUTRANKING]
    for name, value in variables.items():
        lines.append(shell.set(name, value))
    return lines


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

POSIX_FUNCTION = FunctionSyntax(POSIX, COMMAND, " function {name} {{ {body}; }}")
FISH_FUNCTION = FunctionSyntax(FISH, COMMAND, " function {name}; {body}; end")
POWERSHELL_FUNCTION = FunctionSyntax(
    POWERSHELL, COMMAND_OF_POWERSHELL, "function {name} {{ {body} }}"
)
