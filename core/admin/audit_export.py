"""Exports of the record from the management plane: asked for, recorded, and only then streamed."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path

from core import audit
from core.admin.audit_search_form import day_field
from core.admin.operations import AdminOperation, AdminRequest
from core.admin.options import ModelAdmin
from core.audit import Event
from core.audit_search import Format, TimeRange, today, written

EXPORT = "export"
"""The operation's kind."""

CHUNK = 65_536
"""Characters that are sent at once."""

TYPES = {Format.JSON_LINES: "application/x-ndjson", Format.CSV: "text/csv; charset=utf-8"}


class ExportForm(forms.Form):
    """Which days, and how they are written."""

    since = day_field("From day (UTC)")
    until = day_field("To day (UTC)", help_text="This day too.")
    format = forms.ChoiceField(
        choices=[(Format.JSON_LINES, "JSON Lines"), (Format.CSV, "CSV")],
        widget=forms.RadioSelect,
        help_text="In CSV a cell that a spreadsheet might run has a ' before it.",
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Demand both days."""
        super().__init__(*arguments, **named)
        self.fields["since"].required = self.fields["until"].required = True

    def clean(self) -> dict[str, Any]:
        """Refuse days that are the wrong way round."""
        found = super().clean() or self.cleaned_data
        if found.get("since") and found.get("until") and found["since"] > found["until"]:
            self.add_error("until", "This day is before the first one.")
        return found


class AuditExportAdmin(ModelAdmin):
    """Lets those who may see the record take it with them."""

    def get_urls(self) -> list[Any]:
        """Add the export's address."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [
            path("export/", self.admin_site.admin_view(self.export_view), name=name),
            *super().get_urls(),
        ]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Let those export who may see."""
        return bool(self.has_view_permission(request))

    def export_view(self, request: AdminRequest) -> HttpResponseBase:
        """Ask for days and a format; by POST, once that is on the audit log, send the export."""
        if not self.has_export_permission(request):
            raise PermissionDenied

        operation: AdminOperation[Any] = AdminOperation(EXPORT)
        is_post = request.method == "POST"
        form = ExportForm(request.POST if is_post else None, initial=_usual_days(request))
        form.fields.update(self.extra_form_fields(request, operation))

        if form.is_valid() and self.is_authorized(request, operation, form):
            return self._sent(form)

        context = {
            **self.admin_site.each_context(request),
            "title": "Export the audit log",
            "opts": self.opts,
            "form": form,
        }
        status = 400 if form.errors else 200
        return TemplateResponse(request, "admin/export.html", context, status=status)

    def _sent(self, form: ExportForm) -> StreamingHttpResponse:
        """Record the export, then send it as it is read."""
        typed = form.cleaned_data
        span, how = TimeRange.of_days(typed["since"], typed["until"]), Format(typed["format"])
        audit.record(Event.AUDIT_EXPORTED, format=str(how), **span.facts())
        response = StreamingHttpResponse(
            chunks(written(span.events(), how)), content_type=TYPES[how]
        )
        response["Content-Disposition"] = (
            f'attachment; filename="cooper-record-{typed["since"]}-to-{typed["until"]}.{how}"'
        )
        return response


def _usual_days(request: HttpRequest) -> dict[str, Any]:
    """Return the days that the search had, or the last week."""
    found = {"since": request.GET.get("since", ""), "until": request.GET.get("day", "")}
    usual: dict[str, date] = {"since": today() - timedelta(days=6), "until": today()}
    return {name: found[name][:10] or day for name, day in usual.items()} | {
        "format": Format.JSON_LINES
    }


def chunks(lines: Iterable[str]) -> Iterator[bytes]:
    """Return lines in pieces fit for sending; an error on the way cuts the answer short, which browsers notice."""
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= CHUNK:
            yield "".join(held).encode()
            held, size = [], 0
    yield "".join(held).encode()
