"""DynamoDB's expressions, compiled to functions of an item.

Grammar: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/:
Expressions.OperatorsAndFunctions.html and Expressions.UpdateExpressions.html
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

Value = dict[str, Any]
"""In DynamoDB's JSON: {type: value}."""

Item = dict[str, Value]


class Place(NamedTuple):
    """Where an expression is evaluated: the item, and what its placeholders stand for."""

    item: Item
    names: Mapping[str, str]
    values: Mapping[str, Value]


class Path(NamedTuple):
    """Where a value is: an attribute, or an entry of a map within it."""

    names: tuple[str, ...]

    def get(self, place: Place) -> Value | None:
        """Return the value, None where there is none."""
        entries: Any = place.item
        for name in self._parents(place):
            entries = entries.get(name, {}).get("M", {})
        value: Value | None = entries.get(self._last(place))
        return value

    def set(self, place: Place, value: Value) -> None:
        """Put a value; raise ValueError where the map is not there. Earlier items stay as are."""
        self._entries(place)[self._last(place)] = value

    def remove(self, place: Place) -> None:
        """Remove the value, if it is there."""
        self._entries(place).pop(self._last(place), None)

    def _entries(self, place: Place) -> Item:
        """Return what is to be changed: the item, or copies of the maps on the way."""
        entries = place.item
        for name in self._parents(place):
            if "M" not in entries.get(name, {}):
                raise ValueError(f"there is no map {name}")
            entries[name] = {"M": dict(entries[name]["M"])}
            entries = entries[name]["M"]
        return entries

    def _parents(self, place: Place) -> list[str]:
        return [place.names.get(name, name) for name in self.names[:-1]]

    def _last(self, place: Place) -> str:
        return place.names.get(self.names[-1], self.names[-1])


Operand = Callable[[Place], Value | None]
Condition = Callable[[Place], bool]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),+.\[\]-]|[#:\w]+)")

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def comparable(value: Value) -> tuple[str, Any]:
    """Return a value's type, and what Python compares as DynamoDB does."""
    [(kind, content)] = value.items()
    if kind == "N":
        return kind, Decimal(content)
    if kind in {"SS", "NS", "BS"}:
        return kind, frozenset(content)
    return kind, content


class Parser:
    """Reads one expression from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        self._position = 0

    def peek(self) -> str:
        """Return the next token, "" at the end."""
        if self._position < len(self._tokens):
            return str(self._tokens[self._position])
        return ""

    def take(self, *expected: str) -> str:
        """Return the next token and go on; raise ValueError unless it is one that is expected."""
        token = self.peek()
        if not token or (expected and token.upper() not in expected):
            raise ValueError(f"{token!r} at token {self._position}, expected {expected}")
        self._position += 1
        return token

    def accept(self, word: str) -> bool:
        """Go on and return True if this word comes next."""
        if self.peek().upper() != word:
            return False
        self._position += 1
        return True

    # -- operands

    def path(self) -> Path:
        """Read the name of an attribute, and those of maps within it; lists are not known here."""
        names = [self.take()]
        while self.accept("."):
            names.append(self.take())
        if self.peek() == "[":
            raise ValueError("paths into lists are not known here")
        return Path(tuple(names))

    def operand(self) -> Operand:
        """Read a value, an attribute or size(attribute)."""
        if self.peek().lower() == "size":
            return self._size()

        if self.peek().startswith(":"):
            name = self.take()
            return lambda place: place.values[name]
        return self.path().get

    def _size(self) -> Operand:
        self.take()
        self.take("(")
        operand = self.operand()
        self.take(")")

        def size(place: Place) -> Value | None:
            value = operand(place)
            if value is None:
                return None
            [content] = value.values()
            return {"N": str(len(content))}

        return size

    # -- conditions

    def condition(self) -> Condition:
        """Read conditions that OR connects."""
        condition = self._all_of()
        while self.accept("OR"):
            condition = _either(condition, self._all_of())
        return condition

    def _all_of(self) -> Condition:
        condition = self._one()
        while self.accept("AND"):
            condition = _both(condition, self._one())
        return condition

    def _one(self) -> Condition:
        if self.accept("NOT"):
            inner = self._one()
            return lambda place: not inner(place)
        if self.accept("("):
            condition = self.condition()
            self.take(")")
            return condition
        if self.peek().lower() in _FUNCTIONS:
            return self._function()
        return self._comparison()

    def _function(self) -> Condition:
        test = _FUNCTIONS[self.take().lower()]
        self.take("(")
        operands = [self.operand()]
        while self.accept(","):
            operands.append(self.operand())
        self.take(")")
        return lambda place: test(*(operand(place) for operand in operands))

    def _comparison(self) -> Condition:
        left = self.operand()
        if self.accept("BETWEEN"):
            low = self.operand()
            self.take("AND")
            high = self.operand()
            return _both(_comparing(left, ">=", low), _comparing(left, "<=", high))
        if self.accept("IN"):
            return self._in(left)

        operator = self.take(*COMPARISONS)
        return _comparing(left, operator, self.operand())

    def _in(self, left: Operand) -> Condition:
        self.take("(")
        condition = _comparing(left, "=", self.operand())
        while self.accept(","):
            condition = _either(condition, _comparing(left, "=", self.operand()))
        self.take(")")
        return condition


def _both(first: Condition, second: Condition) -> Condition:
    return lambda place: first(place) and second(place)


def _either(first: Condition, second: Condition) -> Condition:
    return lambda place: first(place) or second(place)


def _comparing(left: Operand, operator: str, right: Operand) -> Condition:
    compare = COMPARISONS[operator]

    def condition(place: Place) -> bool:
        left_value = left(place)
        right_value = right(place)
        # what is absent compares with nothing
        if left_value is None or right_value is None:
            return False

        left_kind, left_content = comparable(left_value)
        right_kind, right_content = comparable(right_value)
        if left_kind != right_kind:
            return operator == "<>"
        return compare(left_content, right_content)

    return condition


# -- functions -------------------------------------------------------------------------------------
def _exists(value: Value | None) -> bool:
    return value is not None


def _not_exists(value: Value | None) -> bool:
    return value is None


def _contains(value: Value | None, part: Value | None) -> bool:
    if value is None or part is None:
        return False
    [(kind, content)] = value.items()
    [part_content] = part.values()
    if kind == "L":
        return part in content
    return part_content in content


def _begins_with(value: Value | None, start: Value | None) -> bool:
    if value is None or start is None:
        return False
    [content] = value.values()
    [start_content] = start.values()
    return bool(content.startswith(start_content))


def _has_type(value: Value | None, kind: Value | None) -> bool:
    return value is not None and kind is not None and kind["S"] in value


_FUNCTIONS: dict[str, Callable[..., bool]] = {
    "attribute_exists": _exists,
    "attribute_not_exists": _not_exists,
    "contains": _contains,
    "begins_with": _begins_with,
    "attribute_type": _has_type,
}


@lru_cache(maxsize=4096)
def compile_condition(text: str) -> Condition:
    """Return the condition as a function; raise ValueError for what cannot be read."""
    parser = Parser(text)
    condition = parser.condition()
    if parser.peek():
        raise ValueError(f"unread: {parser.peek()}")
    return condition
