"""What a preview says of groups that nobody is known to be in: most of them are misspelt."""

from collections.abc import Iterable
from difflib import get_close_matches

from accounts.identity import Group
from brokers.impact import PeopleByGroup

LIKE = 0.75
"""How alike two names are (difflib's ratio) where one may be meant for the other."""


def notes_on_groups(groups: Iterable[str], people: PeopleByGroup) -> list[str]:
    """Return a line for each group (`provider:name`) that nobody is known to be in.

    It is no error: nobody of the group may have signed in yet.
    """
    notes = []
    for group in sorted(groups):
        if group in people.groups:
            continue
        note = f"{group}: nobody known is in it so far."
        meant = _most_alike(group, people)
        if meant:
            note += f" Did you mean {meant}?"
        notes.append(note)
    return notes


def _most_alike(group: str, people: PeopleByGroup) -> str:
    """Return the group of the same provider with the most similar name, or ""."""
    provider = Group.from_stored(group).provider
    prefix = f"{provider}:"
    names = [name.removeprefix(prefix) for name in people.groups if name.startswith(prefix)]

    matches = get_close_matches(group.removeprefix(prefix), names, n=1, cutoff=LIKE)
    return f"{prefix}{matches[0]}" if matches else ""
