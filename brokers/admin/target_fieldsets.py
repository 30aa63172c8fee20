"""The order of a target's fields in its form: what a new one needs first, the rest folded away."""

from collections.abc import Collection, Iterable
from typing import Any

from brokers.target_forms import TargetForm

NEEDED = ("name", "role_arn", "federation_keys", "target_partition", "confirm_keys")
"""Fields without which there is no target, where its kind has them."""

SWITCHES = ("enabled", "accept_weaker")
"""Fields that only targets that exist have: a new one is enabled by its probe."""

HEAD_OF_NEW = (*NEEDED, "title")
HEAD_OF_STORED = (*NEEDED, "title", *SWITCHES, "sensitive")

LAST = "Console and links"

FOLDED = (
    ("What people see", ("description", "account_name", "labels", "colour", "owner", "rank")),
    ("Sessions", ("max_seconds", "sensitive", "session_policy", "policy_arns")),
    ("Reasons", ("reason_pattern", "reason_example")),
    ("Command lines", ("command_lines",)),
    (LAST, ("region", "destination", "role_name")),
)
"""Titles of the folded sets with their fields; LAST also has what is in none."""


Fieldset = tuple[str | None, dict[str, Any]]
"""A title, None for the set without one, and what Django's admin asks of a fieldset."""


def fieldsets_of(
    form_class: type[TargetForm], *, adding: bool, unfolded: Collection[str] = ()
) -> list[Fieldset]:
    """Return the fieldsets of a target's form, as Django's admin takes them.

    A set with a field in `unfolded` is shown open; so is one with an error, by Django.
    """
    # in a dict rather than a set, for their order
    left = dict.fromkeys(form_class.base_fields)
    if adding:
        _take(SWITCHES, left)

    head = _head(form_class, adding=adding)
    sets: dict[str | None, list[str]] = {None: _take(head, left)}
    for title, names in FOLDED:
        sets[title] = _take(names, left)
    # what is in no set
    sets[LAST] += left

    fieldsets = []
    for set_title, fields in sets.items():
        if fields:
            has_unfolded = not set(fields).isdisjoint(unfolded)
            is_folded = bool(set_title) and not has_unfolded
            fieldsets.append(_fieldset(set_title, fields, is_folded=is_folded))
    return fieldsets


def _take(names: Iterable[str], left: dict[str, None]) -> list[str]:
    """Remove the names from those that are left; return the ones that were there."""
    taken = []
    for name in names:
        if name in left:
            del left[name]
            taken.append(name)
    return taken


def _head(form_class: type[TargetForm], *, adding: bool) -> tuple[str, ...]:
    head = HEAD_OF_NEW if adding else HEAD_OF_STORED
    if form_class.base_fields["session_policy"].required:
        # a federated user has no permission without one
        head = (*head, "session_policy")
    return head


def _fieldset(title: str | None, fields: list[str], *, is_folded: bool) -> Fieldset:
    classes = ["collapse"] if is_folded else []
    return title, {"fields": fields, "classes": classes}
