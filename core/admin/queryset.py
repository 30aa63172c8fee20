"""The slice of a QuerySet that Django's admin uses, over documents in memory."""

from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from core.dynamo import Document


class DocumentQuerySet:
    """Documents in memory that can be filtered, put in order, counted and cut."""

    # what Django's ChangeList reads of a QuerySet
    ordered = True
    query = SimpleNamespace(order_by=(), select_related=True)
    db = "default"

    def __init__(self, model: type[Document], documents: Iterable[Document]) -> None:
        self.model = model
        self.documents = list(documents)

    @property
    def verbose_name(self) -> str:
        return str(self.model._meta.verbose_name)  # type: ignore[attr-defined]

    @property
    def verbose_name_plural(self) -> str:
        return str(self.model._meta.verbose_name_plural)  # type: ignore[attr-defined]

    def __iter__(self) -> Iterator[Document]:
        return iter(self.documents)

    def __len__(self) -> int:
        return len(self.documents)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return DocumentQuerySet(self.model, self.documents[index])
        return self.documents[index]

    def count(self) -> int:
        return len(self.documents)

    def exists(self) -> bool:
        return bool(self.documents)

    def _clone(self) -> "DocumentQuerySet":
        # Django's ChangeList calls it: see core.admin.django_internals
        return DocumentQuerySet(self.model, self.documents)

    def none(self) -> "DocumentQuerySet":
        return DocumentQuerySet(self.model, [])

    def where(self, matches: Callable[[Any], bool]) -> "DocumentQuerySet":
        """Return the documents for which `matches` says yes."""
        return DocumentQuerySet(self.model, filter(matches, self.documents))

    def filter(self, *, pk__in: Iterable[str]) -> "DocumentQuerySet":
        """Return the documents with these keys: those that were ticked in a list."""
        keys = set(pk__in)
        return self.where(lambda document: document.pk in keys)

    def order_by(self, *names: str) -> "DocumentQuerySet":
        """Return the documents in the order of these attributes; `-` before a name reverses it."""
        ordered = list(self.documents)

        # sorting is stable, so the least important name is sorted by first
        for name in reversed(names):
            ordered.sort(key=_sort_key_of(name.lstrip("-")), reverse=name.startswith("-"))
        return DocumentQuerySet(self.model, ordered)


def _sort_key_of(attribute: str) -> Callable[[Document], tuple[int, Any]]:
    return lambda document: sort_key(getattr(document, attribute))


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
