"""YAML with places: each value knows its line and column. Pure; a small part of YAML, so that no file is a bomb.

Source: https://yaml.org/spec/1.1/ - without anchors, aliases, tags and several documents. Values are texts; what reads
them knows what they should be.
"""

from dataclasses import dataclass, field
from typing import Any

import yaml

LARGEST = 20_000_000
"""Bytes of a file at most."""

DEEPEST = 8
MOST_VALUES = 500_000
MOST_COMPLAINTS = 20
"""Complaints that are shown; the rest is counted."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOTHING = {"", "~", "null"}


@dataclass(slots=True)
class Node:
    """A value and its place: a text (None: nothing), a list, or entries by key; `line` and `column` count from 1."""

    line: int
    column: int
    value: Any = None


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a file, and where."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"line {self.line}, column {self.column}: {printable(self.message)}"


class Unusable(Exception):
    """The file cannot be read further; the complaints say why."""


@dataclass
class Complaints:
    """What is wrong with a file, in the order of finding; more than MOST_COMPLAINTS are counted."""

    found: list[Complaint] = field(default_factory=list)
    more: int = 0

    def add(self, place: Any, message: str) -> None:
        """Complain about a Node, or anything else with a line and a column."""
        if len(self.found) < MOST_COMPLAINTS:
            self.found.append(Complaint(place.line, place.column, message))
        else:
            self.more += 1

    def lines(self) -> list[str]:
        """Return all of it for people, in the order of the file."""
        ordered = sorted(self.found, key=lambda each: (each.line, each.column))
        return [str(each) for each in ordered] + [f"and {self.more} more"] * bool(self.more)

    def __bool__(self) -> bool:
        """Return whether anything is wrong."""
        return bool(self.found)


class Key(str):
    """A key of a mapping, with its place."""

    __slots__ = ("column", "line")
    line: int
    column: int


def read(data: bytes, complaints: Complaints) -> Node:
    """Return the file's one document; raise Unusable when there is none, having complained."""
    text = _decoded(data, complaints)
    reader = _Reader(complaints)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Node(mark.line + 1, mark.column + 1) if mark else Node(1, 1)
        complaints.add(place, f"This is not YAML: {error.problem or error.context}.")
        raise Unusable from error
    except yaml.reader.ReaderError as error:
        complaints.add(_place(text[: error.position]), "A character that YAML does not allow.")
        raise Unusable from error
    if reader.root is None or reader.root.value is None:
        complaints.add(Node(1, 1), "The file is empty.")
        raise Unusable
    return reader.root


def _decoded(data: bytes, complaints: Complaints) -> str:
    """Return the text; raise Unusable for a file that is too large or not UTF-8."""
    if len(data) > LARGEST:
        complaints.add(Node(1, 1), f"{len(data):,} bytes; a file has {LARGEST:,} at most.")
        raise Unusable
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        complaints.add(_place(data[: error.start].decode("utf-8", "replace")), "This is not UTF-8.")
        raise Unusable from error


def _place(before: str) -> Node:
    """Return the place behind a text."""
    return Node(before.count("\n") + 1, len(before) - before.rfind("\n"))


class _Reader:
    """Builds nodes from YAML's events, one after the other, and stops at the first thing that it does not take."""

    def __init__(self, complaints: Complaints) -> None:
        """Begin with nothing."""
        self.root: Node | None = None
        self._complaints = complaints
        self._open: list[Node] = []
        self._keys: list[Key | None] = []
        self._values = 0

    def take(self, event: Any) -> None:
        """Take the next event; raise Unusable."""
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_tricks(event)
            nothing = event.style in (None, "") and event.value in _NOTHING
            self._put(event, None if nothing else event.value)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._refuse_tricks(event)
            node = self._put(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
            self._open.append(node)
            self._keys.append(None)
            if len(self._open) > DEEPEST:
                self._stop(event, f"This is nested deeper than {DEEPEST}.")
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._open.pop()
            self._keys.pop()
        elif isinstance(event, yaml.AliasEvent):
            self._stop(event, "Aliases (*name) are not taken here; write it out.")
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            self._stop(event, "A file has one document; this begins a second one.")

    def _refuse_tricks(self, event: Any) -> None:
        """Stop at anchors and tags, and at the end of patience."""
        if event.anchor is not None:
            self._stop(event, "Anchors (&name) are not taken here.")
        if event.tag is not None and event.tag != "!":
            self._stop(event, "Tags (!name) are not taken here.")
        self._values += 1
        if self._values > MOST_VALUES:
            self._stop(event, f"More than {MOST_VALUES:,} values.")

    def _put(self, event: Any, value: Any) -> Node:
        """Put a value where it belongs and return its node."""
        node = Node(event.start_mark.line + 1, event.start_mark.column + 1, value)
        if not self._open:
            self.root = node
        elif isinstance(self._open[-1].value, list):
            self._open[-1].value.append(node)
        elif self._keys[-1] is None:
            self._keys[-1] = self._key(event, value)
        else:
            self._open[-1].value[self._keys[-1]] = node
            self._keys[-1] = None
        return node

    def _key(self, event: Any, value: Any) -> Key:
        """Return a key with its place; stop when it is no text, complain when it is there already."""
        if not isinstance(event, yaml.ScalarEvent):
            self._stop(event, "A key is a text.")
        key = Key(event.value)
        key.line, key.column = event.start_mark.line + 1, event.start_mark.column + 1
        if key in self._open[-1].value:
            self._complaints.add(key, f"{shortened(key)} is here twice.")
        return key

    def _stop(self, event: Any, message: str) -> None:
        """Complain and give up."""
        self._complaints.add(Node(event.start_mark.line + 1, event.start_mark.column + 1), message)
        raise Unusable


def printable(text: str) -> str:
    """Return a text without anything that would steer a terminal."""
    return "".join(each if each.isprintable() else "\ufffd" for each in " ".join(text.split()))


def shortened(text: object) -> str:
    """Return a text fit for an error message."""
    said = str(text)
    return said if len(said) <= 80 else f"{said[:77]}..."
