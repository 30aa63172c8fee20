"""What BatchGetItem refuses, and moto does not.

Rules: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html;
lengths: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from embedded_aws.conflicts import KeyNames
from embedded_aws.errors import AwsError

MOST_KEYS = 100

LONGEST = (2_048, 1_024)
"""Bytes of a key that is a text: of the hash, and of the range."""

Key = dict[str, dict[str, Any]]


def check_batch(document: dict[str, Any], key_names: KeyNames) -> None:
    """Raise AwsError for a batch that DynamoDB does not take."""
    keys_by_table: dict[str, list[Key]] = {}
    for table, request in document.get("RequestItems", {}).items():
        keys_by_table[table] = request.get("Keys", [])

    if not keys_by_table or not all(keys_by_table.values()):
        raise _refused("Member must have length greater than or equal to 1")
    if sum(len(keys) for keys in keys_by_table.values()) > MOST_KEYS:
        raise _refused("Too many items requested for the BatchGetItem call")

    for table, keys in keys_by_table.items():
        # one that is not there is moto's to refuse
        if table in key_names:
            _check_keys(keys, key_names[table])


def _check_keys(keys: list[Key], names: Sequence[str]) -> None:
    for key in keys:
        if set(key) != set(names):
            raise _refused("The provided key element does not match the schema")
        for name, longest in zip(names, LONGEST, strict=False):
            _check_part(key[name], longest)

    if len({_identity(key) for key in keys}) < len(keys):
        raise _refused("Provided list of item keys contains duplicates")


def _check_part(part: dict[str, Any], longest: int) -> None:
    if "S" not in part:
        return
    if not part["S"]:
        raise _refused(
            "The AttributeValue for a key attribute cannot contain an empty string value"
        )
    if len(part["S"].encode()) > longest:
        raise _refused(f"Size of key has exceeded the maximum size limit of {longest} bytes")


def _identity(key: Key) -> frozenset[tuple[str, object]]:
    """Return the same for keys that are equal: numbers are, however they are written."""
    parts: set[tuple[str, object]] = set()
    for name, part in key.items():
        if "N" in part:
            parts.add((name, Decimal(part["N"])))
        else:
            parts.add((name, str(part)))
    return frozenset(parts)


def _refused(message: str) -> AwsError:
    return AwsError("ValidationException", message)
