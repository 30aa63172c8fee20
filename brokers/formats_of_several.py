"""The credentials of several targets as one text: profiles, or a command for each target. Pure.

The AWS_* variables of a shell hold one identity. So a shell gets a function for each target, which
changes it to that one; what is to be used side by side goes into profiles.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from brokers.credentials import Credentials
from brokers.formats import (
    LABELS,
    Format,
    configure_commands,
    credential_process,
    environment_variables,
    json_text,
    profile,
    profile_name,
)
from brokers.quoting import (
    FISH_FUNCTION,
    POSIX_FUNCTION,
    POWERSHELL_FUNCTION,
    FunctionSyntax,
    function_line,
)

COMMAND_PREFIX = "use-"
"""Begins the names of the functions; "use" is one of the verbs that PowerShell approves."""

ONE_IDENTITY = (
    f"{COMMAND_PREFIX}NAME makes the shell that target until you use another: a shell holds one "
    "identity at a time. For several side by side, take profiles."
)


class Profile(NamedTuple):
    """One of several: the target's name, its credentials and region."""

    target: str
    credentials: Credentials
    region: str


@dataclass(frozen=True)
class GrowingFormat:
    """A format whose text is the profiles' texts, one after another."""

    id: str
    hint: str
    write: Callable[[Profile], str]
    """It returns the text of one profile, or raises ValueError for what cannot be written."""

    separator: str = ""
    comment: str = ""
    """What begins a comment; "" where a comment would not be safe to paste."""

    @property
    def label(self) -> str:
        """What people call it."""
        return LABELS[self.id]


def _commands(syntax: FunctionSyntax) -> Callable[[Profile], str]:
    def write(one: Profile) -> str:
        variables = environment_variables(one.credentials, one.region)
        return function_line(syntax, COMMAND_PREFIX + one.target, variables)

    return write


GROWING = {
    growing.id: growing
    for growing in (
        GrowingFormat(
            "bash",
            f"Paste into the shell, which gets a command for each target. {ONE_IDENTITY} "
            "Each line begins with a blank, which keeps it out of the history of shells that are "
            "set so.",
            _commands(POSIX_FUNCTION),
        ),
        GrowingFormat(
            "fish",
            f"Paste into the shell, which gets a command for each target. {ONE_IDENTITY} "
            "Each line begins with a blank, which keeps it out of the history.",
            _commands(FISH_FUNCTION),
        ),
        GrowingFormat(
            "powershell",
            f"Paste into the shell, which gets a command for each target. {ONE_IDENTITY}",
            _commands(POWERSHELL_FUNCTION),
        ),
        GrowingFormat(
            "configure",
            "Paste into any shell, as often as you like. Then use --profile cooper-NAME.",
            lambda one: configure_commands(one.credentials, one.region, one.target),
        ),
        GrowingFormat(
            "ini",
            "Put into ~/.aws/credentials in place of the sections of these names, if there are "
            "any: with two of one name no tool can read the file. Then use --profile cooper-NAME.",
            lambda one: profile(one.credentials, one.region, one.target),
            separator="\n",
            comment="# ",
        ),
    )
}
"""The formats that can be sent one profile after another, by id, in the order of pages."""

LABELS_OF_SEVERAL = {format_id: LABELS[format_id] for format_id in (*GROWING, "json")}
"""All formats of several by id, in the order of pages."""


def formats_of_several(profiles: Iterable[Profile]) -> list[Format]:
    """Return the credentials of several targets, in the formats that have room for them."""
    all_profiles = list(profiles)
    formats = [growing_format(growing, all_profiles) for growing in GROWING.values()]
    processes: dict[str, object] = {}
    for one in all_profiles:
        processes[profile_name(one.target)] = credential_process(one.credentials)

    formats.append(
        Format(
            "json",
            LABELS["json"],
            "By profile, what a credential_process prints.",
            json_text(processes),
            _secrets_of(all_profiles),
        )
    )
    return formats


def growing_format(growing: GrowingFormat, profiles: Iterable[Profile]) -> Format:
    """Return a format of several profiles; those that cannot be written are named in the hint."""
    texts = []
    written = []
    hint = growing.hint
    for one in profiles:
        try:
            texts.append(growing.write(one))
        except ValueError as error:
            hint += f" Not here: {one.target}, since {error}."
        else:
            written.append(one)

    text = growing.separator.join(texts)
    return Format(growing.id, growing.label, hint, text, _secrets_of(written))


def _secrets_of(profiles: Iterable[Profile]) -> tuple[str, ...]:
    secrets = []
    for one in profiles:
        secrets += [one.credentials.secret_access_key, one.credentials.session_token]
    return tuple(secrets)
