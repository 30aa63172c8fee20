"""The stop switch of all grants, with step-up."""

from typing import Any

from django.http import HttpResponse

from accounts.admin.step_up import StepUpMixin
from core import admin
from core.admin.stop_switch import StopSwitchAdmin
from core.installation import Installation


@admin.register(Installation)
class StopAllGrantsAdmin(StepUpMixin, StopSwitchAdmin):
    """The stop switch of all grants: setting it takes no code (an emergency), lifting it does."""

    step_up = (admin.OperationKind.CHANGE,)
    step_up_strict = True

    def redirect_to_enrolment(self, request: admin.AdminRequest, kind: str) -> HttpResponse | None:
        """Let an administrator without a device in: stopping must not wait."""
        return None

    def requires_code(
        self, request: admin.AdminRequest, operation: admin.AdminOperation[Any]
    ) -> bool:
        """Only setting the stop needs no code; the document has the switch as it was typed."""
        documents = operation.documents
        sets_stop = len(documents) > 0 and all(document.stopped for document in documents)
        return not sets_stop
