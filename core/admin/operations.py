"""What an administrator is about to do, and what a form is about to write."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.dynamo import Document


class Operation(StrEnum):
    """The deeds of a ModelAdmin; actions and buttons may name more."""

    ADD = "add"
    CHANGE = "change"
    DELETE = "delete"


@dataclass
class FormChanges:
    """What a valid form leads to: the document, its inline rows to put and to delete, and what that changes.

    `before_and_after` has an entry a changed field: name -> [before, after], fit for JSON and free of secrets.
    """

    document: Document
    adding: bool
    cleaned: dict[str, Any] = field(default_factory=dict)
    before_and_after: dict[str, list[Any]] = field(default_factory=dict)
    put: list[Document] = field(default_factory=list)
    removed: list[Document] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Return whether there is anything to write."""
        return self.adding or bool(self.before_and_after or self.put or self.removed)
