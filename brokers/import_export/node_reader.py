"""Nodes of a file as the values that they should be; everything else is complained of."""

import re
from collections.abc import Callable, Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from brokers.import_export.complaints import Complaints, Place, shortened
from brokers.nodes import Node
from core.newlines import plain_newlines


class NodeReader:
    """Reads values from nodes; where a node is not what it should be, complains and goes on.

    What is returned beside a complaint is of the right type and of no use: the file is refused.
    """

    def __init__(self, complaints: Complaints) -> None:
        self._complaints = complaints

    def complain(self, place: Place, message: str) -> None:
        self._complaints.add(place, message)

    # -- forms of YAML -----------------------------------------------------------------------------
    def entries(self, node: Node | None) -> dict[Any, Node]:
        """Return a mapping's entries by Key; none for nothing."""
        if node is None or node.value is None:
            return {}
        if not isinstance(node.value, dict):
            self.complain(node, "This must be lines of the form name: value.")
            return {}
        return node.value

    def known_entries(self, node: Node | None, keys: Collection[str]) -> dict[str, Node]:
        """Return a mapping's entries; complain of those with other keys, and leave them out."""
        known_entries: dict[str, Node] = {}
        for key, value in self.entries(node).items():
            if key in keys:
                known_entries[key] = value
            else:
                names = ", ".join(sorted(keys))
                self.complain(key, f"{shortened(key)} is not known here; known: {names}.")
        return known_entries

    def text(self, node: Node | None) -> str:
        if node is None or node.value is None:
            return ""
        if not isinstance(node.value, str):
            self.complain(node, "This must be a text.")
            return ""
        return plain_newlines(node.value)

    def texts(self, node: Node) -> list[str]:
        if node.value is None:
            return []
        if not isinstance(node.value, list):
            self.complain(node, "This must be a list.")
            return []
        return [self.text(item) for item in node.value]

    def flag(self, node: Node | None) -> bool:
        if node is None:
            return False
        if node.value not in ("true", "false"):
            self.complain(node, "This must be true or false.")
        return bool(node.value == "true")

    # -- what a text says --------------------------------------------------------------------------
    def matching(self, node: Node | None, pattern: re.Pattern[str], what: str) -> str | None:
        """Return a text that has to match as a whole; None where there is no node."""
        if node is None:
            return None
        text = self.text(node)
        if not pattern.fullmatch(text):
            self.complain(node, f"This is not {what}.")
        return text or None

    def cleaned(self, field: forms.Field, place: Place, value: Any) -> Any:
        """Return what a form's field makes of a value; None, with a complaint, if it refuses it."""
        try:
            return field.clean(value)
        except ValidationError as error:
            self.complain(place, " ".join(error.messages))
            return None

    def check(self, place: Place, check: Callable[..., None], *arguments: Any) -> None:
        """Complain when a check raises ValidationError."""
        try:
            check(*arguments)
        except ValidationError as error:
            self.complain(place, " ".join(error.messages))
