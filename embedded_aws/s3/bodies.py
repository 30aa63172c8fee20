"""XML bodies of S3: what a request configures, and what a response lists."""

import re
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from embedded_aws.errors import AwsError
from embedded_aws.responses import Response, request_id

_DOCUMENT = re.compile(
    r"(?:<\?xml[^>]*\?>)?\s*<(?P<root>\w+)(?: [^>]*)?>(?P<content>.*)</(?P=root)>\s*",
    re.ASCII | re.DOTALL,
)
_INNERMOST = re.compile(r"<(\w+)>([^<]*)</\1>", re.ASCII)

XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"


def read_xml(body: bytes, root: str) -> dict[str, str]:
    """Return the texts of the innermost elements of a body by their names.

    Raise AwsError when it has another root. What S3's clients send has no name twice.
    """
    document = _DOCUMENT.fullmatch(body.decode(errors="replace"))
    if document is None or document["root"] != root:
        raise AwsError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published "
            "schema",
        )
    return dict(_INNERMOST.findall(document["content"]))


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
