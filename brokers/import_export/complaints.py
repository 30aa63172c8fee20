"""What is wrong with a file, each complaint with its line and column. Pure."""

from dataclasses import dataclass, field
from typing import Protocol

MOST_COMPLAINTS = 20
"""Complaints that are shown; the rest is counted."""


class Place(Protocol):
    """Anything that knows where in the file it stands; `line` and `column` count from 1."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a file, and where."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {printable(self.message)}"


@dataclass
class Complaints:
    """What is wrong with a file; more than MOST_COMPLAINTS are only counted."""

    shown: list[Complaint] = field(default_factory=list)
    more: int = 0

    def add(self, place: Place, message: str) -> None:
        if self.is_full():
            self.more += 1
        else:
            self.shown.append(Complaint(place.line, place.column, message))

    def is_full(self) -> bool:
        return len(self.shown) >= MOST_COMPLAINTS

    def count(self) -> int:
        return len(self.shown) + self.more

    def in_order(self) -> list[Complaint]:
        """Return the shown complaints in the order of the file."""
        return sorted(self.shown, key=lambda complaint: (complaint.line, complaint.column))

    def lines(self) -> list[str]:
        """Return all of it for people, in the order of the file."""
        lines = [str(complaint) for complaint in self.in_order()]
        if self.more:
            lines.append(f"and {self.more} more")
        return lines

    def __bool__(self) -> bool:
        return bool(self.shown)


class Unusable(Exception):
    """The file cannot be read further; the complaints say why."""


def printable(text: str) -> str:
    """Return a text in one line, without characters that would control a terminal."""
    one_line = " ".join(text.split())
    characters = [
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in one_line
    ]
    return "".join(characters)


def shortened(value: object) -> str:
    """Return a value as a text of at most 80 characters, fit for an error message."""
    text = str(value)
    if len(text) > 80:
        return f"{text[:77]}..."
    return text
