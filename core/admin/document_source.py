"""Documents for lists, searches and forms."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from core.admin.changelist import ChangeList
from core.admin.checks import DocumentAdminChecks
from core.admin.queryset import Rows
from core.dynamo import Document

DjangoModelAdmin: Any = admin.ModelAdmin
"""Django's own class; its types know models alone."""


class Reading(DjangoModelAdmin):  # type: ignore[misc]
    """A ModelAdmin that reads documents."""

    model: type[Document]
    show_facets = admin.ShowFacets.ALWAYS
    view_on_site = False
    list_per_page = 50
    checks_class = DocumentAdminChecks

    def get_queryset(self, request: HttpRequest) -> Rows:
        """Return all documents that may be managed, read once a request."""
        held = request.__dict__.setdefault("_rows", {})
        if self.model not in held:
            held[self.model] = Rows(self.model, self.documents(request))
        found: Rows = held[self.model]
        return found

    def documents(self, request: HttpRequest) -> Iterable[Document]:
        """Return the documents that there are; override it where a cache knows them."""
        return self.model.everything()

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Document | None:
        """Return the document with this key as it is now, or None."""
        try:
            return self.model.with_pk(object_id)
        except ValueError:
            return None

    def get_changelist(self, request: HttpRequest, **named: Any) -> type[ChangeList]:
        """Return the list over rows."""
        return ChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Rows, bool]:
        """Return the rows in whose `search_fields` every word of the term is found, regardless of case."""
        words = search_term.casefold().split()
        if not words or not self.search_fields:
            return queryset, False
        # a list asks once for itself and once for each filter's counts
        known: dict[str, bool] = request.__dict__.setdefault(f"_found {search_term}", {})

        def has(each: Any) -> bool:
            if each.pk not in known:
                known[each.pk] = self._has(each, words)
            return known[each.pk]

        return queryset.where(has), False

    def _has(self, document: Any, words: list[str]) -> bool:
        """Return whether the document has every word."""
        text = " ".join(
            str(self.searched(document, name)) for name in self.search_fields
        ).casefold()
        return all(word in text for word in words)

    def searched(self, document: Any, name: str) -> Any:
        """Return what a search field says of a document: an attribute's value, or a method's of this class."""
        method = getattr(self, name, None)
        return method(document) if callable(method) else getattr(document, name, "") or ""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Leave parameters to the filters; what none of them takes is refused by the list."""
        return True

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Refuse references by other fields than the key."""
        return False
