"""Documents for the admin's lists, searches and forms."""

from collections.abc import Hashable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from core.admin.changelist import ChangeList
from core.admin.checks import DocumentAdminChecks
from core.admin.document_table import DocumentTable, Newest, Rows
from core.admin.operations import AdminRequest
from core.admin.queryset import DocumentQuerySet
from core.dynamo import Document
from core.requests import once_per_request
from core.typed_text import rows_with_words, search_words

DjangoModelAdmin: Any = admin.ModelAdmin
"""Django's own class; its types know models alone."""

SELECT_ALL = mark_safe('<input type="checkbox" id="action-toggle">')  # nosec B308 - a constant

tables = Newest()
"""The tables of lists whose documents are the same from request to request."""


class DocumentSourceAdmin(DjangoModelAdmin):  # type: ignore[misc]
    """A ModelAdmin that reads documents."""

    model: type[Document]
    show_facets = admin.ShowFacets.ALWAYS
    view_on_site = False
    list_per_page = 50
    checks_class = DocumentAdminChecks

    def get_queryset(self, request: HttpRequest) -> DocumentQuerySet:
        """All documents that may be managed, read once a request, or when they have changed."""
        table = once_per_request(request, ("documents", self.model), lambda: self._table(request))
        return DocumentQuerySet(self.model, table)

    def _table(self, request: HttpRequest) -> DocumentTable:
        def read() -> DocumentTable:
            return DocumentTable(self.documents(request))

        state = self.documents_state(request)
        if state is None:
            return read()
        return tables.get_or_make(self.model, state, read)

    def documents_state(self, request: HttpRequest) -> Hashable:
        """Return what is another one whenever `documents`, or what lists say of them, changed.

        None: nothing tells, so that they are read for each request.
        """
        return None

    def forget_documents(self) -> None:
        """Let the next list read the documents anew, whatever `documents_state` says."""
        tables.forget(self.model)

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

    @admin.display(description=SELECT_ALL)
    def action_checkbox(self, obj: Document) -> str:
        """Return the box that chooses a row; Django renders a template for each."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select"'
            ' aria-label="Select this object for an action - {}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            obj,
        )

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
        def search() -> Rows:
            texts = queryset.table.search_texts(self._search_text)
            return frozenset(rows_with_words(texts, words))

        rows = once_per_request(request, ("search", self.model, search_term), search)
        return queryset.within(rows), False

    def _search_text(self, document: Any) -> str:
        return " ".join(str(self.search_value(document, name)) for name in self.search_fields)

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
