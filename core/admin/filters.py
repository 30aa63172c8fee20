"""Filters of lists, with counts."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.http import HttpRequest

from core.admin.queryset import DocumentQuerySet
from core.requests import once_per_request


class ValuesFilter(SimpleListFilter):
    """Filters by what `values_of` says; subclass it with `title` and `parameter_name`."""

    labels: ClassVar[dict[str, str]] = {}
    """How values are shown, where not as they are."""

    def values_of(self, document: Any) -> Iterable[str]:
        """Return the values of a document, by default of the attribute `parameter_name`.

        Booleans are yes and no; a list has several values.
        """
        value = getattr(document, str(self.parameter_name))
        if isinstance(value, bool):
            return ["yes" if value else "no"]
        if isinstance(value, (list, tuple)):
            return [str(item) for item in value]
        if value is None:
            return []
        return [str(value)]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the values that there are, with their labels."""

        def collect() -> list[tuple[str, str]]:
            values: set[str] = set()
            for document in model_admin.get_queryset(request):
                values.update(self.values_of(document))
            ordered = sorted(values, key=str.casefold)
            return [(value, self.labels.get(value, value)) for value in ordered]

        # a list makes its filters anew for each one's counts
        return once_per_request(request, ("lookups", type(self)), collect)

    def queryset(  # type: ignore[override]
        self, request: HttpRequest, queryset: DocumentQuerySet
    ) -> DocumentQuerySet | None:
        """Return the documents with the chosen value; none for a value that no document has."""
        chosen = self.value()
        if chosen is None:
            return None
        return queryset.where(lambda document: chosen in self.values_of(document))

    def get_facet_queryset(self, changelist: Any) -> dict[str, int]:
        """How many documents there are of each value among those that the other filters leave."""
        queryset = changelist.get_queryset(
            self.request, exclude_parameters=self.expected_parameters()
        )
        counts: Counter[str] = Counter()
        for document in queryset:
            counts.update(set(self.values_of(document)))

        # the keys are those of Django's SimpleListFilter: the place of each choice
        return {
            f"{index}__c": counts[str(value)]
            for index, (value, _) in enumerate(self.lookup_choices)
        }
