"""Conditions of policies, as far as trust policies and policies of a broker use them.

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html. What is
not known here (an operator, a key) is neither true nor false: the statement then does whatever refuses.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

Context = Mapping[str, list[str] | None]
"""Condition keys in lower case; None for one that is known and absent; unknown ones are missing."""

_PREFIXES = ("aws:requesttag/", "aws:principaltag/")


@lru_cache(maxsize=1024)
def _glob(pattern: str, any_case: bool) -> re.Pattern[str]:
    """Return the expression for a pattern with `*` and `?`."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if any_case else 0))


def like(pattern: str, value: str, *, any_case: bool = False) -> bool:
    """Return whether the value fits a pattern with `*` and `?`."""
    return _glob(pattern, any_case).fullmatch(value) is not None


def arn_like(pattern: str, value: str) -> bool:
    """Return whether an ARN fits: each of the six parts by itself."""
    patterns, values = pattern.split(":", 5), value.split(":", 5)
    return len(patterns) == len(values) == 6 and all(map(like, patterns, values))


def _equals(pattern: str, value: str) -> bool:
    return pattern == value


def _equals_any_case(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": _equals_any_case,
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": _equals_any_case,
}
_NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def texts(value: object) -> list[str]:
    """Return one or many values as a list of texts; booleans in JSON's words."""
    many = value if isinstance(value, list) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in many]


def hold(conditions: object, context: Context, unsure: bool) -> bool:
    """Return whether all conditions hold; what cannot be told counts as `unsure`."""
    if not isinstance(conditions, dict):
        return unsure
    for operator, keys in conditions.items():
        if not isinstance(keys, dict):
            return unsure
        for key, wanted in keys.items():
            found = _holds(str(operator), str(key).lower(), texts(wanted), context)
            if not (unsure if found is None else found):
                return False
    return True


def _holds(operator: str, key: str, wanted: list[str], context: Context) -> bool | None:
    """Return whether one condition holds, or None when that cannot be told."""
    if key not in context and not key.startswith(_PREFIXES):
        return None
    present = context.get(key)
    if operator == "Null":
        return any(each == ("true" if present is None else "false") for each in wanted)
    every, operator = _quantified(operator)
    if operator.endswith("IfExists"):
        if present is None:
            return True
        operator = operator.removesuffix("IfExists")
    if any("${" in each for each in wanted):
        return None
    return _compared(operator, present, wanted, every)


def _quantified(operator: str) -> tuple[str, str]:
    """Return the set operator (ForAllValues, ForAnyValue or "") and the rest."""
    every, _, rest = operator.rpartition(":")
    return every, rest


def _compared(
    operator: str, present: list[str] | None, wanted: list[str], every: str
) -> bool | None:
    """Return whether the values that are present fit those that are wanted."""
    negative = operator in _NEGATIVE
    test = _TESTS.get(_NEGATIVE.get(operator, operator))
    if test is None or every not in {"", "ForAllValues", "ForAnyValue"}:
        return None
    if present is None:
        return negative or every == "ForAllValues"
    fits = [any(test(pattern, value) for pattern in wanted) is not negative for value in present]
    return all(fits) if every == "ForAllValues" else any(fits)
