"""Responses in AWS's protocols: JSON for DynamoDB, EventBridge and KMS, XML for the others."""

import json
import uuid
import zlib
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse
from xml.sax.saxutils import escape

from embedded_aws.calls import JSON_SERVICES
from embedded_aws.errors import AwsError

STS_XMLNS = "https://sts.amazonaws.com/doc/2011-06-15/"
IAM_XMLNS = "https://iam.amazonaws.com/doc/2010-05-08/"


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, start_response: StartResponse) -> list[bytes]:
        """Answer as a WSGI application does."""
        headers = {
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.body)),
            **self.headers,
        }
        status_line = f"{self.status} {HTTPStatus(self.status).phrase}"
        start_response(status_line, list(headers.items()))
        return [self.body]


def text_response(status: int, text: str) -> Response:
    """Return a few words for a person."""
    body = f"{text}\n".encode()
    return Response(
        status, body, "text/plain; charset=utf-8", headers={"Cache-Control": "no-store"}
    )


def json_response(service: str, document: bytes, status: int = 200) -> Response:
    """Return a JSON response; `document` is already encoded."""
    headers = {"x-amzn-RequestId": request_id()}
    if service != "dynamodb":
        return Response(status, document, "application/x-amz-json-1.1", headers)

    # by this checksum clients notice a response that was cut
    headers["x-amz-crc32"] = str(zlib.crc32(document) & 0xFFFFFFFF)
    return Response(status, document, "application/x-amz-json-1.0", headers)


def xml_response(operation: str, result: dict[str, Any]) -> Response:
    """Return STS's response to an operation; an element whose value is None is left out."""
    new_id = request_id()
    content = _to_xml({f"{operation}Result": result, "ResponseMetadata": {"RequestId": new_id}})
    body = f'<{operation}Response xmlns="{STS_XMLNS}">{content}</{operation}Response>'
    return Response(200, body.encode(), "text/xml", {"x-amzn-RequestId": new_id})


def error_response(service: str, error: AwsError) -> Response:
    """Return an error in the service's protocol."""
    if service in JSON_SERVICES:
        return _json_error(service, error)
    if service == "s3":
        return _s3_error(error)
    return _xml_error(service, error)


def _json_error(service: str, error: AwsError) -> Response:
    # SDKs take what comes after the "#" for the code
    document = {
        "__type": f"com.amazon.coral.service#{error.code}",
        "message": error.message,
        **error.fields,
    }
    return json_response(service, json.dumps(document).encode(), error.status)


def _xml_error(service: str, error: AwsError) -> Response:
    # whose fault it is
    fault = "Sender"
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        fault = "Receiver"
    xmlns = STS_XMLNS
    if service == "iam":
        xmlns = IAM_XMLNS

    new_id = request_id()
    content = _to_xml(
        {
            "Error": {"Type": fault, "Code": error.code, "Message": error.message},
            "RequestId": new_id,
        }
    )
    body = f'<ErrorResponse xmlns="{xmlns}">{content}</ErrorResponse>'
    return Response(error.status, body.encode(), "text/xml", {"x-amzn-RequestId": new_id})


def _s3_error(error: AwsError) -> Response:
    new_id = request_id()
    content = _to_xml({"Code": error.code, "Message": error.message, "RequestId": new_id})
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{content}</Error>'
    return Response(error.status, body.encode(), "application/xml", {"x-amz-request-id": new_id})


def _to_xml(value: Any) -> str:
    """Return XML of nested dicts (elements), lists (`member`s) and texts."""
    if isinstance(value, dict):
        elements = [
            f"<{name}>{_to_xml(content)}</{name}>"
            for name, content in value.items()
            if content is not None
        ]
        return "".join(elements)

    if isinstance(value, list):
        return "".join(f"<member>{_to_xml(item)}</member>" for item in value)

    return escape(str(value))


def request_id() -> str:
    """Return a new id of a request."""
    return str(uuid.uuid4())
