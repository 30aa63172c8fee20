"""The record in the management plane: read-only, by day, newest first, page by page with a cursor."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib.admin import display
from django.http import HttpRequest
from django.utils.html import format_html

from cooper_project import audit
from cooper_project.admin.changelist import ChangeList
from cooper_project.admin.history import Entry, entries
from cooper_project.admin.options import ModelAdmin
from cooper_project.admin.rows import Rows
from cooper_project.admin.sites import register
from cooper_project.audit import AuditEvent, Event

PAGE = 50
"""Entries on a page."""

EMPTY_DAYS = 31
"""Days without an event after which a page ends; its link goes further back."""

BEGINNING = date(2026, 1, 1)
"""There was no cooper before."""


def start_of(cursor: str, day: str) -> tuple[date, str]:
    """Return the day to begin with and, within it, the place before which to read; today for anything odd."""
    try:
        if cursor:
            return date.fromisoformat(cursor[:10]), cursor
        if day:
            return date.fromisoformat(day), ""
    except ValueError:
        pass
    return datetime.now(UTC).date(), ""


def backwards(day: date, cursor: str) -> Iterator[AuditEvent]:
    """Return events from a day on into the past, newest first; one query a day."""
    empty = 0
    while empty < EMPTY_DAYS and day >= BEGINNING:
        condition = AuditEvent.at < cursor if cursor else None
        found = AuditEvent.under(day.isoformat(), range_key_condition=condition, scan_index_forward=False)
        empty += 1
        for event in found:
            empty = 0
            yield event
        day, cursor = day - timedelta(days=1), ""


def named(text: str, cursor: str) -> Iterator[AuditEvent]:
    """Return the events of a person (`local:` may be left out) or of a target, newest first."""
    below = AuditEvent.at < cursor if cursor else None
    for index, key in (
        (AuditEvent.by_target, text),
        (AuditEvent.by_person, text if ":" in text else f"local:{text}"),
    ):
        yield from index.query(key, range_key_condition=below, scan_index_forward=False, limit=PAGE * 2 + 1)


class EventList(ChangeList):
    """A page of the record."""

    older = ""
    """What of the address leads to the next page into the past; empty at the record's beginning."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str] | None = None) -> Rows:
        """Return the events of this page, each grant's outcome with its intent."""
        self.filter_specs, self.has_filters, self.has_active_filters, self.clear_all_filters_qs = [], False, False, ""
        cursor = request.GET.get("before", "")[:80]
        day, cursor = start_of(cursor, request.GET.get("day", "")[:10])
        self.day = day.isoformat()
        text = self.query.strip()[:600]
        if not text:
            return Rows(AuditEvent, self._page(backwards(day, cursor), day))
        return Rows(AuditEvent, self._page(sorted(named(text, cursor), key=lambda each: str(each.at), reverse=True)))

    def _page(self, source: Iterable[AuditEvent], day: date | None = None) -> list[AuditEvent]:
        """Return a page of events, each with its `entry`."""
        found = list(islice(iter(source), PAGE * 2 + 2))
        shown = entries(found)[:PAGE]
        if len(shown) == PAGE:
            self.older = urlencode({"before": shown[-1].event.at, **({"q": self.query} if self.query else {})})
        elif day is not None:
            last = date.fromisoformat(str(shown[-1].event.day)) if shown else day
            further = last - timedelta(days=EMPTY_DAYS)
            self.older = f"day={further}" if further >= BEGINNING else ""
        for entry in shown:
            entry.event.entry = entry  # type: ignore[attr-defined]
        return [entry.event for entry in shown]

    def get_results(self, request: HttpRequest) -> None:
        """Show this page as it is; nobody counts the record."""
        self.result_list = self.queryset
        self.result_count = len(self.queryset)
        self.full_result_count = self.paginator = None
        self.show_full_result_count = self.show_admin_actions = self.can_show_all = self.multi_page = False


@register(AuditEvent)
class AuditEventAdmin(ModelAdmin):
    """Shows the record; changes nothing."""

    list_display = ("when", "what", "who", "about", "result", "because", "source")
    list_display_links = ("when",)
    sortable_by = ()
    search_fields = ("person", "target")
    search_help_text = "A person (local:alice) or the name of a target, written in full."
    actions = None
    change_list_template = "admin/events.html"
    readonly_fields: ClassVar[tuple[str, ...]] = ("when", "event", "who", "about", "result", "particulars")

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

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return an event with its outcome."""
        found = super().get_object(request, object_id)
        if isinstance(found, AuditEvent):
            outcome = AuditEvent.find(found.day, f"{found.at}#outcome")
            found.entry = Entry(found, outcome)  # type: ignore[attr-defined]
        return found

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
        return str(event.target or event.facts.get("object") or event.aws_account or "-")

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
        lines = [format_html("{}: <code>{}</code>", name, value) for name, value in [*changed, *entry.details]]
        return format_html("{}" * len(lines), *(format_html("{}<br>", line) for line in lines)) if lines else "-"
