"""What DynamoDB takes at most, so that nothing is sent that it would refuse.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html and
CapacityUnitCalculations.html (sizes of items)
"""

from collections.abc import Mapping
from typing import Any

from core.errors import Invalid

HASH_KEY_LIMIT = 2_048
"""Bytes of a partition key at most, of a table and of an index."""

RANGE_KEY_LIMIT = 1_024
"""Bytes of a sort key at most."""

ITEM_LIMIT = 409_600
"""Bytes of an item at most, names of attributes included."""

Item = Mapping[str, Mapping[str, Any]]
"""An item in DynamoDB's JSON."""


def size_of(value: Mapping[str, Any]) -> int:
    """Return how many bytes DynamoDB counts for a value in its JSON, or a few more."""
    [(kind, content)] = value.items()
    match kind:
        case "S" | "N":
            return _bytes_of(content)
        case "B":
            return len(content)
        case "M":
            return 3 + sum(1 + _bytes_of(name) + size_of(part) for name, part in content.items())
        case "L":
            return 3 + sum(1 + size_of(part) for part in content)
        case _:
            # a flag, nothing, or a set, of which cooper stores none
            return 3 + len(str(content))


def item_size(item: Item) -> int:
    """Return how many bytes DynamoDB counts for an item."""
    return sum(_bytes_of(name) + size_of(value) for name, value in item.items())


def fits(key: object, limit: int) -> bool:
    """Return whether a part of a key is short enough; numbers always are."""
    return not isinstance(key, str) or _bytes_of(key) <= limit


def check_item(item: Item, key_limits: Mapping[str, int]) -> None:
    """Raise Invalid, on the attribute's field, for what DynamoDB would refuse to store.

    `key_limits` are those of the attributes that are a key of the table or of an index.
    """
    for name, limit in key_limits.items():
        text = item.get(name, {}).get("S", "")
        if not fits(text, limit):
            raise Invalid(
                f"This has {_bytes_of(text):,} bytes; {limit:,} can be stored here.",
                f"{name}: {_bytes_of(text)} bytes",
                field=name,
            )

    size = item_size(item)
    if size > ITEM_LIMIT:
        raise Invalid(
            f"All this together has {size:,} bytes; {ITEM_LIMIT:,} can be stored at once. "
            "Make it shorter, or do it in smaller parts.",
            f"an item of {size} bytes",
        )


def _bytes_of(text: str) -> int:
    # lone surrogates, which JSON can hold, are counted rather than refused here
    return len(text.encode("utf-8", "surrogatepass"))
