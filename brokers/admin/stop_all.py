"""The emergency stop of all grants, with step-up."""

from typing import Any

from django import forms
from django.http import HttpResponse

from accounts.admin.step_up import StepUpMixin
from brokers.admin.grants_awaited import active_grants_context, await_grants
from brokers.grants.events import GrantScope
from core import admin
from core.admin.stop_switch import StopSwitchAdmin
from core.emergency_stop import stop_in
from core.installation import Installation


@admin.register(Installation)
class StopAllGrantsAdmin(StepUpMixin, StopSwitchAdmin):
    """The emergency stop. Setting it takes no code, which an emergency has no time for."""

    step_up = (admin.OperationKind.CHANGE,)
    step_up_strict = True
    around_writing = await_grants

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
        """Show which AWS sessions go on while all grants are stopped."""
        scope = GrantScope(all_grants=bool(stop_in(context["original"])))
        context |= active_grants_context(scope)
        return super().render_change_form(request, context, *arguments, **named)
