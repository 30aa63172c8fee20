"""Names that the fields of the administration suggest: groups and targets that exist.

Nothing is read for them: they come from the catalogue that the request has, and from the people who
were read for something else. A field takes any other name as well.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.roles import local_groups_with_role
from brokers import catalogue
from brokers.admin.known_people import people_at_hand
from brokers.catalogue_state import Catalogue
from brokers.impact import PeopleByGroup

MOST = 200
"""Names that a page suggests of a kind, so that it stays small."""

LOCAL = "local:"


def known_groups(
    current: Catalogue, people: PeopleByGroup, prefix: str = "", part: str = ""
) -> list[str]:
    """Return the groups of associations and of people, sorted, without the `prefix` they have.

    All that have the `part` in them, in upper or lower case. Where there are too many, those with
    the most targets are in it.
    """
    groups = {str(group) for group in current.by_group} | set(people.groups)
    part = part.casefold()
    chosen = [group for group in groups if group.startswith(prefix) and part in group.casefold()]

    def rank(group: str) -> tuple[int, str]:
        return -len(current.by_group.get(group, ())), group

    most_used = sorted(chosen, key=rank)[:MOST]
    return sorted(group.removeprefix(prefix) for group in most_used)


def known_targets(current: Catalogue) -> list[str]:
    """Return the first names of targets that are not deleted."""
    targets = catalogue.not_deleted(current.targets.values())
    return sorted(str(target.name) for target in targets)[:MOST]


def known_to_audit_log(current: Catalogue) -> list[str]:
    """Return the first AWS accounts and labels, by their names, and the first targets."""
    targets = catalogue.not_deleted(current.targets.values())
    names = {str(account.name or account.account_id) for account in current.accounts.values()}
    for target in targets:
        names.update(target.labels)
    return sorted(names)[:MOST] + known_targets(current)


def groups_of_all_providers(part: str = "") -> list[str]:
    """Return the groups that exist and have a text in their name, as a page shows them."""
    return known_groups(catalogue.latest(), people_at_hand(), part=part)


def names_of_local_groups() -> list[str]:
    """Return the names of the local groups that exist, with those that give a role."""
    names = set(known_groups(catalogue.latest(), people_at_hand(), LOCAL))
    names |= {name for name, _ in local_groups_with_role()}
    return sorted(names)


class SuggestingLines(forms.Textarea):
    """A field of several lines with a list of names under it: browsers suggest for one line alone.

    With its script (suggestions.js), each of the names adds its line.
    """

    def __init__(self, names: Callable[[], list[str]], attrs: Any = None) -> None:
        super().__init__(attrs)
        self.names = names

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        field = super().render(name, value, attrs, renderer)
        context = {"names": self.names(), "field_id": (attrs or {}).get("id", "")}
        return format_html("{}{}", field, render_to_string("admin/suggested_lines.html", context))
