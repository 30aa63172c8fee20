"""A cache in the process, bounded by the bytes that it holds."""

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


class ByteCache:
    """Keeps what was computed for a key, at most `most_bytes` of it: what was used last stays.

    A value never changes, and its key names everything that it was computed from: then a kept one
    is never wrong, and nothing has to be thrown away when something changes, but for the room that
    it takes. Threads that miss the same key at once each compute it.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        """Bytes of the keys and values that are kept."""

        self._entries: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get_or_make(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value that is kept for the key, or what `make` returns now.

        A value of more bytes than the whole cache may have is returned and not kept.
        """
        with self._lock:
            entry = self._entries.get(key)
            if entry:
                self._entries.move_to_end(key)
        if entry:
            kept: T = entry[0]  # type: ignore[assignment]
            return kept

        # outside of the lock: making one value keeps nobody from another
        value = make()
        self._keep(key, value, size_of(key) + size_of(value))
        return value

    def _keep(self, key: Hashable, value: object, size: int) -> None:
        if size > self.most_bytes:
            return

        with self._lock:
            replaced = self._entries.pop(key, None)
            if replaced:
                self.bytes -= replaced[1]

            self._entries[key] = (value, size)
            self.bytes += size
            while self.bytes > self.most_bytes:
                _, (_, dropped) = self._entries.popitem(last=False)
                self.bytes -= dropped

    def drop(self, is_over: Callable[[Hashable], bool]) -> None:
        """Keep nothing any more of the keys that nobody asks for again, as `is_over` says."""
        with self._lock:
            for key in list(self._entries):
                if is_over(key):
                    _, dropped = self._entries.pop(key)
                    self.bytes -= dropped

    def items(self) -> Iterator[tuple[Hashable, object]]:
        """Return the keys and values as they are kept now, the one used longest ago first."""
        with self._lock:
            entries = list(self._entries.items())
        for key, (value, _) in entries:
            yield key, value

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            self._entries.clear()
            self.bytes = 0


def size_of(value: object) -> int:
    """Return the bytes of a value and of all that it refers to: containers and dataclasses.

    What several refer to counts each time, so that the sum is never too low.
    """
    size = sys.getsizeof(value)
    if isinstance(value, str):
        # most are
        return size

    if isinstance(value, (tuple, list, frozenset)):
        return size + sum(map(size_of, value))
    kind: Any = type(value)
    for name in _field_names(kind):
        size += size_of(getattr(value, name))
    return size


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    """Return the names of a dataclass's fields, none for other types."""
    if not is_dataclass(kind):
        return ()
    return tuple(field.name for field in fields(kind))
