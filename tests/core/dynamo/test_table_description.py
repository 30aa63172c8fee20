"""A description of a table that lacks a part is no description, and no traceback either."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from accounts.command_lines import CommandLine
from core import aws
from core.aws.answers import Answer
from core.dynamo import existing_tables
from core.dynamo.table_description import expiry_in, recovery_in, table_in, tag_keys_in
from core.errors import Unavailable
from embedded_aws import EmbeddedAws
from tests.support import faults
from tests.support.faults import Fault

PARTS = (
    ("Table",),
    ("Table", "TableArn"),
    ("Table", "TableId"),
    ("Table", "CreationDateTime"),
    ("Table", "KeySchema"),
    ("Table", "KeySchema", 0, "KeyType"),
    ("Table", "AttributeDefinitions", 0, "AttributeType"),
    ("Table", "GlobalSecondaryIndexes", 0, "IndexName"),
    ("Table", "GlobalSecondaryIndexes", 0, "KeySchema"),
)


def without(content: Any, path: tuple[Any, ...]) -> Any:
    """Return a copy that lacks a part."""
    shorter = copy.deepcopy(content)
    holder = shorter
    for name in path[:-1]:
        holder = holder[name]
    del holder[path[-1]]
    return shorter


@pytest.mark.parametrize("path", PARTS)
def test_a_description_that_lacks_a_part_cannot_be_read(
    store: EmbeddedAws, path: tuple[Any, ...]
) -> None:
    name = CommandLine.Meta.table_name
    content = aws.client("dynamodb").describe_table(TableName=name)
    assert table_in(Answer(content, "DynamoDB"))["TableName"] == name
    with pytest.raises(Unavailable, match="cannot be read"):
        table_in(Answer(without(content, path), "DynamoDB"))


@pytest.mark.parametrize("part_in", [recovery_in, expiry_in])
def test_an_empty_answer_about_a_table_cannot_be_read(part_in: Callable[[Answer], object]) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        part_in(Answer({}, "DynamoDB"))


def test_a_table_without_tags_has_none() -> None:
    assert tag_keys_in(Answer({"Tags": []}, "DynamoDB")) == set()
    with pytest.raises(Unavailable, match="cannot be read"):
        tag_keys_in(Answer({"Tags": [{"Value": "cooper"}]}, "DynamoDB"))


def test_an_empty_description_is_not_taken_for_no_table(store: EmbeddedAws) -> None:
    empty = Fault("dynamodb", "DescribeTable", mode="absent", times=1)
    with faults.on(empty), pytest.raises(Unavailable):
        existing_tables()
    assert existing_tables()
