"""DynamoDB's tables as JSON and back: settings and items, a part for each table."""

import json
from base64 import b64decode
from datetime import datetime
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_json_dump

_AS_IS = ("billing_mode", "sse_specification", "tags", "deletion_protection_enabled")


def dump() -> dict[str, Any]:
    """Return each table under `table/ACCOUNT/REGION/NAME`."""
    return {
        f"table/{account_id}/{region}/{name}": _dumped(table)
        for account_id, regions in list(dynamodb_backends.items())
        for region, backend in list(regions.items())
        for name, table in backend.tables.items()
    }


def load(parts: dict[str, Any]) -> None:
    """Take back the tables among the parts."""
    for key, part in parts.items():
        kind, _, place = key.partition("/")
        if kind == "table":
            account_id, region, name = place.split("/")
            _load(dynamodb_backends[account_id][region], name, part)


def _dumped(table: Table) -> dict[str, Any]:
    """Return a table."""
    settings = {name: getattr(table, name) for name in _AS_IS}
    made_of = {
        "schema": table.schema,
        "attr": table.attr,
        "global_indexes": [
            {"IndexName": index.name, "KeySchema": index.schema, "Projection": index.projection}
            for index in table.global_indexes
        ],
    }
    later = {
        "ttl": table.ttl,
        "continuous_backups": table.continuous_backups,
        "created": table.created_at.isoformat(),
    }
    return {
        "settings": settings | made_of,
        "later": later,
        "items": [_attributes(item) for item in _items(table)],
    }


def _items(table: Table) -> list[Any]:
    """Return the items of a table."""
    if not table.has_range_key:
        return list(table.items.values())
    return [item for under in table.items.values() for item in under.values()]


def _attributes(item: Any) -> Any:
    """Return an item in DynamoDB's own form; moto knows how to write what is nested and what is binary."""
    return json.loads(dynamo_json_dump(dict(item.attrs)))


def _load(backend: DynamoDBBackend, name: str, part: dict[str, Any]) -> None:
    """Take back a table, which is ready at once."""
    nothing: dict[str, Any] = dict.fromkeys(("throughput", "indexes", "streams", "warm_throughput"))
    table, later = (
        DynamoDBBackend.create_table(backend, name, **nothing, **part["settings"]),
        part["later"],
    )
    table.ttl, table.continuous_backups = later["ttl"], later["continuous_backups"]
    table.created_at = datetime.fromisoformat(later["created"])
    for attributes in part["items"]:
        item = {name: _decode_binary(value) for name, value in attributes.items()}
        table.put_item(item, overwrite=True)


def _decode_binary(attribute: dict[str, Any]) -> dict[str, Any]:
    """Return an attribute with bytes where JSON has base64.

    moto compares binary attributes of requests, which are bytes, with what an item holds.
    """
    ((kind, value),) = attribute.items()
    if kind == "B":
        value = b64decode(value)
    elif kind == "BS":
        value = [b64decode(member) for member in value]
    elif kind == "L":
        value = [_decode_binary(member) for member in value]
    elif kind == "M":
        value = {name: _decode_binary(member) for name, member in value.items()}
    return {kind: value}
