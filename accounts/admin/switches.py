"""The stop switch of all grants, with step-up."""

from typing import Any

from django.http import HttpRequest

from accounts.stepup import StepUpMixin
from core import admin
from core.admin.stop_switch import StopSwitchAdmin
from core.dynamo import Document
from core.installation import Installation


@admin.register(Installation)
class StopAllAdmin(StepUpMixin, StopSwitchAdmin):
    """The stop switch of all grants: setting it is for emergencies and takes no code, lifting it does."""

    step_up = ("change",)
    step_up_strict = True

    def _to_enrol(self, request: HttpRequest, deed: str) -> None:
        """Let an administrator without a device in: stopping must not wait."""

    def authorize_operation(
        self, request: HttpRequest, deed: str, obj: Document | None, given: dict[str, Any]
    ) -> None:
        """Demand a code for lifting."""
        if obj is None or not obj.stopped:  # type: ignore[attr-defined]
            super().authorize_operation(request, deed, obj, given)
