"""YAML with places: each value knows its line and column. Pure.

Only a small part of YAML is supported, so that no file can be a bomb: one document, no anchors, no
aliases, no tags. All values are texts; whoever reads them knows what type they should have.

`yaml.compose()` would build the tree just so, but it has no limits, and its nodes no longer tell
of anchors. So this composes the tree itself from the parser's events, and every limit acts before
the next node is built.

Source: https://yaml.org/spec/1.1/
"""

from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from brokers.import_export.complaints import Complaints, Unusable, shortened
from brokers.nodes import Key, Node

LARGEST = 20_000_000
"""Bytes of a file at most."""

DEEPEST = 8
MOST_VALUES = 500_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULLS = {"", "~", "null"}
"""What stands for nothing when it is written without quotes."""


def read(data: bytes, complaints: Complaints) -> Node:
    """Return the file's one document; raise Unusable when there is none, having complained."""
    text = _decode(data, complaints)

    try:
        root = _Composer(text, complaints).compose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _place_at(mark) if mark else Node(1, 1)
        complaints.add(place, f"This is not YAML: {error.problem or error.context}.")
        raise Unusable from error
    except yaml.reader.ReaderError as error:
        place = _place_after(_text_before(error, text))
        complaints.add(place, "YAML does not allow this character.")
        raise Unusable from error

    if root is None or root.value is None:
        complaints.add(Node(1, 1), "The file is empty.")
        raise Unusable
    return root


def _decode(data: bytes, complaints: Complaints) -> str:
    if len(data) > LARGEST:
        complaints.add(Node(1, 1), f"{len(data):,} bytes; a file can have at most {LARGEST:,}.")
        raise Unusable

    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text_before = data[: error.start].decode("utf-8", "replace")
        complaints.add(_place_after(text_before), "This is not UTF-8.")
        raise Unusable from error


class _Composer:
    """Composes one document from the parser's events, and stops at the first thing it refuses."""

    def __init__(self, text: str, complaints: Complaints) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._complaints = complaints
        self._values = 0

    def compose(self) -> Node | None:
        """Return the document, None for an empty file; raise Unusable, having complained."""
        root = None

        for event in self._events:
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            if root is not None:
                self._refuse(event, "A file can have only one document; a second one begins here.")
            root = self._compose_node(next(self._events), depth=0)
        return root

    def _compose_node(self, event: Any, depth: int) -> Node:
        self._check_event(event)
        node = _place_at(event.start_mark)

        if isinstance(event, yaml.ScalarEvent):
            node.value = _scalar_value(event)
            return node

        if depth == DEEPEST:
            self._refuse(event, f"This is nested deeper than {DEEPEST} levels.")
        if isinstance(event, yaml.SequenceStartEvent):
            node.value = self._compose_list(depth + 1)
        else:
            node.value = self._compose_mapping(depth + 1)
        return node

    def _compose_list(self, depth: int) -> list[Node]:
        nodes: list[Node] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            nodes.append(self._compose_node(event, depth))
        return nodes

    def _compose_mapping(self, depth: int) -> dict[Key, Node]:
        nodes: dict[Key, Node] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._compose_key(event)
            if key in nodes:
                self._complaints.add(key, f"{shortened(key)} is here twice.")
            nodes[key] = self._compose_node(next(self._events), depth)
        return nodes

    def _compose_key(self, event: Any) -> Key:
        self._check_event(event)
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event, "A key must be a text.")

        place = _place_at(event.start_mark)
        key = Key(event.value)
        key.line = place.line
        key.column = place.column
        return key

    def _check_event(self, event: Any) -> None:
        """Refuse what could make a small file large, and files of too many values."""
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, "Aliases (*name) are not supported; write the value out.")
        if event.anchor is not None:
            self._refuse(event, "Anchors (&name) are not supported.")
        # "!" alone only says that the value is not to be guessed at, which is not done anyway
        if event.tag not in (None, "!"):
            self._refuse(event, "Tags (!name) are not supported.")

        self._values += 1
        if self._values > MOST_VALUES:
            self._refuse(event, f"More than {MOST_VALUES:,} values.")

    def _refuse(self, event: Any, message: str) -> NoReturn:
        self._complaints.add(_place_at(event.start_mark), message)
        raise Unusable


def _scalar_value(event: yaml.ScalarEvent) -> str | None:
    is_plain = event.style in (None, "")
    if is_plain and event.value in _NULLS:
        return None
    return str(event.value)


def _place_at(mark: Any) -> Node:
    return Node(mark.line + 1, mark.column + 1)


def _place_after(text: str) -> Node:
    return Node(text.count("\n") + 1, len(text) - text.rfind("\n"))


def _text_before(error: yaml.reader.ReaderError, text: str) -> str:
    # libyaml counts bytes, PyYAML's own reader counts characters
    if _LOADER is yaml.SafeLoader:
        return text[: error.position]
    return text.encode()[: error.position].decode("utf-8", "ignore")
