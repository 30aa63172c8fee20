"""The page of the emergency stop: since when, by whom and why, and one button."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse

from core import audit
from core.admin.forms import DocumentForm, LineField
from core.admin.one_page import OnePageAdmin
from core.admin.operations import AdminOperation, AdminRequest
from core.audit import AuditEvent, Event
from core.audit_search import history_for
from core.dynamo import Document, Transaction
from core.emergency_stop import HISTORY, REASON_LIMIT, put_lift, put_stop, stop_in
from core.installation import STOP_SWITCH_ITEM

BUTTONS = {"on": True, "off": False}
"""What the two buttons send, of which a page shows one."""

BUTTON = "Button"
"""The fieldset of which the page shows a button instead of a field."""


class StopField(forms.Field):
    """Which button was pressed: whether all grants are to be stopped. None: neither."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> bool | None:
        return BUTTONS.get(str(value))


class StopForm(DocumentForm):
    """A press of the button, and why."""

    stopped = StopField(required=False)
    reason = LineField(
        max_length=REASON_LIMIT,
        required=False,
        help_text=(
            "May be left empty. The reason of a stop stands on every page until it is lifted; "
            "the audit log keeps both."
        ),
    )

    def stored_version(self) -> str:
        """Return which stop is on: nothing else of the item matters to a press."""
        switch: Any = self.instance
        stop = stop_in(switch)
        if not stop:
            return "running"
        return f"stopped {stop.since or ''}".strip()

    def clean(self) -> dict[str, Any]:
        """Refuse what no button has sent: nothing is lifted because something is absent."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("stopped") not in BUTTONS.values():
            self.add_error(None, "Press one of the buttons: nothing was done yet.")
        return cleaned

    def _is_stale(self) -> bool:
        # a stop does not wait for whoever changed something meanwhile
        return not self.cleaned_data.get("stopped") and super()._is_stale()

    def add_conflict_errors(self) -> None:
        """Say that it is another stop; the page shows which."""
        message = "Somebody else stopped or lifted meanwhile. Nothing was done: look at it again."
        self.add_error(None, message)

    def before_and_after(self) -> dict[str, list[Any]]:
        """Return whether it stops or lifts; a reason alone changes nothing."""
        changes = super().before_and_after()
        changes.pop("reason", None)
        return changes


def stop_event(*, is_set: bool) -> Event:
    """Return the kind of event of a stop switch that was set or lifted."""
    if is_set:
        return Event.STOP_SET
    return Event.STOP_LIFTED


class StopSwitchAdmin(OnePageAdmin):
    """The emergency stop; the installation's other facts are not managed here."""

    form = StopForm
    only_pk = STOP_SWITCH_ITEM
    menu_rank = 60
    change_form_template = "admin/emergency_stop.html"
    fieldsets = ((None, {"fields": ("reason",)}), (BUTTON, {"fields": ("stopped",)}))

    def history_of(self, obj: Document) -> Iterable[AuditEvent]:
        return history_for(HISTORY)

    def render_change_form(
        self, request: AdminRequest, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show which stop is on."""
        context["stop"] = stop_in(context["original"])
        return super().render_change_form(request, context, *arguments, **named)

    def write(
        self, request: AdminRequest, operation: AdminOperation[Any], writes: Transaction
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
        self, request: AdminRequest, operation: AdminOperation[Any]
    ) -> list[AuditEvent]:
        """Record that it was set or lifted, and why."""
        given = operation.changes.cleaned_data
        kind = stop_event(is_set=given["stopped"])
        return [audit.event(kind, object="all grants", target=HISTORY, why=given["reason"])]

    def message_user(
        self, request: AdminRequest, message: Any, *arguments: Any, **named: Any
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
