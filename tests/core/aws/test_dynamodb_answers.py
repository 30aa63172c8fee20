"""What cooper parses of DynamoDB's answers is what botocore would have made of them."""

import base64
import json
import zlib
from typing import Any

import pytest
from botocore.exceptions import ChecksumError
from botocore.parsers import create_parser
from hypothesis import example, given
from hypothesis import strategies as st

from core import aws
from core.aws.dynamodb_answers import READS, read_answer
from embedded_aws import EmbeddedAws

NAMES = st.sampled_from(["name", "B", "BS", "S", "M", "L", "größe"])
TEXTS = st.sampled_from(["", "x", "B", '{"B": "eA=="}', "ü\n"])
BASE64 = st.binary(max_size=5).map(lambda value: base64.b64encode(value).decode())
SCALARS = st.one_of(
    st.fixed_dictionaries({"S": TEXTS}),
    st.fixed_dictionaries({"N": st.integers().map(str)}),
    st.fixed_dictionaries({"BOOL": st.booleans()}),
    st.fixed_dictionaries({"NULL": st.just(True)}),
    st.fixed_dictionaries({"B": BASE64}),
    st.fixed_dictionaries({"BS": st.lists(BASE64, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"SS": st.lists(TEXTS, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"NS": st.just(["1", "2.5"])}),
)
VALUES = st.recursive(
    SCALARS,
    lambda values: st.one_of(
        st.fixed_dictionaries({"L": st.lists(values, max_size=3)}),
        st.fixed_dictionaries({"M": st.dictionaries(NAMES, values, max_size=3)}),
    ),
    max_leaves=6,
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=4)
ANSWERS = st.one_of(
    st.tuples(st.just("GetItem"), st.fixed_dictionaries({}, optional={"Item": ITEMS})),
    st.tuples(
        st.sampled_from(["Scan", "Query"]),
        st.fixed_dictionaries(
            {"Items": st.lists(ITEMS, max_size=3), "Count": st.just(1), "ScannedCount": st.just(2)},
            optional={"LastEvaluatedKey": ITEMS, "Surprise": st.just("of a later DynamoDB")},
        ),
    ),
    st.tuples(
        st.just("BatchGetItem"),
        st.fixed_dictionaries(
            {
                "Responses": st.dictionaries(NAMES, st.lists(ITEMS, max_size=2), max_size=2),
                "UnprocessedKeys": st.dictionaries(
                    NAMES,
                    st.fixed_dictionaries(
                        {"Keys": st.lists(ITEMS, min_size=1, max_size=2)},
                        optional={"ExpressionAttributeNames": st.just({"#B": "B"})},
                    ),
                    max_size=1,
                ),
            }
        ),
    ),
    st.tuples(
        st.just("TransactGetItems"),
        st.fixed_dictionaries(
            {"Responses": st.lists(st.fixed_dictionaries({}, optional={"Item": ITEMS}), max_size=3)}
        ),
    ),
)


def received(answer: object) -> dict[str, Any]:
    body = json.dumps(answer).encode()
    headers = {"x-amz-crc32": str(zlib.crc32(body)), "x-amzn-requestid": "R"}
    return {"status_code": 200, "headers": headers, "body": body}


def operation_model(name: str) -> Any:
    return aws.client("dynamodb").meta.service_model.operation_model(name)


def read(operation: str, response: dict[str, Any]) -> dict[str, Any]:
    """Do as botocore does with an answer, our handler included."""
    model = operation_model(operation)
    added: dict[str, Any] = {}
    read_answer(model, response, added)
    parsed: dict[str, Any] = create_parser("json").parse(response, model.output_shape)
    return parsed | added


@example(("BatchGetItem", {"Responses": {"BS": [{"B": {"B": "eA=="}}]}}))
@given(ANSWERS)
def test_an_answer_is_read_as_botocore_reads_it(
    aws: EmbeddedAws, case: tuple[str, dict[str, Any]]
) -> None:
    operation, answer = case
    shape = operation_model(operation).output_shape
    assert read(operation, received(answer)) == create_parser("json").parse(received(answer), shape)


@pytest.mark.parametrize("operation", sorted(READS))
def test_botocore_is_left_nothing_to_walk_through(aws: EmbeddedAws, operation: str) -> None:
    response = received({"Items": [], "Responses": {}})
    read_answer(operation_model(operation), response, {})
    assert response["body"] == b"{}"


def test_what_is_no_read_is_botocores_to_parse(aws: EmbeddedAws) -> None:
    response = received({"Table": {"TableName": "x"}})
    assert read("DescribeTable", response) == create_parser("json").parse(
        response, operation_model("DescribeTable").output_shape
    )


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("no checksum", {"headers": {}}),
        ("another checksum", {"headers": {"x-amz-crc32": "1"}}),
        ("a list", received([])),
        ("no JSON", {"body": b"{", "headers": {"x-amz-crc32": str(zlib.crc32(b"{"))}}),
        ("bytes that are no base64", received({"Item": {"key": {"B": "x"}}})),
    ],
)
def test_an_answer_is_refused_that_is_not_dynamodbs(
    aws: EmbeddedAws, name: str, change: dict[str, Any]
) -> None:
    response = received({"Item": {}}) | change
    with pytest.raises(ChecksumError):
        read("GetItem", response)
