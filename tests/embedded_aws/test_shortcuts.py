"""What takes a shorter way than moto's leads to the same."""

from typing import Any

import pytest
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.core.utils import get_service_model
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from embedded_aws import EmbeddedAws, shortcuts
from embedded_aws.serializer import DynamoDbSerializer
from tests.embedded_aws.clients import client_for

VALUES: dict[str, dict[str, Any]] = {
    "id": {"S": "1"},
    "number": {"N": "12.5"},
    "flag": {"BOOL": False},
    "nothing": {"NULL": True},
    "empty": {"S": ""},
    "names": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2"]},
    "listed": {"L": [{"S": "x"}, {"M": {"deep": {"N": "7"}}}]},
    "map": {"M": {"inner": {"S": "y"}, "other": {"L": []}}},
}


def item() -> Item:
    return Item(hash_key=DynamoType({"S": "1"}), range_key=None, attrs=VALUES)


@pytest.mark.parametrize("name", [*VALUES, "missing"])
def test_an_attribute_is_projected_as_moto_projects_it(name):
    ours = shortcuts.project(item(), [[name], ["id"]])
    motos = shortcuts._project_by_values(item(), [[name], ["id"]])
    assert ours.attrs.keys() == motos.attrs.keys() and (name in ours.attrs) == (name in VALUES)
    assert _sorted(ours.to_json()) == _sorted(motos.to_json())


@pytest.mark.parametrize("path", [["map", "inner"], ["listed[1]"], ["listed[1]", "deep"]])
def test_a_part_of_an_attribute_is_still_motos_affair(path):
    ours = shortcuts.project(item(), [path])
    assert ours.to_json() == shortcuts._project_by_values(item(), [path]).to_json()
    name = path[0].removesuffix("[1]")
    assert ours.attrs[name] != item().attrs[name]


def _sorted(value: Any) -> Any:
    """Return an item's JSON with the members of sets in an order of their own."""
    return repr(
        {
            name: {kind: sorted(members) if kind in ("SS", "NS") else members}
            for name, attribute in value["Attributes"].items()
            for kind, members in attribute.items()
        }
    )


def test_a_projection_leaves_the_stored_item_as_it_was(store: EmbeddedAws):
    client = client_for(store, "dynamodb")
    key = {"TableName": "cooper-targets", "Key": {"name": {"S": "dev-read"}}}
    before = client.get_item(**key)["Item"]
    part = client.get_item(**key, ProjectionExpression="title")["Item"]
    assert part == {"title": before["title"]} and client.get_item(**key)["Item"] == before


@pytest.mark.parametrize("kind", ["S", "N"])
@pytest.mark.parametrize("has_range_key", [False, True])
def test_a_scan_keeps_the_order_of_motos(store: EmbeddedAws, kind: str, has_range_key: bool):
    client = client_for(store, "dynamodb")
    names = ["hash", "range"][: 1 + has_range_key]
    client.create_table(
        TableName="sorted",
        KeySchema=[
            {"AttributeName": name, "KeyType": role}
            for name, role in zip(names, ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name in names],
        BillingMode="PAY_PER_REQUEST",
    )
    for number in (10, 9, 100, 1, 55):
        for other in (30, 4):
            keys = {"hash": {kind: str(number)}, "range": {kind: str(other)}}
            client.put_item(TableName="sorted", Item=keys)

    table = store.tables["sorted"]
    ours = [item.to_json() for item in shortcuts.all_items(table)]
    assert len(ours) == 5 + 5 * has_range_key
    assert ours == [item.to_json() for item in shortcuts.sorted_by_moto(table)]


def members(shape: Any, walked: set[str]) -> list[tuple[str, Any]]:
    """Return every member below a shape of an answer, with the name of each."""
    if shape.name in walked:
        return []
    walked.add(shape.name)
    if shape.type_name == "list":
        return members(shape.member, walked)
    if shape.type_name == "map":
        return members(shape.value, walked)
    if shape.type_name != "structure":
        return []

    below = []
    for name, member in shape.members.items():
        member.parent = shape
        below += [(name, member), *members(member, walked)]
    return below


@pytest.mark.parametrize("operation", ["Scan", "BatchGetItem", "DescribeTable", "UpdateItem"])
def test_a_member_of_an_answer_is_looked_for_under_motos_names(operation):
    model = get_service_model("dynamodb").operation_model(operation)
    serializer = DynamoDbSerializer(
        operation_model=model, pretty_print=False, value_picker=XFormedAttributePicker()
    )
    found = members(model.output_shape, set())
    assert len(found) > 10

    for key, shape in found:
        context = AttributePickerContext(key=key, obj={}, shape=shape)
        for name in {*XFormedAttributePicker().get_possible_keys(context)}:
            assert serializer.get_value({name: 5, "Other": 6}, key, shape) == 5
        assert serializer.get_value({"Other": 6}, key, shape) is None
