"""The steps of a form: the first one previews what it does, the second one saves it.

Forms that do nothing to anybody's access have one step, in which they are saved.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from core.admin.operations import (
    AdminOperation,
    AdminRequest,
    ImpactNotConfirmed,
    NotSavedYet,
    fingerprint,
)

IMPACT_SHOWN_INPUT = "impact_shown"
"""The hidden input with the fingerprint of the impact that the form has shown."""

PREVIEW_BUTTON = "_preview"
"""The button that shows who gains and who loses; nothing is ever saved by it."""

Fieldset = tuple[str | None, dict[str, Any]]
"""A title and what Django's admin takes with it: `fields`, `classes`."""


def demand_impact_seen(request: AdminRequest, operation: AdminOperation[Any]) -> None:
    """Raise ImpactNotConfirmed unless whoever saves has seen the operation's impact."""
    if PREVIEW_BUTTON in request.POST:
        raise ImpactNotConfirmed

    fingerprint_shown = request.POST.get(IMPACT_SHOWN_INPUT, "")
    if operation.impact and fingerprint_shown != fingerprint(operation.impact):
        raise ImpactNotConfirmed


def step_context(operation: AdminOperation[Any], form: Any, *, previews: bool) -> dict[str, Any]:
    """Return, for the template, in which step a form is and what its preview shows."""
    is_first_step = previews and not operation.is_previewed
    has_hidden_error = not form.operation_fields.isdisjoint(form.errors)
    context = {
        "is_first_step": is_first_step,
        "is_previewed": operation.is_previewed,
        # a code is asked for where the form is saved, and not before
        "asks_to_confirm": not is_first_step or has_hidden_error,
        "impact": operation.impact,
        "impact_fingerprint": fingerprint(operation.impact),
        "changed_labels": changed_labels(operation, form),
    }
    if operation.is_previewed:
        # the buttons that save stand alone: what deletes is on the first step
        context["show_delete"] = False
    return context


def changed_labels(operation: AdminOperation[Any], form: Any) -> list[str]:
    """Return the labels of the fields that a form changes; nothing of a new document."""
    if operation.is_adding:
        return []
    return list(map(form.label_of, operation.changes.before_and_after))


def without_fields(names: Iterable[str], fieldsets: Iterable[Fieldset]) -> list[Fieldset]:
    """Return fieldsets without some of their fields; a set that had no others is left out."""
    left_out = set(names)
    remaining: list[Fieldset] = []
    for title, options in fieldsets:
        fields = list(options["fields"])
        for name in left_out.intersection(fields):
            fields.remove(name)
        if fields:
            remaining.append((title, {**options, "fields": fields}))
    return remaining


def shown_form_status(request: AdminRequest) -> int:
    """Return the status of a form that is shown: opened, stale, refused, or with errors."""
    operation = request.operation
    if operation.is_stale:
        return HTTPStatus.CONFLICT
    if operation.refusal is not None:
        return operation.refusal.status
    if request.method == "POST":
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.OK


def is_to_be_corrected(operation: AdminOperation[Any]) -> bool:
    """Return whether the errors of a form are mistakes, and not just that it is not saved yet."""
    return operation.is_stale or not isinstance(operation.refusal, NotSavedYet)
