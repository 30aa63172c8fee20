"""DynamoDB's update expressions: SET, REMOVE, ADD and DELETE, compiled to functions of an item."""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from bench.stub_aws.expressions import Operand, Parser, Place, Value

Change = Callable[[Place, Place], None]
"""Changes the item of the second place by what the item was, which is in the first."""

CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")


@lru_cache(maxsize=4096)
def compile_update(text: str) -> tuple[Change, ...]:
    """Return the changes of an update expression; raise ValueError for what cannot be read."""
    parser = Parser(text)
    changes = []
    while parser.peek():
        read_change = _READERS[parser.take(*CLAUSES).upper()]
        changes.append(read_change(parser))
        while parser.accept(","):
            changes.append(read_change(parser))
    return tuple(changes)


def _set(parser: Parser) -> Change:
    path = parser.path()
    parser.take("=")
    operand = _sum(parser)

    def change(before: Place, after: Place) -> None:
        value = operand(before)
        if value is None:
            raise ValueError(f"{path} is set to an attribute that is not there")
        path.set(after, value)

    return change


def _sum(parser: Parser) -> Operand:
    """Read an operand, or two with a plus or a minus between them."""
    left = _term(parser)
    operator = parser.peek()
    if operator not in {"+", "-"}:
        return left

    parser.take()
    right = _term(parser)
    sign = -1 if operator == "-" else 1

    def total(place: Place) -> Value:
        return _number(_content(left(place)) + sign * _content(right(place)))

    return total


def _term(parser: Parser) -> Operand:
    function = parser.peek().lower()
    if function not in {"if_not_exists", "list_append"}:
        return parser.operand()

    parser.take()
    parser.take("(")
    first = parser.operand()
    parser.take(",")
    second = _sum(parser)
    parser.take(")")
    if function == "list_append":
        return lambda place: {"L": (first(place) or {})["L"] + (second(place) or {})["L"]}
    return lambda place: first(place) or second(place)


def _remove(parser: Parser) -> Change:
    path = parser.path()
    return lambda _, after: path.remove(after)


def _add(parser: Parser) -> Change:
    path = parser.path()
    operand = parser.operand()

    def change(before: Place, after: Place) -> None:
        [(kind, content)] = (operand(before) or {}).items()
        value = path.get(before)
        if kind == "N":
            path.set(after, _number(_content(value) + Decimal(content)))
        else:
            members = set(content).union((value or {}).get(kind, ()))
            path.set(after, {kind: sorted(members)})

    return change


def _delete(parser: Parser) -> Change:
    path = parser.path()
    operand = parser.operand()

    def change(before: Place, after: Place) -> None:
        [(kind, content)] = (operand(before) or {}).items()
        members = set((path.get(before) or {}).get(kind, ()))
        members -= set(content)
        path.remove(after)
        if members:
            path.set(after, {kind: sorted(members)})

    return change


_READERS = {"SET": _set, "REMOVE": _remove, "ADD": _add, "DELETE": _delete}


def _content(value: Value | None) -> Decimal:
    """Return a number; one that is absent counts as 0."""
    return Decimal((value or {"N": "0"})["N"])


def _number(number: Decimal) -> Value:
    return {"N": str(number)}
