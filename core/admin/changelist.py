"""Lists of documents: Django's ChangeList over documents in memory."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views import main
from django.http import HttpRequest

from core.admin.queryset import DocumentQuerySet

DjangoChangeList: Any = main.ChangeList
"""Django's own class; its types know models alone."""


class ChangeList(DjangoChangeList):  # type: ignore[misc]
    """Filters, searches and sorts documents in memory."""

    preserved_filters: str

    def __init__(self, request: HttpRequest, *arguments: Any) -> None:
        super().__init__(request, *arguments)
        # each row's address brings the filters along, which Django would resolve row by row
        self.kept_filters = self.preserved_filters
        self.preserved_filters = ""

    def url_for_result(self, result: Any) -> str:
        """Return the address of a document's form, from which one comes back to this very list."""
        url: str = super().url_for_result(result)
        return f"{url}?{self.kept_filters}" if self.kept_filters else url

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str] | None = None
    ) -> DocumentQuerySet:
        """Return the documents of all pages; raise IncorrectLookupParameters.

        With `exclude_parameters`, those that all filters but the one with these parameters leave: a
        filter counts its values among them.
        """
        self.filter_specs, self.has_filters, unknown, _, self.has_active_filters = self.get_filters(
            request
        )
        if unknown:
            raise IncorrectLookupParameters(f"nothing filters by {', '.join(unknown)}")

        queryset: DocumentQuerySet = self.root_queryset
        is_counting = exclude_parameters is not None
        for spec in self.filter_specs:
            if is_counting and spec.expected_parameters() == exclude_parameters:
                continue
            filtered: Any = spec.queryset(request, queryset)
            if filtered is not None:
                queryset = filtered

        queryset, _ = self.model_admin.get_search_results(request, queryset, self.query)

        filter_parameters = self.get_filters_params()
        without_filters = filter_parameters and dict.fromkeys(filter_parameters)
        self.clear_all_filters_qs = self.get_query_string(new_params=without_filters)

        # a filter's counts are the same in any order
        if is_counting:
            return queryset
        return queryset.order_by(*self.get_ordering(request, queryset))

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[str]:
        """Put the key last, so that every order is a total one."""
        ordering = super().get_ordering(request, queryset)
        return [*(name for name in ordering if name not in ("pk", "-pk")), "pk"]
