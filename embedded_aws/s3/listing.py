"""ListObjectsV2: the objects of a bucket, a thousand at a time."""

import base64
import binascii
from typing import Any
from urllib.parse import quote

from embedded_aws.errors import AwsError
from embedded_aws.responses import Response
from embedded_aws.s3.bodies import iso, xml_response
from embedded_aws.s3_buckets import Bucket

MOST_KEYS = 1_000

KNOWN_PARAMETERS = {
    "list-type",
    "prefix",
    "max-keys",
    "start-after",
    "continuation-token",
    "encoding-type",
}


def list_objects(bucket: Bucket, query: dict[str, str]) -> Response:
    """Return the objects that begin with a prefix, after a key; raise AwsError."""
    unknown = set(query) - KNOWN_PARAMETERS
    if unknown:
        raise AwsError("NotImplemented", f"The embedded S3 does not know {sorted(unknown)}.", 501)

    most = min(_number(query.get("max-keys", str(MOST_KEYS))), MOST_KEYS)
    after = query.get("start-after", "")
    if "continuation-token" in query:
        after = _key_of_token(query["continuation-token"])

    prefix = query.get("prefix", "")
    keys = [
        key
        for key in bucket.present_keys
        if key.startswith(prefix) and key.encode() > after.encode()
    ]
    page = keys[:most]
    content: dict[str, Any] = {
        "Name": bucket.name,
        "Prefix": prefix,
        "KeyCount": len(page),
        "MaxKeys": most,
        "IsTruncated": str(len(keys) > most).lower(),
        "Contents": [_entry(bucket, key, query) for key in page],
    }
    if query.get("encoding-type") == "url":
        content["EncodingType"] = "url"
        content["Prefix"] = quote(prefix)

    if len(keys) > most and page:
        content["NextContinuationToken"] = base64.b64encode(page[-1].encode()).decode()

    return xml_response("ListBucketResult", content)


def _entry(bucket: Bucket, key: str, query: dict[str, str]) -> dict[str, Any]:
    version = bucket.versions[key][-1]
    shown_key = key
    if query.get("encoding-type") == "url":
        shown_key = quote(key)

    return {
        "Key": shown_key,
        "LastModified": iso(version.modified_at),
        "ETag": version.etag,
        "Size": len(version.body),
        "StorageClass": "STANDARD",
    }


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise AwsError(
            "InvalidArgument", "Provided max-keys not an integer or within integer range"
        )
    return int(text[:9])


def _key_of_token(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode()
    except (ValueError, binascii.Error):
        raise AwsError("InvalidArgument", "The continuation token provided is incorrect") from None
