"""Filters of lists, with counts."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.http import HttpRequest

from core.admin.queryset import Rows


class ValuesFilter(SimpleListFilter):
    """Filters by what `values_of` says of a document. Subclass it with `title` and `parameter_name`."""

    labels: ClassVar[dict[str, str]] = {}
    """How values are shown, where not as they are."""

    def values_of(self, document: Any) -> Iterable[str]:
        """Return the values of a document; by default the attribute called `parameter_name`, yes/no for booleans."""
        value = getattr(document, str(self.parameter_name))
        if isinstance(value, bool):
            return ["yes" if value else "no"]
        if isinstance(value, (list, tuple)):
            return [str(each) for each in value]
        return [] if value is None else [str(value)]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the values that there are."""
        # a list makes its filters anew for each one's counts
        known: dict[type, list[tuple[str, str]]] = request.__dict__.setdefault("_lookups", {})
        if type(self) not in known:
            values = {
                value
                for each in model_admin.get_queryset(request)
                for value in self.values_of(each)
            }
            known[type(self)] = [
                (value, self.labels.get(value, value)) for value in sorted(values, key=str.casefold)
            ]
        return known[type(self)]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows | None:  # type: ignore[override]
        """Return the documents with the chosen value; none for a value that no document has."""
        wanted = self.value()
        if wanted is None:
            return None
        return queryset.where(lambda each: wanted in self.values_of(each))

    def get_facet_queryset(self, changelist: Any) -> dict[str, int]:
        """Return how many there are of each value among what the other filters leave."""
        rows = changelist.get_queryset(self.request, exclude_parameters=self.expected_parameters())
        counts = Counter(value for each in rows for value in set(self.values_of(each)))
        return {
            f"{place}__c": counts[str(value)]
            for place, (value, _) in enumerate(self.lookup_choices)
        }
