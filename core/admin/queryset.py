"""The slice of a QuerySet that Django's admin uses, over documents in memory."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from core.admin.document_table import DocumentTable, Rows
from core.dynamo import Document


class DocumentQuerySet:
    """Rows of a table of documents, which can be filtered, put in order, counted and cut."""

    # what Django's ChangeList reads of a QuerySet
    ordered = True
    query = SimpleNamespace(order_by=(), select_related=True)
    db = "default"

    def __init__(
        self,
        model: type[Document],
        documents: DocumentTable | Iterable[Document],
        rows: Sequence[int] | None = None,
    ) -> None:
        """Take these rows of the documents; all of them unless given."""
        self.model = model
        self.table = documents if isinstance(documents, DocumentTable) else DocumentTable(documents)
        self.rows = range(len(self.table.documents)) if rows is None else rows

    @property
    def verbose_name(self) -> str:
        return str(self.model._meta.verbose_name)  # type: ignore[attr-defined]

    @property
    def verbose_name_plural(self) -> str:
        return str(self.model._meta.verbose_name_plural)  # type: ignore[attr-defined]

    def __iter__(self) -> Iterator[Document]:
        return (self.table.documents[row] for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._with(self.rows[index])
        return self.table.documents[self.rows[index]]

    def count(self) -> int:
        return len(self.rows)

    def exists(self) -> bool:
        return bool(self.rows)

    def _clone(self) -> "DocumentQuerySet":
        # Django's ChangeList calls it: see core.admin.django_internals
        return self._with(self.rows)

    def _with(self, rows: Sequence[int]) -> "DocumentQuerySet":
        return DocumentQuerySet(self.model, self.table, rows)

    def none(self) -> "DocumentQuerySet":
        return self._with(())

    @cached_property
    def row_set(self) -> Rows:
        return frozenset(self.rows)

    @property
    def has_all_rows(self) -> bool:
        """Whether nothing was filtered out."""
        return len(self.rows) == len(self.table.documents)

    def within(self, rows: Rows) -> "DocumentQuerySet":
        """Return the documents whose row is one of these."""
        return self._with([row for row in self.rows if row in rows])

    def filter(self, *, pk__in: Iterable[str]) -> "DocumentQuerySet":
        """Return the documents with these keys: those that were ticked in a list."""
        row_by_pk = self.table.rows_by_pk()
        return self.within(frozenset(row_by_pk[pk] for pk in pk__in if pk in row_by_pk))

    def order_by(self, *names: str) -> "DocumentQuerySet":
        """Return the documents in the order of these attributes; `-` before a name reverses it."""
        rows = self.table.rows_in_order(names)
        if self.has_all_rows:
            return self._with(rows)

        own_rows = self.row_set
        return self._with([row for row in rows if row in own_rows])
