"""The order of a target's fields in its form: what a new one needs first, the rest folded away."""

from collections.abc import Collection
from typing import Any

from brokers.target_forms import TargetForm

NEEDED = ("name", "role_arn", "federation_keys", "target_partition", "confirm_keys")
"""Fields without which there is no target, where its kind has them."""

SWITCHES = ("enabled", "accept_weaker")
"""Fields that only targets that exist have: a new one is enabled by its probe."""

HEAD_OF_NEW = (*NEEDED, "title")
HEAD_OF_STORED = (*NEEDED, "title", *SWITCHES, "sensitive")

FOLDED = (
    ("What people see", ("description", "account_name", "labels", "colour", "owner", "rank")),
    ("Sessions", ("max_seconds", "sensitive", "session_policy", "policy_arns")),
    ("Reasons", ("reason_pattern", "reason_example")),
    ("Console and links", ("region", "destination", "role_name")),
)
"""Titles of the folded sets with their fields; the last one also has what is in none."""


def fieldsets_of(
    form_class: type[TargetForm], *, adding: bool, unfolded: Collection[str] = ()
) -> list[tuple[str | None, dict[str, Any]]]:
    """Return the fieldsets of a target's form, as Django's admin takes them.

    A set with a field in `unfolded` is shown open; so is one with an error, by Django.
    """
    declared = list(form_class.base_fields)
    if adding:
        declared = [name for name in declared if name not in SWITCHES]

    head = _head(form_class, adding=adding)
    rest = [name for name in declared if name not in head]
    listed = [name for _, names in FOLDED for name in names]

    fieldsets = _fieldset(None, [name for name in head if name in declared], ())
    for title, names in FOLDED:
        fields = [name for name in names if name in rest]
        if title == FOLDED[-1][0]:
            fields += [name for name in rest if name not in listed]
        fieldsets += _fieldset(title, fields, unfolded)
    return fieldsets


def _head(form_class: type[TargetForm], *, adding: bool) -> tuple[str, ...]:
    head = HEAD_OF_NEW if adding else HEAD_OF_STORED
    if form_class.base_fields["session_policy"].required:
        # a federated user has no permission without one
        head = (*head, "session_policy")
    return head


def _fieldset(
    title: str | None, fields: list[str], unfolded: Collection[str]
) -> list[tuple[str | None, dict[str, Any]]]:
    if not fields:
        return []
    is_folded = bool(title) and not set(fields) & set(unfolded)
    classes = ["collapse"] if is_folded else []
    return [(title, {"fields": fields, "classes": classes})]
