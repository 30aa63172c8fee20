"""Tables of another DynamoDB, copied into the stub's."""

from base64 import b64encode
from typing import Any

from bench.stub_aws.dynamodb import Database
from bench.stub_aws.tables import Table
from core import aws, dynamo


def copy_tables() -> Database:
    """Return cooper's tables, as they are in the AWS that this process uses."""
    client = aws.client("dynamodb")
    database = Database()
    for model in dynamo.documents():
        name = str(model.Meta.table_name)
        description = client.describe_table(TableName=name)["Table"]
        table = Table(name, description)
        database.tables[name] = table
        for page in client.get_paginator("scan").paginate(TableName=name):
            for item in page["Items"]:
                as_json = {attribute: _as_json(value) for attribute, value in item.items()}
                table.write(table.schema.key_of(as_json), as_json)
    return database


def _as_json(value: dict[str, Any]) -> dict[str, Any]:
    """Return a value as it is sent: bytes in base64."""
    if "B" in value:
        return {"B": b64encode(value["B"]).decode()}
    return value
