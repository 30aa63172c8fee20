"""The emergency stop of all grants, with step-up."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse

from accounts.admin.step_up import StepUpMixin
from brokers.admin.grants_awaited import active_grants_context, await_grants
from brokers.grants.events import GrantScope
from core import admin, audit
from core.admin.one_page import OnePageAdmin
from core.admin.stop_switch import BUTTON, StopForm, stop_event
from core.audit import AuditEvent
from core.audit_search import history_for
from core.dynamo import Document, Transaction
from core.emergency_stop import HISTORY, put_lift, put_stop, stop_in
from core.installation import STOP_SWITCH_ITEM, Installation


@admin.register(Installation)
class StopAllGrantsAdmin(StepUpMixin, OnePageAdmin):
    """The emergency stop. Setting it takes no code, which an emergency has no time for."""

    form = StopForm
    only_pk = STOP_SWITCH_ITEM
    menu_rank = 60
    change_form_template = "admin/emergency_stop.html"
    fieldsets = ((None, {"fields": ("reason",)}), (BUTTON, {"fields": ("stopped",)}))
    step_up = (admin.OperationKind.CHANGE,)
    step_up_strict = True
    around_writing = await_grants

    def history_of(self, obj: Document) -> Iterable[AuditEvent]:
        return history_for(HISTORY)

    def redirect_to_enrolment(self, request: admin.AdminRequest, kind: str) -> HttpResponse | None:
        """Let an administrator without a device in: stopping must not wait."""
        return None

    def extra_form_fields(
        self, request: admin.AdminRequest, operation: admin.AdminOperation[Any]
    ) -> dict[str, forms.Field]:
        """Ask for a code where the one button lifts."""
        if operation.documents and not stop_in(operation.document):
            return {}
        return super().extra_form_fields(request, operation)

    def requires_code(
        self, request: admin.AdminRequest, operation: admin.AdminOperation[Any]
    ) -> bool:
        """Only setting the stop needs no code; the document has the switch as it was typed."""
        documents = operation.documents
        sets_stop = len(documents) > 0 and all(document.stopped for document in documents)
        return not sets_stop

    def grants_concerned(self, operation: admin.AdminOperation[Installation]) -> GrantScope:
        return GrantScope(all_grants=bool(operation.document.stopped))

    def render_change_form(
        self, request: admin.AdminRequest, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show which stop is on, and which AWS sessions go on meanwhile."""
        stop = stop_in(context["original"])
        context["stop"] = stop
        context |= active_grants_context(GrantScope(all_grants=bool(stop)))
        return super().render_change_form(request, context, *arguments, **named)

    # -- pressing the button
    def write(
        self,
        request: admin.AdminRequest,
        operation: admin.AdminOperation[Any],
        writes: Transaction,
    ) -> None:
        """Stop or lift, by what the switch itself says; the item's other facts stay."""
        reason = operation.changes.cleaned_data["reason"]
        if operation.changes.cleaned_data["stopped"]:
            put_stop(writes, audit.now(), str(request.user.pk), reason)
        else:
            put_lift(writes, operation.document.stopped_since)

        for event in self.audit_events(request, operation):
            writes.create(event)

    def audit_events(
        self, request: admin.AdminRequest, operation: admin.AdminOperation[Any]
    ) -> list[AuditEvent]:
        """Record that it was set or lifted, and why."""
        given = operation.changes.cleaned_data
        kind = stop_event(is_set=given["stopped"])
        return [audit.event(kind, object="all grants", target=HISTORY, why=given["reason"])]

    def message_user(
        self, request: admin.AdminRequest, message: Any, *arguments: Any, **named: Any
    ) -> None:
        """Say what became of all grants."""
        changes = request.operation.changes
        is_stop = changes.cleaned_data.get("stopped")
        if not changes and is_stop:
            messages.info(request, "All grants are stopped already.")
        elif not changes:
            super().message_user(request, message, *arguments, **named)
        elif is_stop:
            messages.success(request, "All grants are stopped.")
        else:
            messages.success(request, "The stop is lifted: people become their targets again.")
