"""Conditions of policies, as far as trust policies and identity policies use them.

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
What is not known here (an operator, a key) is neither true nor false: the statement then does
whatever refuses.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

Context = Mapping[str, list[str] | None]
"""Condition keys in lower case; None for a known key without a value; unknown keys are missing."""

ARN_PARTS = 6

# any tag may be asked for; one that the request does not have is known to be absent
_TAG_KEYS = ("aws:requesttag/", "aws:principaltag/")


@lru_cache(maxsize=1024)
def _wildcard_pattern(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    expression = "".join(wildcards.get(char) or re.escape(char) for char in pattern)

    flags = re.DOTALL
    if ignore_case:
        flags |= re.IGNORECASE
    return re.compile(expression, flags)


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Return whether the value fits a pattern with `*` and `?`."""
    return _wildcard_pattern(pattern, ignore_case).fullmatch(value) is not None


def _arn_matches(pattern: str, value: str) -> bool:
    """Return whether an ARN fits: each of its six parts by itself."""
    patterns = pattern.split(":", ARN_PARTS - 1)
    parts = value.split(":", ARN_PARTS - 1)
    if len(patterns) != ARN_PARTS or len(parts) != ARN_PARTS:
        return False
    return all(map(matches, patterns, parts))


def _equals(pattern: str, value: str) -> bool:
    return pattern == value


def _equals_ignoring_case(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": _equals_ignoring_case,
    "StringLike": matches,
    "ArnEquals": _arn_matches,
    "ArnLike": _arn_matches,
    "Bool": _equals_ignoring_case,
}
_NEGATED_OPERATORS = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
_SET_OPERATORS = {"", "ForAllValues", "ForAnyValue"}


def as_strings(value: object) -> list[str]:
    """Return one or many values as a list of strings; booleans as JSON writes them."""
    values = value if isinstance(value, list) else [value]

    strings = []
    for item in values:
        text = str(item)
        if isinstance(item, bool):
            text = text.lower()
        strings.append(text)
    return strings


def conditions_hold(conditions: object, context: Context, *, if_unknown: bool) -> bool:
    """Return whether all conditions hold; one that cannot be told counts as `if_unknown`."""
    if not isinstance(conditions, dict):
        return if_unknown

    for operator, keys in conditions.items():
        if not isinstance(keys, dict):
            return if_unknown

        for key, patterns in keys.items():
            result = _condition_holds(
                str(operator), str(key).lower(), as_strings(patterns), context
            )
            if result is None:
                result = if_unknown
            if not result:
                return False

    return True


def _condition_holds(operator: str, key: str, patterns: list[str], context: Context) -> bool | None:
    """Return whether one condition holds, or None when that cannot be told."""
    if key not in context and not key.startswith(_TAG_KEYS):
        return None

    values = context.get(key)
    if operator == "Null":
        is_absent = str(values is None).lower()
        return is_absent in patterns

    set_operator, _, operator = operator.rpartition(":")
    if operator.endswith("IfExists"):
        if values is None:
            return True
        operator = operator.removesuffix("IfExists")

    # policy variables are not known here
    if any("${" in pattern for pattern in patterns):
        return None
    return _compare(set_operator, operator, patterns, values)


def _compare(
    set_operator: str, operator: str, patterns: list[str], values: list[str] | None
) -> bool | None:
    """Return whether the values of the request fit; None for an operator that is not known."""
    is_negated = operator in _NEGATED_OPERATORS
    test = _OPERATORS.get(_NEGATED_OPERATORS.get(operator, operator))
    if test is None or set_operator not in _SET_OPERATORS:
        return None

    if values is None:
        return is_negated or set_operator == "ForAllValues"

    results = []
    for value in values:
        fits_any = any(test(pattern, value) for pattern in patterns)
        results.append(fits_any is not is_negated)

    if set_operator == "ForAllValues":
        return all(results)
    return any(results)
