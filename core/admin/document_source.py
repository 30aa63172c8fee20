"""Documents for the admin's lists, searches and forms."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.admin.changelist import ChangeList
from core.admin.checks import DocumentAdminChecks
from core.admin.operations import AdminRequest
from core.admin.queryset import DocumentQuerySet
from core.dynamo import Document
from core.requests import once_per_request
from core.typed_text import contains_words, search_words

DjangoModelAdmin: Any = admin.ModelAdmin
"""Django's own class; its types know models alone."""


class DocumentSourceAdmin(DjangoModelAdmin):  # type: ignore[misc]
    """A ModelAdmin that reads documents."""

    model: type[Document]
    show_facets = admin.ShowFacets.ALWAYS
    view_on_site = False
    list_per_page = 50
    checks_class = DocumentAdminChecks

    def get_queryset(self, request: HttpRequest) -> DocumentQuerySet:
        """All documents that may be managed, read once a request."""

        def read() -> DocumentQuerySet:
            return DocumentQuerySet(self.model, self.documents(request))

        return once_per_request(request, ("documents", self.model), read)

    def documents(self, request: HttpRequest) -> Iterable[Document]:
        """Return the documents that there are; override it where a cache has them."""
        return self.model.everything()

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Document | None:
        """Return the document with this key as it is now, or None."""
        try:
            return self.model.with_pk(object_id)
        except ValueError:
            # not the key of anything, such as one with too few parts
            return None

    def redirect_missing(self, request: AdminRequest, object_id: str) -> HttpResponse:
        """Say that there is no such document (any more), and lead to the admin's first page."""
        key = unquote(object_id)
        messages.warning(
            request,
            f"{self.opts.verbose_name} with ID “{key}” does not exist. Perhaps it was deleted?",
        )
        return HttpResponseRedirect(reverse("admin:index", current_app=self.admin_site.name))

    def get_changelist(self, request: HttpRequest, **named: Any) -> type[ChangeList]:
        return ChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: DocumentQuerySet, search_term: str
    ) -> tuple[DocumentQuerySet, bool]:
        """Return the documents in whose `search_fields` every word occurs, regardless of case."""
        words = search_words(search_term)
        if not words or not self.search_fields:
            return queryset, False

        # a list searches once for itself and once for each filter's counts
        matches: dict[str, bool] = once_per_request(
            request, ("search", self.model, search_term), dict
        )

        def matches_search(document: Any) -> bool:
            if document.pk not in matches:
                matches[document.pk] = self._has_words(document, words)
            return matches[document.pk]

        return queryset.where(matches_search), False

    def _has_words(self, document: Any, words: list[str]) -> bool:
        values = [str(self.search_value(document, name)) for name in self.search_fields]
        return contains_words(" ".join(values), words)

    def search_value(self, document: Any, name: str) -> Any:
        """Return what a search field says: an attribute's value, or a method's of this class."""
        method = getattr(self, name, None)
        if callable(method):
            return method(document)
        return getattr(document, name, "") or ""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Leave parameters to the filters; the list refuses what none of them takes."""
        return True

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Refuse references by other fields than the key."""
        return False
