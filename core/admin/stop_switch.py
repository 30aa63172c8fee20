"""The stop switch of all grants in the admin."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import display
from django.http import HttpRequest

from core import audit
from core.admin.forms import DocumentForm, LineField
from core.admin.meta import danger
from core.admin.operations import AdminOperation, AdminRequest
from core.admin.options import ModelAdmin
from core.audit import AuditEvent, Event
from core.installation import STOP_SWITCH_ITEM, Installation


class SwitchForm(DocumentForm):
    """Whether all grants are stopped."""

    stopped = forms.BooleanField(
        label="Stop all grants",
        required=False,
        help_text=(
            "While this is on, nobody becomes anything. Active AWS sessions go on until they end."
        ),
    )
    default_contact = LineField(
        max_length=120,
        required=False,
        help_text=(
            "Whom people ask for access and about targets without an owner: a person, a team or "
            "an address."
        ),
    )


def stop_event(*, is_set: bool) -> Event:
    """Return the kind of event of a stop switch that was set or lifted."""
    if is_set:
        return Event.STOP_SET
    return Event.STOP_LIFTED


class StopSwitchAdmin(ModelAdmin):
    """The one item that stops all grants; the installation's other facts are not managed here."""

    form = SwitchForm
    menu_rank = 60
    list_display = ("what", "grants")
    actions = None

    def documents(self, request: HttpRequest) -> list[Any]:
        switch = Installation.find(STOP_SWITCH_ITEM)
        if switch is None:
            return []
        return [switch]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return the switch; nothing else of the installation is shown."""
        # the same table has secret keys and the schema's version
        if object_id != STOP_SWITCH_ITEM:
            return None
        return super().get_object(request, object_id)

    @display(description="What")
    def what(self, switch: Installation) -> str:
        """Return what it stops."""
        return "All grants"

    @display(description="Now")
    def grants(self, switch: Installation) -> str:
        """Return whether they are stopped."""
        stopped, running = switch.danger_words["stopped"]
        if switch.stopped:
            return danger(stopped)
        return running

    def message_user(
        self, request: AdminRequest, message: Any, *arguments: Any, **named: Any
    ) -> None:
        """Say what a stop that was set or lifted means."""
        changes = request.operation.changes
        if "stopped" not in changes.before_and_after:
            super().message_user(request, message, *arguments, **named)
        elif changes.cleaned_data["stopped"]:
            messages.success(request, "All grants are stopped.")
        else:
            messages.success(request, "All grants run again.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # without it all grants are stopped for good
        return False

    def audit_events(
        self, request: AdminRequest, operation: AdminOperation[Any]
    ) -> list[AuditEvent]:
        """Record that it was set or lifted, and a new default contact."""
        changes = dict(operation.changes.before_and_after)
        events = []
        if changes.pop("stopped", None):
            kind = stop_event(is_set=operation.changes.cleaned_data["stopped"])
            events.append(audit.event(kind, object="all grants"))
        if changes:
            events.append(
                audit.event(Event.CONTACT_CHANGED, object="default contact", changes=changes)
            )
        return events
