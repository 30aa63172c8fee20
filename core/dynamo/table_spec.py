"""What a table has to be, by its document, and what DynamoDB's description says of it. No calls."""

from collections.abc import Iterable
from typing import Any

from core.dynamo.documents import Document
from core.dynamo.table_description import Description

KeySchema = list[dict[str, str]]
"""Keys as DynamoDB describes them: names and HASH or RANGE."""


class TableSpec:
    """A table's name, keys, indexes and settings as cooper needs them."""

    def __init__(self, model: type[Document], kms_key_arn: str) -> None:
        self.purpose = model.purpose
        self.name = str(model.Meta.table_name)
        self.kms_key_arn = kms_key_arn
        self.ttl_name = model.ttl_name()

        description = model.table_description()
        self.keys: KeySchema = description["KeySchema"]
        self.types = _types_in(description)
        indexes = _indexes_in(description)
        self.retired = sorted(model.retired_indexes & indexes.keys())
        self.indexes = {name: indexes[name] for name in indexes if name not in self.retired}

    # -- for DynamoDB's calls

    def creation_arguments(self, tags: list[dict[str, str]]) -> dict[str, Any]:
        """Return the arguments of CreateTable."""
        arguments = {
            "TableName": self.name,
            "KeySchema": self.keys,
            "AttributeDefinitions": self.definitions(self._key_attributes()),
            "BillingMode": "PAY_PER_REQUEST",
            "SSESpecification": self.encryption(),
            "DeletionProtectionEnabled": True,
            "Tags": tags,
        }
        # an empty list is refused
        if self.indexes:
            arguments["GlobalSecondaryIndexes"] = list(self.indexes.values())
        return arguments

    def _key_attributes(self) -> list[str]:
        """Return the attributes in the table's keys and in its indexes'; others are refused."""
        schemas = [self.keys, *(index["KeySchema"] for index in self.indexes.values())]
        names = {part["AttributeName"] for schema in schemas for part in schema}
        return [name for name in self.types if name in names]

    def definitions(self, names: Iterable[str]) -> list[dict[str, str]]:
        """Return AttributeDefinitions of these attributes."""
        return [{"AttributeName": name, "AttributeType": self.types[name]} for name in names]

    def encryption(self) -> dict[str, Any]:
        """Return the SSESpecification."""
        return {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": self.kms_key_arn}

    # -- about DynamoDB's descriptions

    def key_conflict(self, description: Description | None) -> str:
        """Return why a table of this name cannot be cooper's, or ""."""
        if description is None:
            return ""
        types = _types_in(description)
        existing_indexes = _indexes_in(description)

        if not self._same_keys(self.keys, description["KeySchema"], types):
            actual = _key_text(description["KeySchema"], types)
            expected = _key_text(self.keys, self.types)
            return f"The table {self.name} exists with other keys: {actual}, not {expected}."

        for name, index in self.indexes.items():
            existing = existing_indexes.get(name)
            if existing and not self._same_keys(index["KeySchema"], existing["KeySchema"], types):
                return f"The table {self.name} has an index {name} with other keys."
        return ""

    def _same_keys(
        self, expected: KeySchema, actual: KeySchema, actual_types: dict[str, str]
    ) -> bool:
        return _key_text(expected, self.types) == _key_text(actual, actual_types)

    def is_protected(self, description: Description) -> bool:
        """Return whether the table cannot be deleted by mistake."""
        return bool(description.get("DeletionProtectionEnabled"))

    def is_encrypted(self, description: Description) -> bool:
        """Return whether the table is encrypted with cooper's key."""
        encryption = description.get("SSEDescription") or {}
        in_use = encryption.get("Status") in {"ENABLED", "ENABLING", "UPDATING"}
        return in_use and encryption.get("KMSMasterKeyArn") == self.kms_key_arn

    def is_on_demand(self, description: Description) -> bool:
        """Return whether the table is billed on demand."""
        billing = description.get("BillingModeSummary") or {}
        return billing.get("BillingMode") == "PAY_PER_REQUEST"

    def index_in(self, description: Description, name: str) -> dict[str, Any] | None:
        """Return the description of an index, or None when the table lacks it."""
        return _indexes_in(description).get(name)


def _types_in(description: Description) -> dict[str, str]:
    """Return the types (S, N, B) of the attributes in keys and indexes, by name."""
    definitions = description.get("AttributeDefinitions", [])
    return {entry["AttributeName"]: entry["AttributeType"] for entry in definitions}


def _indexes_in(description: Description) -> dict[str, dict[str, Any]]:
    indexes = description.get("GlobalSecondaryIndexes", [])
    return {index["IndexName"]: index for index in indexes}


def _key_text(keys: KeySchema, types: dict[str, str]) -> str:
    """Write keys for people: `day (S, HASH), at (S, RANGE)`."""
    parts = []
    # HASH sorts before RANGE
    for key in sorted(keys, key=lambda key: key["KeyType"]):
        name = key["AttributeName"]
        parts.append(f"{name} ({types.get(name, '?')}, {key['KeyType']})")
    return ", ".join(parts)
