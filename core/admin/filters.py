"""Filters of lists, with counts."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.http import HttpRequest

from core.admin.document_table import Rows
from core.admin.queryset import DocumentQuerySet


class ValuesFilter(SimpleListFilter):
    """Filters by what `values_of` says; subclass it with `title` and `parameter_name`."""

    labels: ClassVar[dict[str, str]] = {}
    """How values are shown, where not as they are."""

    most_choices: ClassVar[int] = 50
    """Values that are shown; where there are more, those that most documents have."""

    left_out = 0
    """Values that are not shown."""

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

    def depends_on(self, queryset: DocumentQuerySet) -> Hashable:
        """Return what the values of documents depend on beside the documents."""
        return None

    def _rows_by_value(self, queryset: DocumentQuerySet) -> Mapping[str, Rows]:
        name = (type(self), self.depends_on(queryset))
        return queryset.table.rows_by_value(name, self.values_of)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the values to choose from, with their labels."""
        rows_by_value = self._rows_by_value(model_admin.get_queryset(request))
        values = list(rows_by_value)
        if len(values) > self.most_choices:
            values.sort(key=lambda value: (-len(rows_by_value[value]), value.casefold()))
            values = values[: self.most_choices]

        chosen = self.value()
        if chosen and chosen in rows_by_value and chosen not in values:
            values.append(chosen)

        self.left_out = len(rows_by_value) - len(values)
        values.sort(key=str.casefold)
        return [(value, self.labels.get(value, value)) for value in values]

    def queryset(  # type: ignore[override]
        self, request: HttpRequest, queryset: DocumentQuerySet
    ) -> DocumentQuerySet | None:
        """Return the documents with the chosen value; none for a value that no document has."""
        chosen = self.value()
        if chosen is None:
            return None
        return queryset.within(self._rows_by_value(queryset).get(chosen, frozenset()))

    def get_facet_queryset(self, changelist: Any) -> dict[str, int]:
        """How many documents there are of each value among those that the other filters leave."""
        queryset: DocumentQuerySet = changelist.get_queryset(
            self.request, exclude_parameters=self.expected_parameters()
        )
        rows_by_value = self._rows_by_value(queryset)
        # the keys are those of Django's SimpleListFilter: the place of each choice
        counts = {}
        for index, (value, _) in enumerate(self.lookup_choices):
            rows = rows_by_value.get(str(value), frozenset())
            counts[f"{index}__c"] = len(rows & queryset.row_set)
        return counts
