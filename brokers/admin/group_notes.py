"""What a preview says of groups that nobody is known to be in: most of them are misspelt."""

from collections.abc import Iterable
from difflib import get_close_matches

from accounts.identity import Group
from brokers.entitlements import Rule
from brokers.impact import AccessState, PeopleByGroup
from core import audit

LIKE = 0.75
"""How alike two names are (difflib's ratio) where one may be meant for the other."""


def notes_on_new_groups(
    rules_before: Iterable[Rule], after: AccessState, people: PeopleByGroup
) -> list[str]:
    """Return the notes on groups that a change entitles, and that had no association before."""
    groups = set(after.ends(audit.now()))
    for rule in rules_before:
        groups.discard(str(rule.group))
    return notes_on_groups(groups, people)


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
    # without the prefix, which would make all names alike
    name = group.removeprefix(prefix)
    names = [text[len(prefix) :] for text in people.groups if text.startswith(prefix)]
    for match in get_close_matches(name, names, n=1, cutoff=LIKE):
        return f"{prefix}{match}"
    return ""
