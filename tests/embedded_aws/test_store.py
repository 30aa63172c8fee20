"""What the embedded AWS keeps over a restart means the same afterwards."""

import json
import time

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends

from accounts import totp
from accounts.models import TotpDevice
from embedded_aws import EmbeddedAws, stored_tables
from tests.embedded_aws.clients import client_for
from tests.support.codes import next_code

TABLE = "cooper-once"
KEY = {"what": {"S": "kept"}}
BINARY = b"\x00\xff is no text"

VALUES = [
    {"B": BINARY},
    {"BS": [BINARY, b"\x01"]},
    {"L": [{"B": BINARY}, {"S": "text"}]},
    {"M": {"B": {"B": BINARY}, "S": {"SS": ["a", "b"]}, "L": {"L": [{"BS": [BINARY]}]}}},
    {"S": "B"},
    {"N": "1"},
    {"NULL": True},
    {"BOOL": False},
]


def reload_tables() -> None:
    """Write the tables as a store does, forget them, and read them as a new process does."""
    written = json.dumps(stored_tables.dump())
    dynamodb_backends.clear()
    stored_tables.load(json.loads(written))


def test_a_one_time_code_is_accepted_after_a_restart(store: EmbeddedAws) -> None:
    reload_tables()
    code = next_code("carol")
    totp.use_code("local:carol", code, time.time())
    assert TotpDevice.find("local:carol").last_step > 0


@pytest.mark.parametrize("value", VALUES, ids=lambda value: next(iter(value)))
def test_a_condition_on_an_attribute_of_any_type_holds_after_a_restart(
    store: EmbeddedAws, value: dict[str, object]
) -> None:
    dynamodb = client_for(store, "dynamodb")
    dynamodb.put_item(TableName=TABLE, Item=KEY | {"value": value})
    reload_tables()

    def write_if_it_is(expected: dict[str, object]) -> None:
        dynamodb.update_item(
            TableName=TABLE,
            Key=KEY,
            UpdateExpression="SET written = :yes",
            ConditionExpression="#value = :expected",
            ExpressionAttributeNames={"#value": "value"},
            ExpressionAttributeValues={":yes": {"BOOL": True}, ":expected": expected},
        )

    write_if_it_is(value)
    item = dynamodb.get_item(TableName=TABLE, Key=KEY, ConsistentRead=True)["Item"]
    assert item["value"] == value
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        write_if_it_is({"B": b"another"})
