r"""What a reason for becoming a target has to look like, as in `OPS-\d{1,6}`. Pure.

A small grammar of its own, in which nothing takes longer than the text has characters; regular
expressions that somebody typed might. A pattern is a row of characters and classes, each perhaps
with a bounded repeat, and a reason matches it as a whole:

- a letter, a digit, a blank or one of `_ : / = - @` stands for itself, and so does one of
  `. + - @ : / = _` after a backslash, as in `\.`
- `\d` is a digit from 0 to 9; `[A-Z]`, `[a-z0-9_]` is one character out of several
- `{4}` and `{1,6}` say how often what stands before may come, `?` that it may be missing

A reason becomes a session tag, so that a pattern takes nothing that AWS does not take there:
https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
"""

import string
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_REASON = 64
"""Characters of a reason that matches a pattern, at most."""

LONGEST_PATTERN = 200
"""Characters of a pattern, at most."""

ALLOWED = frozenset(string.ascii_letters + string.digits + " _.:/=+-@")
"""Characters of a reason: those of session tags, as far as they are ASCII."""

DIGITS = frozenset(string.digits)

ESCAPED = frozenset(".+-@:/=_ ")
"""Characters that a backslash makes stand for themselves."""

NOT_LITERAL = {
    "*": "there are no endless repeats; write how often, as in {1,6}",
    "+": r"there are no endless repeats; write {1,6}, or \+ for a plus sign",
    ".": r"a dot is written \. and what may be any of several characters [A-Za-z0-9]",
    "^": "a reason is matched as a whole; leave this out",
    "$": "a reason is matched as a whole; leave this out",
    "(": "there are no groups",
    ")": "there are no groups",
    "|": "there are no alternatives",
    "{": "there is nothing before this that could be repeated",
    "?": "there is nothing before this that could be missing",
    "]": "no class begins before this",
    "}": "no repeat begins before this",
}
"""Characters that mean something else in other grammars, with what to write here."""


class PatternError(ValueError):
    """A pattern that cannot be read; the message says why, and at which character."""


@dataclass(frozen=True)
class _Unit:
    """One character of a reason, out of some; one that is optional may be missing."""

    characters: frozenset[str]
    is_optional: bool


@dataclass(frozen=True)
class ReasonPattern:
    """A pattern that was read; `units` are the characters that a reason may have, in order."""

    text: str
    units: tuple[_Unit, ...]

    def matches(self, reason: str) -> bool:
        """Return whether a whole reason is what the pattern demands; it takes no time to speak of.

        A reason that matches has 1 to 64 of the characters in ALLOWED.
        """
        if len(reason) > LONGEST_REASON:
            return False

        places = self._reachable({0})
        for character in reason:
            following = {
                place + 1
                for place in places
                if place < len(self.units) and character in self.units[place].characters
            }
            places = self._reachable(following)
        return len(self.units) in places

    def _reachable(self, places: set[int]) -> set[int]:
        """Return the places, and those behind optional units that may be missing there."""
        reachable = set()
        for start in sorted(places):
            place = start
            reachable.add(place)
            while place < len(self.units) and self.units[place].is_optional:
                place += 1
                if place in reachable:
                    break
                reachable.add(place)
        return reachable


def parse(text: str) -> ReasonPattern:
    """Read a pattern; raise PatternError in words, with the place in the text."""
    if len(text) > LONGEST_PATTERN:
        raise PatternError(f"a pattern has at most {LONGEST_PATTERN} characters")

    units: list[_Unit] = []
    parser = _Parser(text)
    for least, most, characters in parser.parts():
        units += [_Unit(characters, is_optional=False)] * least
        units += [_Unit(characters, is_optional=True)] * (most - least)
        if len(units) > LONGEST_REASON:
            raise parser.error(
                f"up to here a reason may have more than {LONGEST_REASON} characters"
            )

    if all(unit.is_optional for unit in units):
        raise PatternError("a pattern has to demand at least one character")
    return ReasonPattern(text, tuple(units))


Part = tuple[int, int, frozenset[str]]
"""How often at least, how often at most, and which characters."""


class _Parser:
    """Reads one pattern from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def parts(self) -> Iterator[Part]:
        while self._place < len(self._text):
            characters = self._characters()
            least, most = self._repeat()
            yield least, most, characters

    def error(self, message: str) -> PatternError:
        """Return the error for the character that was read last."""
        return self._error_at(max(self._place - 1, 0), message)

    def _error_at(self, place: int, message: str) -> PatternError:
        return PatternError(f"character {place + 1}: {message}")

    def _next(self) -> str:
        """Return the next character without taking it, "" at the end."""
        return self._text[self._place : self._place + 1]

    def _take(self) -> str:
        character = self._next()
        self._place += 1
        return character

    # -- which characters
    def _characters(self) -> frozenset[str]:
        character = self._take()
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escaped()
        if character in NOT_LITERAL:
            raise self.error(NOT_LITERAL[character])
        return frozenset(self._allowed(character))

    def _escaped(self) -> frozenset[str]:
        """Return what a backslash and the character after it stand for."""
        character = self._take()
        if character == "d":
            return DIGITS
        if character not in ESCAPED or not character:
            raise self.error(r"a backslash stands before d, or before one of . + - @ : / = _")
        return frozenset(character)

    def _allowed(self, character: str) -> str:
        if character not in ALLOWED:
            raise self.error(
                "AWS takes only letters, digits, blanks and _ . : / = + - @ in a session tag, "
                "and cooper of the letters only A to Z and a to z"
            )
        return character

    def _class(self) -> frozenset[str]:
        """Return the characters of a class, whose bracket is taken."""
        begin = self._place - 1
        characters: set[str] = set()
        while self._next() != "]":
            if not self._next():
                raise self._error_at(begin, "this class has no end")
            characters |= self._class_entry()

        self._take()
        if not characters:
            raise self._error_at(begin, "this class is empty")
        return frozenset(characters)

    def _class_entry(self) -> frozenset[str]:
        """Return a character of a class, a range such as A-Z, or what is escaped."""
        first = self._take()
        if first == "\\":
            return self._escaped()
        if first == "^":
            raise self.error("a class names what may come, not what may not")
        self._allowed(first)

        is_range = self._next() == "-" and self._text[self._place + 1 : self._place + 2] != "]"
        if not is_range:
            return frozenset(first)

        self._take()
        return self._range(first, self._take())

    def _range(self, first: str, last: str) -> frozenset[str]:
        for kind in (string.ascii_uppercase, string.ascii_lowercase, string.digits):
            if first in kind and last and last in kind and first <= last:
                return frozenset(kind[kind.index(first) : kind.index(last) + 1])
        raise self.error("a range goes up within A-Z, a-z or 0-9")

    # -- how often
    def _repeat(self) -> tuple[int, int]:
        if self._next() == "?":
            self._take()
            return 0, 1
        if self._next() != "{":
            return 1, 1

        begin = self._place
        end = self._text.find("}", begin)
        if end < 0:
            raise self._error_at(begin, "this repeat has no end")
        self._place = end + 1
        return self._bounds(self._text[begin + 1 : end], begin)

    def _bounds(self, bounds: str, begin: int) -> tuple[int, int]:
        """Return the least and the most of what stands between the braces."""
        first, comma, second = bounds.partition(",")
        if not _is_count(first) or (comma and not _is_count(second)):
            raise self._error_at(begin, "a repeat is written {4} or {1,6}")

        least = int(first)
        most = int(second) if comma else least
        if not least <= most or not 1 <= most <= LONGEST_REASON:
            raise self._error_at(begin, f"a repeat goes from 0 up to {LONGEST_REASON} at most")
        return least, most


def _is_count(text: str) -> bool:
    return len(text) in (1, 2) and all(character in DIGITS for character in text)
