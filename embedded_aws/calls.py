"""One call to the embedded AWS, as read from WSGI."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

from embedded_aws.errors import AwsError

WsgiApp = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]

BODY_LIMIT = 17 * 2**20
"""Bytes; DynamoDB takes 16 MB in a request at most."""

FIELDS_LIMIT = 2_000
"""Fields of a form at most: STS takes 50 tags of two fields, and a few more."""

JSON_SERVICES = {"dynamodb", "events", "kms"}
"""Services that speak JSON; IAM and STS speak the query protocol, S3 its own, both in XML."""

STS_API_VERSION = "2011-06-15"

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/([0-9]{8})/([\w-]+)/([\w-]+)/aws4_request,"
    r"\s*SignedHeaders=([\w;-]+),\s*Signature=([0-9a-f]{64})",
    re.ASCII,
)


class Authorization(NamedTuple):
    """What a SigV4 Authorization header says; `day` is the date of its scope (YYYYMMDD)."""

    access_key_id: str
    day: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


@dataclass(frozen=True)
class Call:
    """One request; `headers` by lower-case name, `body` read whole."""

    environ: WSGIEnvironment
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @cached_property
    def authorization(self) -> Authorization | None:
        """What the Authorization header says, or None when it is missing or not SigV4."""
        match = _AUTHORIZATION.fullmatch(self.headers.get("authorization", ""))
        if not match:
            return None

        access_key_id, day, region, service, signed_headers, signature = match.groups()
        return Authorization(
            access_key_id,
            day,
            region,
            service,
            signed_headers=tuple(signed_headers.split(";")),
            signature=signature,
        )

    @property
    def raw_path(self) -> str:
        """The path as it was sent, not decoded."""
        target = str(self.environ.get("REQUEST_URI") or self.path)
        return target.partition("?")[0]

    @property
    def region(self) -> str:
        """The region that the call was signed for, or ""."""
        if self.authorization is None:
            return ""
        return self.authorization.region

    @cached_property
    def service(self) -> str:
        """The service that is called (`dynamodb`), or "" when that cannot be told."""
        if self.authorization:
            return self.authorization.service

        # an unsigned call still has to be refused in the protocol of its service
        target = self.headers.get("x-amz-target", "")
        if target.startswith("TrentService."):
            return "kms"
        if target.startswith("AWSEvents."):
            return "events"
        if target:
            return "dynamodb"
        if self.form.get("Version") == STS_API_VERSION:
            return "sts"
        return ""

    @cached_property
    def operation(self) -> str:
        """The operation that is called (`AssumeRole`), or ""."""
        target = self.headers.get("x-amz-target", "")
        operation = target.rpartition(".")[2]
        return operation or self.form.get("Action", "")

    @cached_property
    def form(self) -> dict[str, str]:
        """The fields of the body, or of the query when there is no body."""
        try:
            text = self.body.decode() if self.body else self.query
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_LIMIT)
        except ValueError:
            return {}
        return dict(pairs)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The JSON body; AwsError when it is not a JSON object."""
        try:
            document = json.loads(self.body)
        except ValueError:
            document = None

        if not isinstance(document, dict):
            raise AwsError("SerializationException", "")
        return document


def read_call(environ: WSGIEnvironment) -> Call:
    """Read a request whole; raise AwsError when it is too large."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > BODY_LIMIT:
        raise AwsError(
            "RequestEntityTooLarge",
            "The request is too large.",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )

    body = b""
    if length:
        body = environ["wsgi.input"].read(length)

    return Call(
        environ,
        method=str(environ["REQUEST_METHOD"]),
        path=str(environ.get("PATH_INFO") or "/"),
        query=str(environ.get("QUERY_STRING", "")),
        headers=_read_headers(environ),
        body=body,
    )


def _read_headers(environ: WSGIEnvironment) -> dict[str, str]:
    headers = {}
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            header = name.removeprefix("HTTP_").replace("_", "-").lower()
            headers[header] = value

    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    headers["content-length"] = environ.get("CONTENT_LENGTH", "")
    return headers
