"""Exports of the audit log from the admin: asked for, recorded, and only then streamed."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse

from core import audit
from core.admin.audit_search_form import DAYS_REVERSED, day_field
from core.admin.brought_back import typed_before
from core.admin.confirmation import form_status
from core.admin.operations import AdminOperation, AdminRequest
from core.admin.options import ModelAdmin
from core.audit import Event
from core.audit_export import Format, TimeRange, export_lines
from core.audit_search import today

EXPORT = "export"
"""The operation's kind."""

CHUNK = 65_536
"""Characters that are sent at once."""

CONTENT_TYPES = {
    Format.JSON_LINES: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8",
}


class ExportForm(forms.Form):
    """Which days, and how they are written."""

    since = day_field("From day (UTC)")
    until = day_field("To day (UTC)", help_text="This day too.")
    format = forms.ChoiceField(
        choices=[(Format.JSON_LINES, "JSON Lines"), (Format.CSV, "CSV")],
        widget=forms.RadioSelect,
        help_text="In CSV, a cell that a spreadsheet might run as a formula starts with '.",
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # `day_field` is optional, as a search has it
        self.fields["since"].required = True
        self.fields["until"].required = True

    def clean(self) -> dict[str, Any]:
        """Refuse days that are the wrong way round."""
        cleaned_data = super().clean() or self.cleaned_data
        since = cleaned_data.get("since")
        until = cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", DAYS_REVERSED)
        return cleaned_data


def export_page(model_admin: ModelAdmin, request: AdminRequest) -> HttpResponseBase:
    """Ask for days and a format; by POST, once that is on the audit log, send the export."""
    operation: AdminOperation[Any] = AdminOperation(EXPORT)
    posted = request.POST if request.method == "POST" else None
    form = ExportForm(posted, initial=_initial_values(request) | typed_before(request))
    form.fields.update(model_admin.extra_form_fields(request, operation))

    if form.is_valid() and model_admin.is_authorized(request, operation, form):
        return _export_response(form.cleaned_data)

    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Export the audit log",
        "opts": model_admin.opts,
        "form": form,
    }
    status = form_status(operation, has_errors=bool(form.errors))
    return TemplateResponse(request, "admin/export.html", context, status=status)


def _export_response(values: dict[str, Any]) -> StreamingHttpResponse:
    """Record the export, then send it as it is read."""
    since = values["since"]
    until = values["until"]
    export_format = Format(values["format"])
    days = TimeRange.of_days(since, until)
    # first: an export that breaks off has handed out events all the same
    audit.record(Event.AUDIT_EXPORTED, format=str(export_format), **days.facts())

    response = StreamingHttpResponse(
        chunks(export_lines(days.events(), export_format)),
        content_type=CONTENT_TYPES[export_format],
    )
    name = f"cooper-audit-log-{since}-to-{until}.{export_format}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _initial_values(request: HttpRequest) -> dict[str, Any]:
    """Return the days that the search had, or else the last week."""
    last_week: date = today() - timedelta(days=6)
    return {
        "since": request.GET.get("since", "")[:10] or last_week,
        "until": request.GET.get("day", "")[:10] or today(),
        "format": Format.JSON_LINES,
    }


def chunks(lines: Iterable[str]) -> Iterator[bytes]:
    """Return lines in pieces fit for sending.

    An error on the way cuts the answer short, which browsers notice.
    """
    pending: list[str] = []
    size = 0
    for line in lines:
        pending.append(line)
        size += len(line)
        if size >= CHUNK:
            yield "".join(pending).encode()
            pending = []
            size = 0

    yield "".join(pending).encode()
