"""Lists of documents: Django's ChangeList over documents in memory."""

from functools import cached_property
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.admin.views import main
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from core.admin.queryset import DocumentQuerySet
from core.admin.rows import rows_of

DjangoChangeList: Any = main.ChangeList
"""Django's own class; its types know models alone."""


class ChangeList(DjangoChangeList):  # type: ignore[misc]
    """Filters, searches and sorts documents in memory."""

    preserved_filters: str

    left_by_all: DocumentQuerySet
    """The documents that all filters and the search leave, in no order."""

    def __init__(self, request: HttpRequest, *arguments: Any) -> None:
        super().__init__(request, *arguments)
        self.title = capfirst(self.opts.verbose_name_plural)
        # each row's address brings the filters along, which Django would resolve row by row
        self.kept_filters = self.preserved_filters
        self.preserved_filters = ""

    def url_for_result(self, result: Any) -> str:
        """Return the address of a document's form, from which one comes back to this very list."""
        url: str = super().url_for_result(result)
        return f"{url}?{self.kept_filters}" if self.kept_filters else url

    @property
    def rows(self) -> list[tuple[SafeString]]:
        """The rows as Django's template takes them: one text is in each."""
        return [(row,) for row in rows_of(self)]

    @cached_property
    def headers(self) -> list[dict[str, Any]]:
        return list(result_headers(self))

    @property
    def num_sorted_fields(self) -> int:
        return sum(header["sortable"] and header["sorted"] for header in self.headers)

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str] | None = None
    ) -> DocumentQuerySet:
        """Return the documents of all pages; raise IncorrectLookupParameters.

        With `exclude_parameters`, those that all filters but the one with these parameters leave: a
        filter counts its values among them.
        """
        is_counting = exclude_parameters is not None
        if is_counting and not self._is_chosen(exclude_parameters or []):
            return self.left_by_all

        self.filter_specs, self.has_filters, unknown, _, self.has_active_filters = self.get_filters(
            request
        )
        if unknown:
            raise IncorrectLookupParameters(f"nothing filters by {', '.join(unknown)}")

        queryset: DocumentQuerySet = self.root_queryset
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
        self.left_by_all = queryset
        return queryset.order_by(*self.get_ordering(request, queryset))

    def _is_chosen(self, parameters: list[str]) -> bool:
        """Return whether the filter with these parameters leaves anything out."""
        return any(name in self.filter_params for name in parameters)

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[str]:
        """Put the key last, so that every order is a total one."""
        ordering = super().get_ordering(request, queryset)
        return [*(name for name in ordering if name not in ("pk", "-pk")), "pk"]
