"""Lists of documents: Django's ChangeList over rows in memory."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views import main
from django.http import HttpRequest

from core.admin.queryset import Rows

DjangoChangeList: Any = main.ChangeList
"""Django's own class; its types know models alone."""


class ChangeList(DjangoChangeList):  # type: ignore[misc]
    """Filters, searches and sorts rows in memory."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str] | None = None
    ) -> Rows:
        """Return the rows of all pages; raise IncorrectLookupParameters for a parameter that nothing knows."""
        self.filter_specs, self.has_filters, unknown, _, self.has_active_filters = self.get_filters(
            request
        )
        if unknown:
            raise IncorrectLookupParameters(f"nothing filters by {', '.join(unknown)}")
        rows: Rows = self.root_queryset
        counting = exclude_parameters is not None
        for spec in self.filter_specs:
            if exclude_parameters is None or spec.expected_parameters() != exclude_parameters:
                kept: Any = spec.queryset(request, rows)
                rows = rows if kept is None else kept
        rows, _ = self.model_admin.get_search_results(request, rows, self.query)
        self.clear_all_filters_qs = self.get_query_string(
            new_params=self.get_filters_params() and dict.fromkeys(self.get_filters_params())
        )
        # a filter's counts are the same in any order
        return rows if counting else rows.order_by(*self.get_ordering(request, rows))

    def _get_deterministic_ordering(self, ordering: list[str]) -> list[str]:
        """Put the key last, so that every order is a total one."""
        return [*ordering, "pk"]
