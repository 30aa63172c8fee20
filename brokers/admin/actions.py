"""Actions over many targets: what they ask, what they say before, and what they do."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from brokers.admin import bulk_changes
from brokers.admin.associations import GROUP_HELP, UNTIL_HELP, own_groups
from brokers.admin.impact import summary_lines
from brokers.form_fields import GroupField, SecondsField, UntilField
from brokers.grants import CEILINGS
from brokers.models import Kind, Target
from core import admin
from core.admin import AdminOperation, AdminRequest

MOST_TRIED = 200
"""Targets that one action tries with AWS at most: a try is up to eight calls."""


class GroupForm(forms.Form):
    """A group, and for how long."""

    group = GroupField(max_length=560, help_text=GROUP_HELP)
    until = UntilField(required=False, help_text=UNTIL_HELP)


class LeavingForm(forms.Form):
    """A group."""

    group = GroupField(max_length=560, help_text=GROUP_HELP)


class LongestForm(forms.Form):
    """The longest session."""

    max_seconds = SecondsField(CEILINGS[Kind.FEDERATED_USER], label="Longest session")


# -- actions of the list of targets; each is one operation with one code, done in steps that each hold
@admin.action(description="Enable the chosen targets (each is tried)")
def enable(model_admin: Any, request: AdminRequest, queryset: Any) -> HttpResponse | None:
    """Try each, and enable those that lack nothing."""
    return _bulk(
        model_admin, request, queryset, "Enable", "enable", lambda _: bulk_changes.enabling(True)
    )


@admin.action(description="Disable the chosen targets")
def disable(model_admin: Any, request: AdminRequest, queryset: Any) -> HttpResponse | None:
    """Let nobody become them."""
    return _bulk(
        model_admin, request, queryset, "Disable", "disable", lambda _: bulk_changes.enabling(False)
    )


@admin.action(description="Mark the chosen targets sensitive")
def mark_sensitive(model_admin: Any, request: AdminRequest, queryset: Any) -> HttpResponse | None:
    """Ask for a one-time code each time that somebody becomes them."""
    said = "becoming it takes a one-time code each time."
    return _bulk(
        model_admin, request, queryset, "Mark sensitive", "mark_sensitive", _sensitive(True), said
    )


@admin.action(description="Mark the chosen targets not sensitive")
def unmark_sensitive(model_admin: Any, request: AdminRequest, queryset: Any) -> HttpResponse | None:
    """Ask for no code any more."""
    said = "becoming it takes no one-time code any more."
    return _bulk(
        model_admin,
        request,
        queryset,
        "Mark not sensitive",
        "unmark_sensitive",
        _sensitive(False),
        said,
    )


@admin.action(description="Associate a group with the chosen targets")
def associate(model_admin: Any, request: AdminRequest, queryset: Any) -> HttpResponse | None:
    """Let a group become them."""

    def change(said: dict[str, Any]) -> bulk_changes.Change:
        return bulk_changes.associating(said["group"], said["until"])

    return _bulk(
        model_admin, request, queryset, "Associate a group", "associate", change, form=GroupForm
    )


@admin.action(description="Dissociate a group from the chosen targets")
def dissociate(model_admin: Any, request: AdminRequest, queryset: Any) -> HttpResponse | None:
    """Let a group become them no more."""

    def change(said: dict[str, Any]) -> bulk_changes.Change:
        return bulk_changes.dissociating(said["group"])

    return _bulk(
        model_admin, request, queryset, "Dissociate a group", "dissociate", change, form=LeavingForm
    )


@admin.action(description="Set the longest session of the chosen targets")
def set_longest(model_admin: Any, request: AdminRequest, queryset: Any) -> HttpResponse | None:
    """Set how long people may become them."""

    def change(said: dict[str, Any]) -> bulk_changes.Change:
        return bulk_changes.setting("max_seconds", said["max_seconds"])

    title, told = (
        "Set the longest session",
        "its longest session is {max_seconds} seconds from now on.",
    )
    return _bulk(
        model_admin, request, queryset, title, "set_longest", change, told, form=LongestForm
    )


def _bulk(  # noqa: PLR0913, PLR0917 - what the seven actions differ in
    model_admin: Any,
    request: AdminRequest,
    queryset: Any,
    title: str,
    deed: str,
    change_for: Callable[[dict[str, Any]], bulk_changes.Change],
    told: str = "",
    form: type[forms.Form] | None = None,
) -> HttpResponse | None:
    """Ask, say who gains and who loses what, take the code, and do it step by step."""
    asked = form(request.POST if "told" in request.POST else None) if form else None
    chosen = list(queryset)
    if deed in ("enable", "mark_sensitive", "set_longest") and len(chosen) > MOST_TRIED:
        messages.error(request, f"Each is tried with AWS: choose at most {MOST_TRIED} at a time.")
        return None

    def lines() -> list[str]:
        typed = asked.cleaned_data if asked else {}
        change = change_for(typed)
        said = [f"{each.name}: {told.format(**typed)}" for each in chosen] if told else []
        return [*said, *summary_lines(bulk_changes.foreseen(chosen, change))]

    operation: AdminOperation[Target] = AdminOperation(deed, chosen)
    answer: HttpResponse | None = model_admin.confirm(
        request, operation, f"{title}: {len(chosen)} targets", lines, form=asked
    )
    if answer is None:
        operation.demand_authorized()
        change = change_for(asked.cleaned_data if asked else {})
        names = [str(each.name) for each in chosen]
        done = bulk_changes.do(
            names, change, deed, lambda part: own_groups(request, [r.group for r in part.put])
        )
        _tell(request, done)
    return answer


def _sensitive(wanted: bool) -> Callable[[dict[str, Any]], bulk_changes.Change]:
    """Return the maker of the deed that marks targets sensitive or not."""
    return lambda _: bulk_changes.setting("sensitive", wanted)


def _tell(request: HttpRequest, done: bulk_changes.Done) -> None:
    """Say how it went: what was done, what was so already, what was refused, and how to go on."""
    for line in done.refused[:20]:
        messages.error(request, f"Left as it is: {line}")
    if len(done.refused) > 20:
        messages.error(request, f"And {len(done.refused) - 20} more were refused.")
    if done.stopped:
        messages.error(request, f"{done.stopped} Choose the same action again for the rest.")
    same = f" {done.same} were so already." if done.same else ""
    messages.success(request, f"{done.changed} targets changed.{same}")


BULK_ACTIONS = (
    enable,
    disable,
    mark_sensitive,
    unmark_sensitive,
    associate,
    dissociate,
    set_longest,
)

BULK = tuple(action.__name__ for action in BULK_ACTIONS)
"""The kinds of these operations."""
