"""What DynamoDB holds, looked at in the embedded AWS itself: no call, so a test may look often."""

import json
from typing import Any

from moto.dynamodb.models.utilities import dynamo_json_dump

from core.dynamo import Document
from embedded_aws import EmbeddedAws


def items_of(aws: EmbeddedAws, document: type[Document]) -> list[dict[str, Any]]:
    """Return the items of a document's table, in DynamoDB's JSON."""
    table = aws.tables[document.Meta.table_name]
    return [json.loads(dynamo_json_dump(dict(item.attrs))) for item in table.all_items()]
