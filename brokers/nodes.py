"""Values of a text that know where in it they stand. Pure: no Django, no AWS."""

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Node:
    """A value and its place, which counts from 1.

    The value is a list of nodes, a dict of nodes by Key, or something simple. Of YAML that is a
    text, None for nothing; of JSON a flag or a number too.
    """

    line: int
    column: int
    value: Any = None


class Key(str):
    """A key of a mapping, with its place."""

    __slots__ = ("column", "line")
    line: int
    column: int
