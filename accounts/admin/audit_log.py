"""The record, whose export takes a one-time code."""

from django.http import HttpRequest, HttpResponseBase

from accounts.stepup import StepUpMixin
from core import admin
from core.admin.audit_export import EXPORT
from core.admin.audit_log import AuditEventAdmin
from core.audit import AuditEvent


@admin.register(AuditEvent)
class RecordAdmin(StepUpMixin, AuditEventAdmin):
    """Shows the record; an export takes a code of its own, of administrators and auditors alike."""

    step_up = (EXPORT,)
    step_up_strict = True

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Take somebody without a device to set one up, and back."""
        return self._to_enrol(request, EXPORT) or super().export_view(request)
