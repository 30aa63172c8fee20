"""What moto takes long for, done at once: tests and the demo wait for little else.

moto turns a whole item into Python's values and back for each attribute that a projection names.
It casts the keys of two items for every comparison when it sorts, draws each letter of a request's
id by itself, and lists the methods of a service at every call.
"""

import string
from functools import cache
from typing import Any

from moto.core import responses, utils
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.moto_api._internal.moto_random import MotoRandom

_project_by_values = Item.project
sorted_by_moto = Table.all_items


def project(item: Item, paths: list[list[str]]) -> Item:
    """Return an item with the attributes at these paths, as DynamoDB projects them."""
    if not all(_is_whole_attribute(path) for path in paths):
        return _project_by_values(item, paths)

    projected = Item(hash_key=item.hash_key, range_key=item.range_key, attrs={})
    # a part of an item is no larger than the item, whose size was checked when it was written
    for (name,) in paths:
        if name in item.attrs:
            dict.__setitem__(projected.attrs, name, item.attrs[name])
    return projected


def _is_whole_attribute(path: list[str]) -> bool:
    # what ends so is a member of a list
    return len(path) == 1 and not path[0].endswith("]")


def all_items(table: Table) -> list[Item]:
    """Return the items of a table in the order of their keys."""
    by_hash_key: list[Any] = list(table.items.values())
    if not table.range_key_attr:
        return sorted(by_hash_key, key=lambda item: item.hash_key.cast_value)

    items = [item for by_range_key in by_hash_key for item in by_range_key.values()]
    return sorted(items, key=lambda item: (item.hash_key.cast_value, item.range_key.cast_value))


def random_text(
    generator: MotoRandom, length: int = 20, include_digits: bool = True, lower_case: bool = False
) -> str:
    """Return random letters, and digits where they are wanted."""
    pool = string.ascii_letters
    if include_digits:
        pool += string.digits
    text = "".join(generator.choices(pool, k=length))
    return text.lower() if lower_case else text


def install() -> None:
    """Let moto go these ways."""
    ways: list[tuple[Any, str, Any]] = [
        (Item, "project", project),
        (Table, "all_items", all_items),
        (MotoRandom, "get_random_string", random_text),
        (responses, "method_names_from_class", cache(utils.method_names_from_class)),
    ]
    for owner, name, way in ways:
        if not hasattr(owner, name):
            raise RuntimeError(f"moto has no {name} any more.")
        setattr(owner, name, way)
