"""A large mapping with few changes over it: it shares the large one with the mappings before it.

Copying 100,000 entries at each edit, and letting the ones before go, costs each process more than
all the rest of following an edit.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import TypeVar

Value = TypeVar("Value")

MOST_CHANGES = 1_000
"""Changes after which a new large mapping is made of both."""


class LayeredMap(Mapping[str, Value]):
    """A mapping that never changes; `changed` returns another one."""

    __slots__ = ("_base", "_changes", "_hidden")

    def __init__(
        self,
        base: Mapping[str, Value],
        changes: Mapping[str, Value] = MappingProxyType({}),
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        """Lay `changes` over `base`, of which the `hidden` keys are gone or changed."""
        self._base = base
        self._changes = changes
        self._hidden = hidden

    def changed(
        self, changes: Mapping[str, Value], removed: Iterable[str] = ()
    ) -> "LayeredMap[Value]":
        """Return a mapping with these changes, and without the `removed` keys."""
        all_changes = {**self._changes, **changes}
        for key in removed:
            all_changes.pop(key, None)

        touched = self._hidden | changes.keys() | frozenset(removed)
        hidden = frozenset(key for key in touched if key in self._base)
        layered = LayeredMap(self._base, all_changes, hidden)
        if len(all_changes) + len(hidden) > MOST_CHANGES:
            return LayeredMap(dict(layered.items()))
        return layered

    def __getitem__(self, key: str) -> Value:
        if key in self._changes:
            return self._changes[key]
        if key in self._hidden:
            raise KeyError(key)
        return self._base[key]

    def __iter__(self) -> Iterator[str]:
        kept = (key for key in self._base if key not in self._hidden)
        return chain(kept, self._changes)

    def __len__(self) -> int:
        return len(self._base) - len(self._hidden) + len(self._changes)

    def __repr__(self) -> str:
        return f"LayeredMap({len(self)} entries, {len(self._changes)} over the large one)"


def layered(mapping: Mapping[str, Value]) -> LayeredMap[Value]:
    """Return the mapping as one that can be changed without being copied."""
    if isinstance(mapping, LayeredMap):
        return mapping
    return LayeredMap(mapping)
