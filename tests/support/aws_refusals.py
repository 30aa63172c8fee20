"""Lets AWS refuse: answers of AWS's own form, given before a call leaves this process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse

from core import aws


class _Body:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


@contextmanager
def refusing(
    service: str, operation: str, code: str, message: str = "", *, times: int = 10**9
) -> Iterator[list[str]]:
    """Let `operation` be refused with `code` the first `times`; the list says how often it was."""
    events, refused = aws.client(service).meta.events, []

    def refuse(request: Any, **_: Any) -> AWSResponse | None:
        if len(refused) >= times:
            return None
        refused.append(operation)
        body = json.dumps({"__type": f"com.amazonaws#{code}", "message": message}).encode()
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, 500 if "Internal" in code else 400, headers, _Body(body))

    events.register_first(f"before-send.{service}.{operation}", refuse)
    try:
        yield refused
    finally:
        events.unregister(f"before-send.{service}.{operation}", refuse)
