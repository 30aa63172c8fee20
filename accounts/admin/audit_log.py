"""The audit log, whose export takes a one-time code."""

from django.http import HttpResponseBase

from accounts.admin.step_up import StepUpMixin
from core import admin
from core.admin.audit_export import EXPORT
from core.admin.audit_log import AuditEventAdmin
from core.audit import AuditEvent


@admin.register(AuditEvent)
class AuditLogAdmin(StepUpMixin, AuditEventAdmin):
    """Shows the audit log; an export takes a code, of administrators and auditors alike."""

    step_up = (EXPORT,)
    step_up_strict = True

    def export_view(self, request: admin.AdminRequest) -> HttpResponseBase:
        """Lead somebody without a device to setting one up, and back."""
        redirect = self.redirect_to_enrolment(request, EXPORT)
        if redirect is not None:
            return redirect
        return super().export_view(request)
