"""Actions over many targets: what they ask, what they say before, and what they do.

Each is one operation with one code, done by `bulk_changes` in steps.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse

from brokers.admin import bulk_changes
from brokers.admin.action_forms import (
    AssociateForm,
    CommandLinesForm,
    DissociateForm,
    LongestSessionForm,
    OwnerForm,
    RankForm,
    ReasonForm,
)
from brokers.admin.associations import own_groups
from brokers.admin.bulk_changes import BulkChange, BulkResult
from brokers.admin.grants_awaited import show_awaited
from brokers.admin.impact import summary_lines
from brokers.admin.operation_kinds import TargetOperationKind
from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.grants.events import GrantScope
from brokers.grants.under_way import GrantsUnderWay
from brokers.models import Target
from brokers.request_catalogue import catalogue_of
from core import admin
from core.admin import AdminOperation, AdminRequest

MOST_PROBED = 200
"""Targets that one action probes at most: a probe is up to eight calls to AWS."""

FORM_SHOWN_INPUT = "told"
"""The hidden input that says that the page with the operation's own form was shown."""

MOST_REFUSALS = 20
"""Refused targets that a page names; more are counted."""


@dataclass(frozen=True)
class BulkOperation:
    """One kind of bulk action."""

    kind: TargetOperationKind
    title: str
    change: Callable[[dict[str, Any]], BulkChange]
    """Returns the change by what was typed into the form."""

    form: type[forms.Form] | None = None
    """What it asks for first."""

    effect: str = ""
    """A line about each target, before who gains and loses; may name {fields} of the form."""

    probes: bool = False
    """Whether it may probe each target."""


# -- the actions -----------------------------------------------------------------------------------
@admin.action(description="Enable the chosen targets (each is tested)")
def enable(
    model_admin: admin.ModelAdmin, request: AdminRequest, queryset: admin.DocumentQuerySet
) -> HttpResponse | None:
    """Probe each, and enable those that lack nothing."""
    operation = BulkOperation(
        TargetOperationKind.ENABLE,
        "Enable",
        lambda typed: bulk_changes.set_enabled(True),
        probes=True,
    )
    return _confirm_and_run(model_admin, request, queryset, operation)


@admin.action(description="Disable the chosen targets")
def disable(
    model_admin: admin.ModelAdmin, request: AdminRequest, queryset: admin.DocumentQuerySet
) -> HttpResponse | None:
    """Let nobody become them."""
    operation = BulkOperation(
        TargetOperationKind.DISABLE, "Disable", lambda typed: bulk_changes.set_enabled(False)
    )
    return _confirm_and_run(model_admin, request, queryset, operation)


@admin.action(description="Mark the chosen targets sensitive")
def mark_sensitive(
    model_admin: admin.ModelAdmin, request: AdminRequest, queryset: admin.DocumentQuerySet
) -> HttpResponse | None:
    """Ask for a one-time code each time that somebody becomes them."""
    operation = BulkOperation(
        TargetOperationKind.MARK_SENSITIVE,
        "Mark sensitive",
        lambda typed: bulk_changes.set_attribute("sensitive", True),
        effect="becoming it takes a one-time code each time.",
        probes=True,
    )
    return _confirm_and_run(model_admin, request, queryset, operation)


@admin.action(description="Mark the chosen targets not sensitive")
def unmark_sensitive(
    model_admin: admin.ModelAdmin, request: AdminRequest, queryset: admin.DocumentQuerySet
) -> HttpResponse | None:
    """Ask for no code any more."""
    operation = BulkOperation(
        TargetOperationKind.UNMARK_SENSITIVE,
        "Mark not sensitive",
        lambda typed: bulk_changes.set_attribute("sensitive", False),
        effect="becoming it takes no one-time code any more.",
    )
    return _confirm_and_run(model_admin, request, queryset, operation)


@admin.action(description="Associate a group with the chosen targets")
def associate(
    model_admin: admin.ModelAdmin, request: AdminRequest, queryset: admin.DocumentQuerySet
) -> HttpResponse | None:
    """Let a group become them."""
    operation = BulkOperation(
        TargetOperationKind.ASSOCIATE,
        "Associate a group",
        lambda typed: bulk_changes.associate(typed["group"], typed["until"]),
        form=AssociateForm,
    )
    return _confirm_and_run(model_admin, request, queryset, operation)


@admin.action(description="Dissociate a group from the chosen targets")
def dissociate(
    model_admin: admin.ModelAdmin, request: AdminRequest, queryset: admin.DocumentQuerySet
) -> HttpResponse | None:
    """Let a group become them no more."""
    operation = BulkOperation(
        TargetOperationKind.DISSOCIATE,
        "Dissociate a group",
        lambda typed: bulk_changes.dissociate(typed["group"]),
        form=DissociateForm,
    )
    return _confirm_and_run(model_admin, request, queryset, operation)


@admin.action(description="Set the longest session of the chosen targets")
def set_longest(
    model_admin: admin.ModelAdmin, request: AdminRequest, queryset: admin.DocumentQuerySet
) -> HttpResponse | None:
    """Set for how long people may become them."""
    operation = BulkOperation(
        TargetOperationKind.SET_LONGEST,
        "Set the longest session",
        lambda typed: bulk_changes.set_attribute("max_seconds", typed["max_seconds"]),
        form=LongestSessionForm,
        effect="its longest session is {max_seconds} seconds from now on.",
        probes=True,
    )
    return _confirm_and_run(model_admin, request, queryset, operation)


@admin.action(description="Set the owner of the chosen targets")
def set_owner(
    model_admin: admin.ModelAdmin, request: AdminRequest, queryset: admin.DocumentQuerySet
) -> HttpResponse | None:
    """Say whom people ask about them."""
    operation = BulkOperation(
        TargetOperationKind.SET_OWNER,
        "Set the owner",
        lambda typed: bulk_changes.set_attribute("owner", typed["owner"] or None),
        form=OwnerForm,
        effect="its owner is “{owner}” from now on.",
    )
    return _confirm_and_run(model_admin, request, queryset, operation)


@admin.action(description="Set the rank of the chosen targets")
def set_rank(
    model_admin: admin.ModelAdmin, request: AdminRequest, queryset: admin.DocumentQuerySet
) -> HttpResponse | None:
    """Set in which place links offer them."""
    operation = BulkOperation(
        TargetOperationKind.SET_RANK,
        "Set the rank",
        lambda typed: bulk_changes.set_attribute("rank", typed["rank"]),
        form=RankForm,
        effect="its rank is {rank} from now on.",
    )
    return _confirm_and_run(model_admin, request, queryset, operation)


@admin.action(description="Demand a reason for the chosen targets")
def set_reason(
    model_admin: admin.ModelAdmin, request: AdminRequest, queryset: admin.DocumentQuerySet
) -> HttpResponse | None:
    """Demand a reason that matches a pattern, or none any more."""
    operation = BulkOperation(
        TargetOperationKind.SET_REASON,
        "Demand a reason",
        lambda typed: bulk_changes.demand_reason(typed["reason_pattern"], typed["reason_example"]),
        form=ReasonForm,
        effect="becoming it takes a reason like “{reason_pattern}” (empty: none is demanded).",
    )
    return _confirm_and_run(model_admin, request, queryset, operation)


@admin.action(description="Open or close the chosen targets to command lines")
def set_command_lines(
    model_admin: admin.ModelAdmin, request: AdminRequest, queryset: admin.DocumentQuerySet
) -> HttpResponse | None:
    """Let command lines become them by a permit, or not at all."""
    operation = BulkOperation(
        TargetOperationKind.SET_COMMAND_LINES,
        "Open or close to command lines",
        lambda typed: bulk_changes.set_attribute("command_lines", typed["command_lines"] or None),
        form=CommandLinesForm,
        effect="its command lines: “{command_lines}” (empty: closed), where it takes a code "
        "or a reason.",
    )
    return _confirm_and_run(model_admin, request, queryset, operation)


BULK_ACTIONS = (
    enable,
    disable,
    mark_sensitive,
    unmark_sensitive,
    associate,
    dissociate,
    set_longest,
    set_owner,
    set_rank,
    set_reason,
    set_command_lines,
)


# -- what they have in common ----------------------------------------------------------------------
def _confirm_and_run(
    model_admin: admin.ModelAdmin,
    request: AdminRequest,
    queryset: admin.DocumentQuerySet,
    bulk: BulkOperation,
) -> HttpResponse | None:
    """Ask, say who gains and who loses what, take the code, and change target by target."""
    targets: list[Any] = list(queryset)
    if bulk.probes and len(targets) > MOST_PROBED:
        messages.error(
            request,
            f"Each target is tested with AWS. Choose at most {MOST_PROBED} at a time.",
        )
        return None

    form = _bound_form(request, bulk)
    operation: AdminOperation[Target] = AdminOperation(bulk.kind, targets)
    page = model_admin.confirm(
        request,
        operation,
        f"{bulk.title}: {_count(len(targets))}",
        lambda: _preview_lines(catalogue_of(request), bulk, targets, _typed(form)),
        form=form,
    )
    if page is not None:
        return page

    operation.demand_authorized()
    grants = GrantsUnderWay()
    result = _run(request, bulk, targets, _typed(form))
    _report(request, result)

    scope = GrantScope.of_targets(result.taken_from)
    show_awaited(request, grants.wait_for(scope))
    return None


def _bound_form(request: AdminRequest, bulk: BulkOperation) -> forms.Form | None:
    if bulk.form is None:
        return None
    # the first POST comes from the list, which does not have the form's fields
    was_shown = FORM_SHOWN_INPUT in request.POST
    return bulk.form(request.POST if was_shown else None)


def _typed(form: forms.Form | None) -> dict[str, Any]:
    """Return what was typed into a valid form; nothing where none is asked for."""
    return {} if form is None else form.cleaned_data


def _preview_lines(
    current: Catalogue,
    bulk: BulkOperation,
    targets: Iterable[CatalogueTarget],
    typed: dict[str, Any],
) -> list[str]:
    impacts = bulk_changes.preview(current, targets, bulk.change(typed))

    effects = []
    if bulk.effect:
        effect = bulk.effect.format(**typed)
        effects = [f"{target.name}: {effect}" for target in targets]
    return [*effects, *summary_lines(impacts)]


def _run(
    request: AdminRequest,
    bulk: BulkOperation,
    targets: Iterable[CatalogueTarget],
    typed: dict[str, Any],
) -> BulkResult:
    def own(groups: Iterable[str]) -> list[str]:
        return own_groups(request, groups)

    names = [target.name for target in targets]
    return bulk_changes.run(names, bulk.change(typed), bulk.kind, own)


def _report(request: AdminRequest, result: BulkResult) -> None:
    """Tell what was changed, what was refused, and how to go on."""
    for line in result.refused[:MOST_REFUSALS]:
        messages.error(request, f"Not changed: {line}")
    if len(result.refused) > MOST_REFUSALS:
        more = len(result.refused) - MOST_REFUSALS
        messages.error(request, f"And {more} more were refused.")

    if result.stopped:
        messages.error(request, f"{result.stopped} Choose the same action again for the rest.")

    done = f"{_count(result.changed)} changed."
    if result.unchanged:
        done += f" {_count(result.unchanged)} needed no change."
    messages.success(request, done)


def _count(targets: int) -> str:
    return "1 target" if targets == 1 else f"{targets} targets"
