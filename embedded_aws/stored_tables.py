"""DynamoDB's tables as JSON and back: settings and items, a part for each table."""

import json
from base64 import b64decode
from datetime import datetime
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_json_dump

_PLAIN_SETTINGS = ("billing_mode", "sse_specification", "tags", "deletion_protection_enabled")


def dump() -> dict[str, Any]:
    """Return each table under `table/ACCOUNT/REGION/NAME`."""
    parts = {}
    for account_id, regions in list(dynamodb_backends.items()):
        for region, backend in list(regions.items()):
            for name, table in backend.tables.items():
                parts[f"table/{account_id}/{region}/{name}"] = _dump_table(table)
    return parts


def load(parts: dict[str, Any]) -> None:
    """Take back the tables among the parts."""
    for part_name, part in parts.items():
        if part_name.startswith("table/"):
            _, account_id, region, table_name = part_name.split("/")
            _load_table(dynamodb_backends[account_id][region], table_name, part)


def _dump_table(table: Table) -> dict[str, Any]:
    # the arguments of create_table
    settings = {name: getattr(table, name) for name in _PLAIN_SETTINGS}
    settings["schema"] = table.schema
    settings["attr"] = table.attr
    settings["global_indexes"] = [
        {"IndexName": index.name, "KeySchema": index.schema, "Projection": index.projection}
        for index in table.global_indexes
    ]

    # what is set once the table is there
    later = {
        "ttl": table.ttl,
        "continuous_backups": table.continuous_backups,
        "created": table.created_at.isoformat(),
    }
    return {
        "settings": settings,
        "later": later,
        "items": [_dump_item(item) for item in _items(table)],
    }


def _items(table: Table) -> list[Any]:
    if not table.has_range_key:
        return list(table.items.values())

    items: list[Any] = []
    for items_by_range_key in table.items.values():
        items.extend(items_by_range_key.values())
    return items


def _dump_item(item: Any) -> Any:
    """Return an item in DynamoDB's JSON; moto knows how to write nested and binary values."""
    return json.loads(dynamo_json_dump(dict(item.attrs)))


def _load_table(backend: DynamoDBBackend, name: str, part: dict[str, Any]) -> None:
    """Make a table that is ready at once: moto's own create_table, not the one that takes time."""
    table = DynamoDBBackend.create_table(
        backend,
        name,
        throughput=None,
        indexes=None,
        streams=None,
        warm_throughput=None,
        **part["settings"],
    )
    later = part["later"]
    table.ttl = later["ttl"]
    table.continuous_backups = later["continuous_backups"]
    table.created_at = datetime.fromisoformat(later["created"])

    for stored_item in part["items"]:
        item = {name: _decode_binary(value) for name, value in stored_item.items()}
        table.put_item(item, overwrite=True)


def _decode_binary(attribute: dict[str, Any]) -> dict[str, Any]:
    """Return an attribute ({type: value}) with bytes where JSON has base64.

    moto compares binary attributes of requests, which are bytes, with what an item holds.
    """
    [(kind, value)] = attribute.items()
    if kind == "B":
        return {kind: b64decode(value)}
    if kind == "BS":
        return {kind: [b64decode(member) for member in value]}
    if kind == "L":
        return {kind: [_decode_binary(member) for member in value]}
    if kind == "M":
        return {kind: {name: _decode_binary(member) for name, member in value.items()}}
    return attribute
