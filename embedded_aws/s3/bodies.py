"""XML bodies of S3: what a request configures, and what a response lists."""

from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

import xmltodict

from embedded_aws.errors import AwsError
from embedded_aws.responses import Response, request_id

XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"


def read_xml(body: bytes, root: str) -> dict[str, Any]:
    """Return the elements within the root of a body; raise AwsError when it has another one."""
    malformed = AwsError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
    try:
        document = xmltodict.parse(body)
    except Exception as error:  # whatever expat says
        raise malformed from error

    if list(document) != [root]:
        raise malformed

    content = document[root]
    return content if isinstance(content, dict) else {}


def xml_response(root: str, content: dict[str, Any]) -> Response:
    """Return a response whose body is `content` under `root`; lists become repeated elements."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{XMLNS}">'
    body += f"{_to_xml(content)}</{root}>"
    return Response(200, body.encode(), "application/xml", {"x-amz-request-id": request_id()})


def iso(moment: float) -> str:
    """Return a time in seconds since 1970 as S3 writes it."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _to_xml(content: dict[str, Any]) -> str:
    elements = ""
    for name, value in content.items():
        values = value if isinstance(value, list) else [value]
        for one in values:
            inner = _to_xml(one) if isinstance(one, dict) else escape(str(one))
            elements += f"<{name}>{inner}</{name}>"
    return elements
