"""JSON with places: each value knows its line and column, and no key may be there twice. Pure.

`json.loads` takes a key that is given twice, and drops the first value; it takes NaN; and it stops
with RecursionError where a text is nested deeply.

Source: RFC 8259
"""

import json
import re
from typing import NoReturn

from brokers.nodes import Key, Node

DEEPEST = 12

_BLANKS = (" ", "\t", "\n", "\r")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SCALAR = re.compile(f"{_STRING.pattern}|{_NUMBER.pattern}|true|false|null")


class JsonRefused(ValueError):
    """The text is not JSON, or says something twice; the message says where, in a sentence."""


def read(text: str) -> Node:
    """Return the text's one value; raise JsonRefused."""
    reader = _Reader(text)
    node = reader.value(depth=0)
    reader.expect_end()
    return node


class _Reader:
    """Reads one text from its start to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def value(self, depth: int) -> Node:
        node = self._place()
        if depth > DEEPEST:
            self._refuse_at(node, f"nested deeper than {DEEPEST} levels")

        if self._takes("{"):
            node.value = self._object(depth + 1)
        elif self._takes("["):
            node.value = self._array(depth + 1)
        else:
            node.value = self._scalar()
        return node

    def expect_end(self) -> None:
        place = self._place()
        if self._position < len(self._text):
            self._refuse_at(place, "nothing can follow the value")

    def _object(self, depth: int) -> dict[Key, Node]:
        nodes: dict[Key, Node] = {}
        if self._takes("}"):
            return nodes

        while True:
            key = self._key()
            if key in nodes:
                first = next(other for other in nodes if other == key)
                raise JsonRefused(
                    f'Line {key.line}, column {key.column}: "{key}" is here twice, '
                    f"first at line {first.line}, column {first.column}."
                )
            self._expect(":")
            nodes[key] = self.value(depth)

            if self._takes("}"):
                return nodes
            self._expect(",")

    def _array(self, depth: int) -> list[Node]:
        nodes: list[Node] = []
        if self._takes("]"):
            return nodes

        while True:
            nodes.append(self.value(depth))
            if self._takes("]"):
                return nodes
            self._expect(",")

    def _key(self) -> Key:
        place = self._place()
        match = _STRING.match(self._text, self._position)
        if not match:
            self._refuse_at(place, "a name in double quotes is missing")

        self._position = match.end()
        key = Key(json.loads(match[0]))
        key.line = place.line
        key.column = place.column
        return key

    def _scalar(self) -> object:
        place = self._place()
        match = _SCALAR.match(self._text, self._position)
        if not match:
            self._refuse_at(place, "a value is missing")

        self._position = match.end()
        value: object = json.loads(match[0])
        return value

    # -- places and signs --------------------------------------------------------------------------
    def _place(self) -> Node:
        """Return the place of what comes next, behind blanks."""
        while self._text[self._position : self._position + 1] in _BLANKS:
            self._position += 1

        line = self._text.count("\n", 0, self._position) + 1
        column = self._position - self._text.rfind("\n", 0, self._position)
        return Node(line, column)

    def _takes(self, sign: str) -> bool:
        """Return whether this sign comes next; go on behind it then."""
        self._place()
        if not self._text.startswith(sign, self._position):
            return False
        self._position += len(sign)
        return True

    def _expect(self, sign: str) -> None:
        place = self._place()
        if not self._takes(sign):
            self._refuse_at(place, f"a {sign} is missing")

    def _refuse_at(self, place: Node, what: str) -> NoReturn:
        raise JsonRefused(f"This is not JSON: line {place.line}, column {place.column}: {what}.")
