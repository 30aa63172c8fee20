"""The audit log in the admin: read-only, newest first, page by page, searched, exported."""

from dataclasses import replace
from itertools import islice
from typing import Any, ClassVar

from django.contrib.admin import display
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core import audit
from core.admin import audit_scopes
from core.admin.audit_export import ExportForm, export_page
from core.admin.audit_scopes import Scope
from core.admin.audit_search_form import SearchForm
from core.admin.changelist import ChangeList
from core.admin.history import Entry, entries, with_outcome
from core.admin.links import Links, Thing
from core.admin.operations import AdminRequest
from core.admin.options import ModelAdmin
from core.admin.queryset import DocumentQuerySet
from core.audit import AuditEvent, Event
from core.audit_search import AuditSearch, Search
from core.event_words import other_actor
from core.templatetags.moments import moment

PAGE = 50
"""Entries on a page."""

READ_AT_ONCE = PAGE * 2 + 2
"""Events that a page reads: each of its entries may be two, an intent and its outcome."""

ENDED_BADLY = frozenset({"refused", "failed"})
"""Results that a list makes stand out."""

LONGEST_REASON = 120
"""Characters of a reason that a list shows; the event's own page has all of it."""


def _prepare_to_show(
    event: AuditEvent, entry: Entry, links: Links, deleted_targets: frozenset[str]
) -> None:
    """Give an event what its columns show: its outcome, and links for whoever reads it."""
    event.entry = entry  # type: ignore[attr-defined]
    event.links = links  # type: ignore[attr-defined]
    event.is_of_deleted_target = event.target in deleted_targets  # type: ignore[attr-defined]


def _entry(event: AuditEvent) -> Entry:
    entry: Entry = event.entry  # type: ignore[attr-defined]
    return entry


def _with_scopes(search: Search, scopes: list[Scope], deleted: frozenset[str]) -> Search:
    """Return the search with the targets of what its name is called like."""
    targets: set[str] = set()
    accounts: set[str] = set()
    for scope in scopes:
        targets.update(scope.targets)
        if scope.aws_account:
            accounts.add(scope.aws_account)

    return replace(
        search,
        targets=frozenset(targets),
        aws_accounts=frozenset(accounts),
        former_targets=deleted if accounts else frozenset(),
    )


class EventList(ChangeList):
    """A page of the audit log."""

    older = ""
    """What of the address leads to the next page into the past; empty at the log's beginning."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str] | None = None
    ) -> DocumentQuerySet:
        """Return the events of this page, each grant's outcome with its intent.

        None while the search has errors.
        """
        # the search form stands in for Django's filters
        self.filter_specs: list[Any] = []
        self.has_filters = False
        self.has_active_filters = False
        self.clear_all_filters_qs = ""

        self.links = Links.for_reader(request)
        self.form = SearchForm(request.GET.dict())
        self.searched = bool(self.form.parameters())
        self.scopes: list[Scope] = []
        self.deleted = audit_scopes.deleted_targets(request)
        search = self.form.search()
        self.request_moment = search.request_moment if search else None
        if search is None:
            return DocumentQuerySet(AuditEvent, [])

        if search.name:
            self.scopes = audit_scopes.scopes_called(request, search.name)
            search = _with_scopes(search, self.scopes, self.deleted)
        return DocumentQuerySet(AuditEvent, self._page(AuditSearch(search)))

    def _page(self, search: AuditSearch) -> list[AuditEvent]:
        """Return a page of events, each with its `entry`."""
        events = list(islice(iter(search), READ_AT_ONCE))
        grouped = entries(events)
        page = [with_outcome(entry) for entry in grouped[:PAGE]]

        if len(grouped) > PAGE:
            self.older = self.form.query_string(before=str(page[-1].event.at))
        elif search.reached:
            self.older = self.form.query_string(before=search.reached)
        self.looked_back_to = search.reached[:10]

        for entry in page:
            _prepare_to_show(entry.event, entry, self.links, self.deleted)
        return [entry.event for entry in page]

    def get_results(self, request: HttpRequest) -> None:
        """Show this page as it is: nothing counts the whole log."""
        self.result_list = self.queryset
        self.result_count = len(self.queryset)
        self.full_result_count = None
        self.paginator = None
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all = False
        self.multi_page = False


class AuditEventAdmin(ModelAdmin):
    """Shows the audit log and exports it; changes nothing."""

    menu_rank = 70
    list_display = ("when", "who", "what", "about", "result", "way", "source", "because")
    list_display_links = ("when",)
    sortable_by = ()
    actions = None
    action_forms = (ExportForm,)
    change_list_template = "admin/events.html"
    change_form_template = "admin/event.html"
    readonly_fields: ClassVar[tuple[str, ...]] = (
        "when",
        "who",
        "about",
        "way",
        "because",
        "stored_name",
        "particulars",
    )

    # -- nobody writes the audit log by hand
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # -- reading it, which is an event itself
    def documents(self, request: HttpRequest) -> list[Any]:
        # the list reads its own page: see EventList
        return []

    def get_changelist(self, request: HttpRequest, **named: Any) -> type[ChangeList]:
        return EventList

    def changelist_view(self, request: AdminRequest, extra_context: Any = None) -> Any:
        """Show a page of the audit log."""
        audit.record(Event.AUDIT_VIEWED, asked=request.GET.urlencode()[:500])
        return super().changelist_view(request, extra_context)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return an event, with its outcome in its `entry`."""
        event = super().get_object(request, object_id)
        if isinstance(event, AuditEvent):
            entry = with_outcome(Entry(event))
            deleted_targets = audit_scopes.deleted_targets(request)
            _prepare_to_show(event, entry, Links.for_reader(request), deleted_targets)
        return event

    def changeform_view(
        self, request: AdminRequest, object_id: Any = None, *arguments: Any, **named: Any
    ) -> Any:
        """Show one event."""
        if object_id is not None and request.method == "GET" and self.has_view_permission(request):
            audit.record(Event.AUDIT_VIEWED, asked=unquote(object_id)[:200])
        return super().changeform_view(request, object_id, *arguments, **named)

    def render_change_form(
        self, request: AdminRequest, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Head the page of an event with what happened."""
        context["heading"] = str(_entry(context["original"]).words)
        return super().render_change_form(request, context, *arguments, **named)

    # -- taking it along
    def get_urls(self) -> list[Any]:
        """Add the export's address."""
        view = self.admin_site.admin_view(self.export_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", view, name=name), *super().get_urls()]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    def export_view(self, request: AdminRequest) -> HttpResponseBase:
        """Export the audit log for whoever may see it."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        return export_page(self, request)

    # -- columns
    @display(description="When")
    def when(self, event: AuditEvent) -> str:
        return moment(event.moment, "seconds")

    @display(description="What")
    def what(self, event: AuditEvent) -> str:
        return _entry(event).words.what

    @display(description="Who")
    def who(self, event: AuditEvent) -> str:
        """Return who did it: a person, a service token, or the user of the host for commands."""
        other = other_actor(event.facts)
        if other or not event.person:
            return other or "-"
        links: Links = event.links  # type: ignore[attr-defined]
        return links.to(Thing.PERSON, event.person)

    @display(description="Target or object")
    def about(self, event: AuditEvent) -> str:
        """Return what it was done to, and whether that is a target that does not exist any more."""
        links: Links = event.links  # type: ignore[attr-defined]
        name = links.about(event)
        if _entry(event).words.what.endswith(str(name)):
            # said already, such as "changed the default contact"
            return "-"
        if event.is_of_deleted_target:  # type: ignore[attr-defined]
            return format_html("{} (deleted)", name)
        return name

    @display(description="Result")
    def result(self, event: AuditEvent) -> str:
        """Return how it ended; what was refused or failed stands out."""
        result = _entry(event).words.result
        if result in ENDED_BADLY:
            return format_html('<span class="ended-badly">{}</span>', result)
        return result

    @display(description="Way")
    def way(self, event: AuditEvent) -> str:
        """Return how the target was used: in the console, or with credentials."""
        return _entry(event).way or "-"

    @display(description="Why")
    def because(self, event: AuditEvent) -> str:
        """Return the reason of a refusal or a failure, or the one that the person gave."""
        reason = _entry(event).why or event.facts.get("reason") or ""
        return str(reason)[:LONGEST_REASON] or "-"

    @display(description="Stored as")
    def stored_name(self, event: AuditEvent) -> SafeString:
        """Return the names that exports have: of the event, and of a grant's outcome."""
        entry = _entry(event)
        names = dict.fromkeys((str(event.event), str(entry.newest.event)))
        return format_html_join(", ", "<code>{}</code>", ((name,) for name in names))

    @display(description="Particulars")
    def particulars(self, event: AuditEvent) -> str:
        """Return everything else that is known, a line each."""
        entry = _entry(event)
        links: Links = event.links  # type: ignore[attr-defined]

        lines: list[tuple[str, str]] = []
        for name, before, after in entry.changes:
            lines.append((name, f"{before} -> {after}"))
        for name, value, words in entry.linked_details:
            lines.append((name, links.fact(name, value, words)))

        if not lines:
            return "-"
        rows = format_html_join("", "<li>{}: <code>{}</code></li>", lines)
        return format_html('<ul class="particulars">{}</ul>', rows)
