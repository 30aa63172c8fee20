"""What AWS answers about tables, read part by part: what lacks a part is no answer.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
"""

from typing import Any

from core.aws.answers import Answer

Description = dict[str, Any]
"""A table, or something of it, as AWS describes it."""

TEXTS = ("TableName", "TableArn", "TableId", "TableStatus")
"""What every description has."""


def table_in(answer: Answer) -> Description:
    """Return the table that DescribeTable describes; raise Unavailable where a part is missing."""
    table = answer.part("Table")
    for name in TEXTS:
        table.text(name)

    table.moment("CreationDateTime")
    for definition in table.parts("AttributeDefinitions"):
        definition.text("AttributeName")
        definition.text("AttributeType")

    _demand_keys(table)
    description = table.to_dict()
    if description.get("GlobalSecondaryIndexes"):
        for index in table.parts("GlobalSecondaryIndexes"):
            index.text("IndexName")
            _demand_keys(index)
    return description


def _demand_keys(table_or_index: Answer) -> None:
    for key in table_or_index.parts("KeySchema"):
        key.text("AttributeName")
        key.text("KeyType")


def recovery_in(answer: Answer) -> Description:
    """Return what DescribeContinuousBackups says of point-in-time recovery, empty for nothing."""
    backups = answer.part("ContinuousBackupsDescription").to_dict()
    return dict(backups.get("PointInTimeRecoveryDescription") or {})


def tag_keys_in(answer: Answer) -> set[str]:
    """Return the keys of the tags that ListTagsOfResource lists, maybe none."""
    if not answer.to_dict().get("Tags"):
        return set()
    return {tag.text("Key") for tag in answer.parts("Tags")}


def expiry_in(answer: Answer) -> Description:
    """Return what DescribeTimeToLive says of items that expire."""
    return answer.part("TimeToLiveDescription").to_dict()
