"""One request to the embedded AWS as read from WSGI, and answers in AWS's protocols."""

import json
import re
import uuid
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment
from xml.sax.saxutils import escape

Wsgi = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]

BODY_LIMIT = 17 * 2**20
"""Bytes; DynamoDB takes 16 MB in a request at most."""

JSON_SERVICES = {"dynamodb", "kms"}
STS_XMLNS = "https://sts.amazonaws.com/doc/2011-06-15/"
IAM_XMLNS = "https://iam.amazonaws.com/doc/2010-05-08/"


class AwsError(Exception):
    """An error that the embedded AWS answers, with AWS's own code, words and HTTP status."""

    def __init__(
        self, code: str, message: str, status: int = HTTPStatus.BAD_REQUEST, **more: Any
    ) -> None:
        """Keep code, message, status, and `more` fields of a JSON answer (such as CancellationReasons)."""
        super().__init__(message)
        self.code, self.message, self.status, self.more = code, message, int(status), more


class Authorization(NamedTuple):
    """What a SigV4 Authorization header says; `day` is the date of its scope (YYYYMMDD)."""

    access_key_id: str
    day: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([\w-]+)/([\w-]+)/aws4_request,"
    r"\s*SignedHeaders=([\w;-]+),\s*Signature=([0-9a-f]{64})"
)


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
        """Return what the Authorization header says, or None when it is missing or not SigV4."""
        found = _AUTHORIZATION.fullmatch(self.headers.get("authorization", ""))
        if not found:
            return None
        key, day, region, service, headers, signature = found.groups()
        return Authorization(key, day, region, service, tuple(headers.split(";")), signature)

    @cached_property
    def service(self) -> str:
        """Return the service that is called (`dynamodb`), or "" when that cannot be told."""
        if self.authorization:
            return self.authorization.service
        target = self.headers.get("x-amz-target", "")
        if target:
            return "kms" if target.startswith("TrentService.") else "dynamodb"
        return "sts" if self.form.get("Version") == "2011-06-15" else ""

    @cached_property
    def operation(self) -> str:
        """Return the operation that is called (`AssumeRole`), or ""."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2] or self.form.get(
            "Action", ""
        )

    @cached_property
    def form(self) -> dict[str, str]:
        """Return the fields of the body, or of the query when there is no body."""
        try:
            text = self.body.decode() if self.body else self.query
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=2000))
        except ValueError:
            return {}

    @cached_property
    def document(self) -> dict[str, Any]:
        """Return the JSON body; raise AwsError when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise AwsError("SerializationException", "")
        return found


def read(environ: WSGIEnvironment) -> Call:
    """Read the request whole; raise AwsError when it is too large."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > BODY_LIMIT:
        raise AwsError(
            "RequestEntityTooLarge",
            "The request is too large.",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name[:5] == "HTTP_"
    }
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    headers["content-length"] = environ.get("CONTENT_LENGTH", "")
    return Call(
        environ,
        str(environ["REQUEST_METHOD"]),
        str(environ.get("PATH_INFO") or "/"),
        str(environ.get("QUERY_STRING", "")),
        headers,
        environ["wsgi.input"].read(length) if length else b"",
    )


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, start_response: StartResponse) -> list[bytes]:
        """Answer in WSGI's words."""
        headers = {
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.body)),
            **self.headers,
        }
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", list(headers.items()))
        return [self.body]


def plain(status: int, text: str) -> Answer:
    """Return a few words for a person."""
    return Answer(
        status, (text + "\n").encode(), "text/plain; charset=utf-8", {"Cache-Control": "no-store"}
    )


def request_id() -> str:
    """Return a new request id."""
    return str(uuid.uuid4())


def json_answer(service: str, document: bytes, status: int = 200, identifier: str = "") -> Answer:
    """Return a JSON answer; DynamoDB's carry the CRC32 of the body, by which clients notice a cut answer."""
    version = "1.0" if service == "dynamodb" else "1.1"
    headers = {"x-amzn-RequestId": identifier or request_id()}
    if service == "dynamodb":
        headers["x-amz-crc32"] = str(zlib.crc32(document) & 0xFFFFFFFF)
    return Answer(status, document, f"application/x-amz-json-{version}", headers)


def xml(value: Any) -> str:
    """Return XML of nested dicts (elements), lists (`member`s) and texts."""
    if isinstance(value, dict):
        return "".join(
            f"<{name}>{xml(part)}</{name}>" for name, part in value.items() if part is not None
        )
    if isinstance(value, list):
        return "".join(f"<member>{xml(part)}</member>" for part in value)
    return escape(str(value))


def xml_answer(operation: str, result: dict[str, Any], xmlns: str = STS_XMLNS) -> Answer:
    """Return a query-protocol answer."""
    identifier = request_id()
    inner = xml({f"{operation}Result": result, "ResponseMetadata": {"RequestId": identifier}})
    body = f'<{operation}Response xmlns="{xmlns}">{inner}</{operation}Response>'
    return Answer(200, body.encode(), "text/xml", {"x-amzn-RequestId": identifier})


def refusal(service: str, error: AwsError) -> Answer:
    """Return an error in the service's protocol."""
    if service in JSON_SERVICES:
        kind = f"com.amazon.coral.service#{error.code}"
        document = {"__type": kind, "message": error.message, **error.more}
        return json_answer(service, json.dumps(document).encode(), error.status)
    identifier = request_id()
    kind = "Sender" if error.status < 500 else "Receiver"
    said = {
        "Error": {"Type": kind, "Code": error.code, "Message": error.message},
        "RequestId": identifier,
    }
    xmlns = IAM_XMLNS if service == "iam" else STS_XMLNS
    body = f'<ErrorResponse xmlns="{xmlns}">{xml(said)}</ErrorResponse>'
    return Answer(error.status, body.encode(), "text/xml", {"x-amzn-RequestId": identifier})
