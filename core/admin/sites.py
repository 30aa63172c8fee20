"""The admin site, for administrators and (to read) auditors, behind cooper's sign-in."""

from collections.abc import Callable
from functools import update_wrapper
from operator import itemgetter
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from core import audit
from core.admin.meta import adapt_document
from core.admin.operations import AdminOperation, OperationKind
from core.admin.overview import Card, CardKind, cards
from core.admin.queryset import DocumentQuerySet
from core.audit import AuditEvent, Event
from core.dynamo import Document
from core.requests import CooperRequest

HIDDEN_URLS = {"password_change", "password_change_done", "autocomplete", "view_on_site", "logout"}
"""URLs of Django's admin that cooper has elsewhere, or no use for."""

ADMINISTER = "cooper.administer"
"""The permission that administrators alone have."""

AUDITOR_URLS = {"index", "app_list", "jsi18n", "brokers_target_review"}
"""URLs open to auditors beside those of the audit log and of histories; no others are."""


class AdminSite(admin.AdminSite):
    """Django's admin site, behind cooper's own sign-in."""

    site_header = site_title = "cooper"
    index_title = "Administration"
    empty_value_display = "-"

    notice: Callable[[HttpRequest], Any] | None = None
    """Returns what an administrator has to be told, or None.

    `first`: a sentence, and `more`: how many more there are.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.card_kinds: list[CardKind] = []

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show what needs an administrator, and where to begin."""
        shown: list[Card] = []
        if request.user.has_perm(ADMINISTER):
            shown = cards(request, self.card_kinds)
        return super().index(request, {"cards": shown, **(extra_context or {})})

    def get_urls(self) -> list[Any]:
        urls = super().get_urls()
        return [url for url in urls if getattr(url, "name", None) not in HIDDEN_URLS]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Let administrators through, and auditors to the audit log; refuse others, recorded."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: Any, *arguments: Any, **named: Any) -> Any:
            # Django would show a sign-in page of its own
            if not request.user.is_authenticated:
                _keep_form(request, view)
                return redirect_to_login(request.get_full_path(), resolve_url("login"))
            if not self.has_permission(request) or not is_open(request):
                audit.record(Event.ADMIN_REFUSED, path=request.path[:200])
                raise PermissionDenied

            # views that do more than show say so themselves
            request.operation = AdminOperation(OperationKind.VIEW)
            return inner(request, *arguments, **named)

        return update_wrapper(guarded, view)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what every page shows, with the notice."""
        context = super().each_context(request)
        context["sections"] = self.sections(request, context["available_apps"])
        context["notice"] = None
        if self.notice is not None:
            context["notice"] = self.notice(request)
        return context

    def sections(self, request: HttpRequest, apps: list[Any]) -> list[dict[str, Any]]:
        """Return the lists that this person may see, for the navigation, by their `menu_rank`."""
        sections = []
        for app in apps:
            for model in app["models"]:
                url = model["admin_url"]
                model_admin: Any = self._registry[model["model"]]
                section = {
                    "name": model["name"],
                    "url": url,
                    "rank": model_admin.menu_rank,
                    "is_current": bool(url) and request.path.startswith(url),
                }
                sections.append(section)
        return sorted(sections, key=itemgetter("rank"))

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # `admin_view` leads to cooper's own sign-in page
        return HttpResponseRedirect(resolve_url("admin:index"))

    def get_log_entries(self, request: HttpRequest) -> Any:
        # the audit log is the only one
        return DocumentQuerySet(AuditEvent, [])


def _keep_form(request: CooperRequest, view: Any) -> None:
    """Keep what was typed into the form of a ModelAdmin, as far as that may be kept."""
    # a method of the ModelAdmin, or a class of views that is given it
    by_name = getattr(view, "view_initkwargs", {})
    model_admin = by_name.get("model_admin") or getattr(view, "__self__", None)
    may_keep = getattr(model_admin, "may_keep", None)
    if may_keep:
        request.kept_forms.keep(request.get_full_path(), may_keep)


def is_open(request: HttpRequest) -> bool:
    """Return whether an address is open: all are to administrators, few to auditors."""
    if request.user.has_perm(ADMINISTER):
        return True

    match = request.resolver_match
    if match is None or match.url_name is None:
        return False

    name = match.url_name
    if name.startswith("cooper_auditevent_") or name.endswith("_history"):
        return True
    return name in AUDITOR_URLS


site = AdminSite(name="admin")
site.disable_action("delete_selected")


def register(*documents: type[Document], site: AdminSite = site) -> Callable[[Any], Any]:
    """Register a ModelAdmin for documents, as Django's decorator does for models."""

    def decorate(admin_class: Any) -> Any:
        for document in documents:
            adapt_document(document)
        site.register(list(documents), admin_class)
        return admin_class

    return decorate
