"""The slice of a QuerySet that the admin uses, over documents in memory."""

from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from core.dynamo import Document


def sort_key(value: Any) -> tuple[int, Any]:
    """Return a key that sorts values of one column, whatever is missing; text regardless of case."""
    if value is None:
        return (0, "")
    if isinstance(value, str):
        return (1, value.casefold())
    if isinstance(value, (list, tuple)):
        return (1, ", ".join(str(each) for each in value).casefold())
    return (1, value)


class Rows:
    """Documents in memory that can be filtered, put in order, counted and cut."""

    ordered = True
    query = SimpleNamespace(order_by=(), select_related=True)
    db = "default"

    def __init__(self, model: type[Document], documents: Iterable[Document]) -> None:
        """Take the documents as they are."""
        self.model = model
        self.documents = list(documents)

    @property
    def verbose_name(self) -> str:
        """Return what one is called."""
        return str(self.model._meta.verbose_name)  # type: ignore[attr-defined]

    @property
    def verbose_name_plural(self) -> str:
        """Return what several are called."""
        return str(self.model._meta.verbose_name_plural)  # type: ignore[attr-defined]

    def __iter__(self) -> Iterator[Document]:
        """Go through the documents."""
        return iter(self.documents)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.documents)

    def __getitem__(self, place: Any) -> Any:
        """Return one, or those of a slice."""
        found = self.documents[place]
        return Rows(self.model, found) if isinstance(place, slice) else found

    def count(self) -> int:
        """Return how many there are."""
        return len(self.documents)

    def exists(self) -> bool:
        """Return whether there are any."""
        return bool(self.documents)

    def _clone(self) -> "Rows":
        """Return the same documents."""
        return Rows(self.model, self.documents)

    def none(self) -> "Rows":
        """Return no documents."""
        return Rows(self.model, [])

    def where(self, fits: Callable[[Any], bool]) -> "Rows":
        """Return those that fit."""
        return Rows(self.model, (each for each in self.documents if fits(each)))

    def filter(self, *, pk__in: Iterable[str]) -> "Rows":
        """Return those with these keys."""
        wanted = set(pk__in)
        return self.where(lambda each: each.pk in wanted)

    def order_by(self, *names: str) -> "Rows":
        """Return them in the order of these attributes; a `-` before a name turns its order round."""
        ordered = list(self.documents)
        for name in reversed(names):
            attribute = name.lstrip("-")
            # the comparison key is bound to this turn of the loop
            ordered.sort(
                key=lambda each, attribute=attribute: sort_key(getattr(each, attribute)),  # type: ignore[misc]
                reverse=name.startswith("-"),
            )
        return Rows(self.model, ordered)
