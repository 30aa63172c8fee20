"""The form of the emergency stop: a reason, and one button."""

from typing import Any

from django import forms

from core.admin.forms import DocumentForm, LineField
from core.audit import Event
from core.emergency_stop import REASON_LIMIT, STAYS_FOR_RESTORE, stop_in

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

        switch: Any = self.instance
        stop = stop_in(switch)
        if stop and stop.is_for_restore and cleaned.get("stopped") is False:
            self.add_error(None, STAYS_FOR_RESTORE)
        return cleaned

    def is_stale(self) -> bool:
        # a stop does not wait for whoever changed something meanwhile
        return not self.cleaned_data.get("stopped") and super().is_stale()

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
