"""The documents of a list, with what its filters, searches and orders need of them.

All of it is computed once for a table, when it is first asked for. A list whose documents are the
same from request to request keeps its table until they change.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

from core.dynamo import Document
from core.typed_text import search_text

T = TypeVar("T")

Rows = frozenset[int]
"""Places of documents in a table."""


class DocumentTable:
    """Documents, and what was computed of all of them."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.documents = tuple(documents)
        self._computed: dict[Hashable, Any] = {}

    def once(self, name: Hashable, compute: Callable[[], T]) -> T:
        """Return what `compute` answered when this was first asked for by this name.

        Two threads may both compute it: with the same result.
        """
        if name not in self._computed:
            self._computed[name] = compute()

        value: T = self._computed[name]
        return value

    def rows_by_value(
        self, name: Hashable, values_of: Callable[[Any], Iterable[str]]
    ) -> Mapping[str, Rows]:
        """Return the rows that have each value, of a filter of this name."""

        def compute() -> dict[str, Rows]:
            return _rows_by_value(self.documents, values_of)

        return self.once(("values", name), compute)

    def search_texts(self, text_of: Callable[[Any], str]) -> list[str]:
        """Return what is searched of each document, as `rows_with_words` takes it."""

        def compute() -> list[str]:
            texts = map(text_of, self.documents)
            return list(map(search_text, texts))

        return self.once("search texts", compute)

    def rows_by_pk(self) -> Mapping[str, int]:
        """Return the row of each document by its key as one text."""

        def compute() -> dict[str, int]:
            rows = {}
            for row, document in enumerate(self.documents):
                rows[document.pk] = row
            return rows

        return self.once("keys", compute)

    def rows_in_order(self, names: tuple[str, ...]) -> list[int]:
        """Return all rows in the order of these attributes; `-` before a name reverses it."""

        def compute() -> list[int]:
            rows = list(range(len(self.documents)))
            # sorting is stable, so the least important name is sorted by first
            for name in reversed(names):
                attribute = name.removeprefix("-")
                keys = self._sort_keys(attribute)
                is_reversed = name != attribute
                rows.sort(key=keys.__getitem__, reverse=is_reversed)
            return rows

        return self.once(("order", names), compute)

    def _sort_keys(self, attribute: str) -> list[Any]:
        keys: list[Any] = []
        for document in self.documents:
            if attribute == "pk":
                # its parts sort as it does, and need no coding
                keys.append(tuple(map(sort_key, document.key)))
            else:
                value = getattr(document, attribute)
                keys.append(sort_key(value))
        return keys


def _rows_by_value(
    documents: Iterable[Document], values_of: Callable[[Any], Iterable[str]]
) -> dict[str, Rows]:
    rows: dict[str, set[int]] = {}
    for row, document in enumerate(documents):
        for value in values_of(document):
            rows_with_value = rows.setdefault(value, set())
            rows_with_value.add(row)
    return {value: frozenset(rows_with_value) for value, rows_with_value in rows.items()}


def sort_key(value: Any) -> tuple[int, Any]:
    """Return a key that sorts the values of one column: nothing first, text regardless of case."""
    if value is None:
        return (0, "")
    if isinstance(value, str):
        return (1, value.casefold())
    if isinstance(value, (list, tuple)):
        text = ", ".join(map(str, value))
        return (1, text.casefold())
    return (1, value)


class Newest:
    """Keeps, for each name, what was computed for the newest state of things alone."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[Hashable, Any]] = {}

    def get_or_make(self, name: Hashable, state: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under the name if it was made for this state, or make it now."""
        kept_state, value = self._kept.get(name, (None, None))
        if kept_state != state:
            value = make()
            self._kept[name] = (state, value)

        newest: T = value
        return newest

    def forget(self, name: Hashable) -> None:
        """Keep nothing under this name any more."""
        self._kept.pop(name, None)

    def clear(self) -> None:
        """Keep nothing any more."""
        self._kept.clear()
