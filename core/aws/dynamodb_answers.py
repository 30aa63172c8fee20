"""DynamoDB's answers: each one that is not its own is refused, and what was read is parsed here.

botocore walks through an answer along the API's model, part by part. That takes ten times as long
as reading the JSON, and comes to the same but for binary values: the rest stands in the JSON as
botocore returns it.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import base64
import json
import zlib
from typing import Any

from botocore.exceptions import ChecksumError

READS = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})
"""The operations whose answers hold items."""

BINARY_TAGS = (b'"B"', b'"BS"')
"""What an answer with binary values has in it, and few others."""


def read_answer(
    operation_model: Any,
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,
) -> None:
    """Check an answer, and put what a read answered into `customized_response_dict`.

    A handler of botocore's event `before-parse`: botocore adds that to what it parses itself. Raise
    ChecksumError, so that botocore tries again, for an answer that is not DynamoDB's own.
    """
    if response_dict["status_code"] != 200:
        return
    body = response_dict["body"]
    _demand_checksum(response_dict["headers"].get("x-amz-crc32"), body)
    answer = _parse(body)

    if operation_model.name in READS:
        for name in operation_model.output_shape.members:
            part = answer.get(name)
            if part is not None:
                customized_response_dict[name] = part
        # nothing is left for botocore to walk through
        response_dict["body"] = b"{}"


def _demand_checksum(header: object, body: bytes) -> None:
    """Raise ChecksumError unless the header is the checksum of the body.

    A cut answer, or a bare `{}`, would be read as "no such item". DynamoDB sends the checksum with
    every answer: one without it was made or changed on the way.
    """
    expected = str(header)
    actual = str(zlib.crc32(body) & 0xFFFFFFFF)
    if actual != expected:
        raise ChecksumError(
            checksum_type="crc32", expected_checksum=expected, actual_checksum=actual
        )


def _parse(body: bytes) -> dict[str, Any]:
    """Return the object that the body is in JSON; raise ChecksumError when it is none."""
    hook = None
    if any(tag in body for tag in BINARY_TAGS):
        hook = _with_bytes
    try:
        answer = json.loads(body, object_hook=hook)
    except ValueError:
        answer = None

    if not isinstance(answer, dict):
        raise ChecksumError(
            checksum_type="json",
            expected_checksum="an object",
            actual_checksum=f"{len(body)} bytes",
        )
    return answer


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON object; if it is a binary value, in base64, with its bytes.

    An attribute that is called B is none: what it has is an object, and no text; so has a table
    that is called BS.
    """
    if len(value) != 1:
        return value
    text = value.get("B")
    if isinstance(text, str):
        return {"B": base64.b64decode(text)}
    texts = value.get("BS")
    if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
        return {"BS": [base64.b64decode(text) for text in texts]}
    return value
