"""Tables and their indexes in memory, with the sizes that DynamoDB charges for.

Sizes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from base64 import b64decode
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from bench.stub_aws.expressions import Item, Value, comparable

PAGE_BYTES = 2**20
"""What one answer of a query or a scan reads at most."""

Key = tuple[Any, Any]
"""(hash, range): their contents; the range is "" in a table that has none."""


class StoredItem:
    """An item as it is stored; nothing changes it."""

    def __init__(self, item: Item) -> None:
        self.item = item

    @cached_property
    def size(self) -> int:
        """The bytes that DynamoDB counts."""
        return item_size(self.item)


class Page(NamedTuple):
    """What one query or scan read, and whether there is more."""

    items: list[StoredItem]
    has_more: bool


def item_size(item: Item) -> int:
    """Return the bytes that DynamoDB counts for an item: names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Value) -> int:
    [(kind, content)] = value.items()
    size_of = _SIZES.get(kind)
    # BOOL and NULL have one byte
    return size_of(content) if size_of else 1


def _list_size(values: list[Value]) -> int:
    return 3 + sum(1 + _value_size(value) for value in values)


def _map_size(item: Item) -> int:
    return 3 + sum(1 + len(name.encode()) + _value_size(value) for name, value in item.items())


def _text_size(text: str) -> int:
    return len(text.encode())


def _binary_size(text: str) -> int:
    return len(b64decode(text))


def _number_size(text: str) -> int:
    """Return a byte for two significant digits, and one more."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": _text_size,
    "N": _number_size,
    "B": _binary_size,
    "SS": lambda members: sum(map(_text_size, members)),
    "NS": lambda members: sum(map(_number_size, members)),
    "BS": lambda members: sum(map(_binary_size, members)),
    "L": _list_size,
    "M": _map_size,
}


class KeySchema:
    """The names of a table's key, or of an index's."""

    def __init__(self, schema: list[dict[str, str]]) -> None:
        names = {part["KeyType"]: part["AttributeName"] for part in schema}
        self.hash_name = names["HASH"]
        self.range_name = names.get("RANGE", "")

    @property
    def names(self) -> list[str]:
        """The attributes of the key."""
        return [name for name in (self.hash_name, self.range_name) if name]

    def key_of(self, item: Item) -> Key:
        """Return the key of an item; raise KeyError when it has none."""
        range_content = ""
        if self.range_name:
            range_content = comparable(item[self.range_name])[1]
        return comparable(item[self.hash_name])[1], range_content

    def fits(self, item: Item) -> bool:
        """Return whether the item has every attribute of the key."""
        return all(name in item for name in self.names)


class Partitions:
    """Items by hash key, each with its range keys in order."""

    def __init__(self) -> None:
        self._sort_keys: dict[Any, list[Any]] = {}

    def add(self, hash_content: Any, sort_key: Any) -> None:
        """Add a key that is not there yet."""
        insort(self._sort_keys.setdefault(hash_content, []), sort_key)

    def remove(self, hash_content: Any, sort_key: Any) -> None:
        """Remove a key that is there."""
        sort_keys = self._sort_keys[hash_content]
        del sort_keys[bisect_left(sort_keys, sort_key)]

    def of(self, hash_content: Any) -> list[Any]:
        """Return the sort keys under a hash key, in order."""
        return self._sort_keys.get(hash_content, [])


class Index:
    """A global secondary index: which items are in it, by its own keys, and with what."""

    def __init__(self, description: dict[str, Any], table_schema: KeySchema) -> None:
        self.schema = KeySchema(description["KeySchema"])
        self.partitions = Partitions()

        projection = description["Projection"]
        self._has_all = projection["ProjectionType"] == "ALL"
        self._names = {
            *projection.get("NonKeyAttributes", ()),
            *self.schema.names,
            *table_schema.names,
        }

    def project(self, item: Item) -> Item:
        """Return what the index has of an item."""
        if self._has_all:
            return item
        return {name: value for name, value in item.items() if name in self._names}

    def change(self, key: Key, before: Item | None, after: Item | None) -> None:
        """Note that the item with this key was written or deleted."""
        if before is not None and self.schema.fits(before):
            hash_content, range_content = self.schema.key_of(before)
            self.partitions.remove(hash_content, (range_content, key))
        if after is not None and self.schema.fits(after):
            hash_content, range_content = self.schema.key_of(after)
            self.partitions.add(hash_content, (range_content, key))


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


class Table:
    """One table."""

    def __init__(self, name: str, description: dict[str, Any]) -> None:
        """Make it empty; the description is DescribeTable's."""
        self.name = name
        self.origin = {
            "TableName": name,
            "TableArn": description.get("TableArn", ""),
            "TableId": description.get("TableId", ""),
            "TableStatus": "ACTIVE",
            "KeySchema": description["KeySchema"],
            "AttributeDefinitions": description.get("AttributeDefinitions", []),
            "CreationDateTime": _seconds(description.get("CreationDateTime")),
        }
        """What tells it from any other table of this name, in what DescribeTable has at least."""
        self.schema = KeySchema(description["KeySchema"])
        self.indexes = {
            index["IndexName"]: Index(index, self.schema)
            for index in description.get("GlobalSecondaryIndexes") or ()
        }
        self._items: dict[Key, StoredItem] = {}
        self._partitions = Partitions()
        # in the order of a scan; None when it has to be made anew
        self._order: list[Key] | None = None
        self._positions: dict[Key, int] = {}

    def get(self, key: Key) -> StoredItem | None:
        """Return an item, or None."""
        return self._items.get(key)

    def write(self, key: Key, item: Item | None) -> StoredItem | None:
        """Put an item, or delete it (None); return what is stored now."""
        before = self._items.get(key)
        for index in self.indexes.values():
            index.change(key, before and before.item, item)

        if item is None:
            if before is not None:
                del self._items[key]
                self._partitions.remove(*key)
                self._order = None
            return None

        if before is None:
            self._partitions.add(*key)
            self._order = None
        stored = StoredItem(item)
        self._items[key] = stored
        return stored

    # -- reading several

    def under(self, hash_content: Any, index: Index | None, *, forward: bool) -> Iterator[Key]:
        """Yield the keys of the items under a hash key, in order."""
        partitions = index.partitions if index else self._partitions
        sort_keys = partitions.of(hash_content)
        for sort_key in sort_keys if forward else reversed(sort_keys):
            yield sort_key[1] if index else (hash_content, sort_key)

    def scan_from(self, start: Key | None) -> Iterator[Key]:
        """Yield all keys behind `start`, in an order that stays while no item comes or goes."""
        if self._order is None:
            self._order = list(self._items)
            self._positions = {key: position for position, key in enumerate(self._order)}

        first = 0
        if start is not None:
            # an item that is gone meanwhile: from the beginning
            first = self._positions.get(start, -1) + 1
        for position in range(first, len(self._order)):
            yield self._order[position]

    def read_page(self, keys: Iterator[Key], limit: int | None) -> Page:
        """Read items until there are `limit`, or a megabyte."""
        items: list[StoredItem] = []
        size = 0
        for key in keys:
            if len(items) == limit or size >= PAGE_BYTES:
                return Page(items, has_more=True)
            stored = self._items[key]
            items.append(stored)
            size += stored.size
        return Page(items, has_more=False)
