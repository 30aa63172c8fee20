"""The record in the management plane: read-only, newest first, page by page with a cursor, searched, exported."""

from itertools import islice
from typing import Any, ClassVar

from django.contrib.admin import display
from django.contrib.admin.utils import unquote
from django.http import HttpRequest
from django.utils.html import format_html

from core import audit
from core.admin.audit_export import AuditExportAdmin
from core.admin.audit_search_form import SearchForm
from core.admin.changelist import ChangeList
from core.admin.history import Entry, entries, with_outcome
from core.admin.operations import AdminRequest
from core.admin.queryset import DocumentQuerySet
from core.audit import AuditEvent, Event
from core.audit_search import AuditSearch

PAGE = 50
"""Entries on a page."""


class EventList(ChangeList):
    """A page of the record."""

    older = ""
    """What of the address leads to the next page into the past; empty at the record's beginning."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str] | None = None
    ) -> DocumentQuerySet:
        """Return the events of this page, each grant's outcome with its intent; none while the search has errors."""
        self.filter_specs, self.has_filters, self.has_active_filters, self.clear_all_filters_qs = (
            [],
            False,
            False,
            "",
        )
        self.form = SearchForm(request.GET)
        asked = self.form.search()
        self.searched = bool(self.form.narrowed())
        return DocumentQuerySet(AuditEvent, self._page(AuditSearch(asked)) if asked else [])

    def _page(self, found: AuditSearch) -> list[AuditEvent]:
        """Return a page of events, each with its `entry`."""
        read = list(islice(iter(found), PAGE * 2 + 2))
        shown = [with_outcome(entry) for entry in entries(read)[:PAGE]]
        if len(shown) == PAGE:
            self.older = self.form.address(before=str(shown[-1].event.at))
        elif found.reached:
            self.older = self.form.address(before=found.reached)
        self.looked_back_to = found.reached[:10]
        for entry in shown:
            entry.event.entry = entry  # type: ignore[attr-defined]
        return [entry.event for entry in shown]

    def get_results(self, request: HttpRequest) -> None:
        """Show this page as it is; nobody counts the record."""
        self.result_list = self.queryset
        self.result_count = len(self.queryset)
        self.full_result_count = self.paginator = None
        self.show_full_result_count = self.show_admin_actions = self.can_show_all = (
            self.multi_page
        ) = False


class AuditEventAdmin(AuditExportAdmin):
    """Shows the record and exports it; changes nothing."""

    list_display = ("when", "what", "who", "about", "result", "because", "source")
    list_display_links = ("when",)
    sortable_by = ()
    actions = None
    change_list_template = "admin/events.html"
    readonly_fields: ClassVar[tuple[str, ...]] = (
        "when",
        "event",
        "who",
        "about",
        "result",
        "particulars",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let nobody write the record by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody change it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody delete from it."""
        return False

    def documents(self, request: HttpRequest) -> list[Any]:
        """Return nothing: the list reads its own page."""
        return []

    def get_changelist(self, request: HttpRequest, **named: Any) -> type[ChangeList]:
        """Return the paged list."""
        return EventList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show a page of the record, which is itself recorded."""
        audit.record(Event.AUDIT_VIEWED, asked=request.GET.urlencode()[:500])
        return super().changelist_view(request, extra_context)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return an event with its outcome."""
        found = super().get_object(request, object_id)
        if isinstance(found, AuditEvent):
            found.entry = with_outcome(Entry(found))  # type: ignore[attr-defined]
        return found

    def changeform_view(
        self, request: AdminRequest, object_id: Any = None, *arguments: Any, **named: Any
    ) -> Any:
        """Show one event, which is itself recorded."""
        if object_id is not None and request.method == "GET" and self.has_view_permission(request):
            audit.record(Event.AUDIT_VIEWED, asked=unquote(object_id)[:200])
        return super().changeform_view(request, object_id, *arguments, **named)

    @display(description="When (UTC)")
    def when(self, event: AuditEvent) -> str:
        """Return the moment."""
        return f"{event.moment:%Y-%m-%d %H:%M:%S}"

    @display(description="What")
    def what(self, event: AuditEvent) -> str:
        """Return the event's name in words."""
        return str(event.event).rsplit(":", 1)[0].replace(":", " ")

    @display(description="Who")
    def who(self, event: AuditEvent) -> str:
        """Return who did it: a person, or the user of the host for commands."""
        return str(event.person or event.facts.get("os_user") or "-")

    @display(description="Target or object")
    def about(self, event: AuditEvent) -> str:
        """Return what it was done to."""
        return str(event.facts.get("object") or event.target or event.aws_account or "-")

    @display(description="Result")
    def result(self, event: AuditEvent) -> str:
        """Return how it ended."""
        entry: Entry = event.entry  # type: ignore[attr-defined]
        return entry.result or str(event.event).rsplit(":", 1)[-1]

    @display(description="Why")
    def because(self, event: AuditEvent) -> str:
        """Return the reason of a refusal or a failure, or the one that the person gave."""
        entry: Entry = event.entry  # type: ignore[attr-defined]
        said = (entry.outcome and entry.outcome.why) or event.why or event.facts.get("reason") or ""
        return str(said)[:120]

    @display(description="Particulars")
    def particulars(self, event: AuditEvent) -> str:
        """Return everything else that is known."""
        entry: Entry = event.entry  # type: ignore[attr-defined]
        changed = [(name, f"{before} -> {after}") for name, before, after in entry.changes]
        lines = [
            format_html("{}: <code>{}</code>", name, value)
            for name, value in [*changed, *entry.details]
        ]
        return (
            format_html("{}" * len(lines), *(format_html("{}<br>", line) for line in lines))
            if lines
            else "-"
        )
