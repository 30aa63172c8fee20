"""The management plane's site: for administrators (and, to read, auditors), signed in as everywhere else."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from core import audit
from core.admin.meta import adapt_document
from core.admin.operations import AdminOperation, Operation
from core.admin.queryset import DocumentQuerySet
from core.audit import AuditEvent, Event
from core.dynamo import Document

HIDDEN = {"password_change", "password_change_done", "autocomplete", "view_on_site", "logout"}
"""Addresses of Django's admin that cooper has no use for."""


ADMINISTER = "cooper.administer"
"""The permission that administrators alone have."""

READABLE = {"index", "app_list", "jsi18n"}
"""Addresses open to auditors beside those of the record and histories; what is added later stays shut."""


class AdminSite(admin.AdminSite):
    """Django's admin site, whose people sign in at cooper's own door."""

    site_header = site_title = "cooper"
    index_title = "Administration"
    empty_value_display = "-"

    notice: Callable[[HttpRequest], Any] | None = None
    """Returns what an administrator has to be told: `lines`, and the `until` of saying that they were read; or None."""

    def get_urls(self) -> list[Any]:
        """Return Django's addresses without those that cooper has elsewhere or not at all."""
        return [each for each in super().get_urls() if getattr(each, "name", None) not in HIDDEN]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Let administrators through, and auditors to the record; send nobody to sign in; refuse others, recorded."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: Any, *arguments: Any, **named: Any) -> Any:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), resolve_url("login"))
            if not self.has_permission(request) or not is_open(request):
                audit.record(Event.ADMIN_REFUSED, path=request.path[:200])
                raise PermissionDenied

            # views that do more than show say so themselves
            request.operation = AdminOperation(Operation.VIEW)
            return inner(request, *arguments, **named)

        return update_wrapper(guarded, view)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what every page shows, with the notice."""
        return {
            **super().each_context(request),
            "notice": self.notice(request) if self.notice else None,
        }

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Send people to cooper's own sign-in page."""
        return HttpResponseRedirect(resolve_url("admin:index"))

    def get_log_entries(self, request: HttpRequest) -> Any:
        """Return nothing: the record is the one trail."""
        return DocumentQuerySet(AuditEvent, [])


def is_open(request: HttpRequest) -> bool:
    """Return whether an address is open to whoever asks: all are to administrators, those of the record to auditors."""
    if request.user.has_perm(ADMINISTER):
        return True
    name = (request.resolver_match and request.resolver_match.url_name) or ""
    return name in READABLE or name.startswith("cooper_auditevent_") or name.endswith("_history")


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
