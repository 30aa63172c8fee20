"""Objects: put once where that is asked for, read with their checksums, kept while they are locked.

Rules: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html and
object-lock-managing.html
"""

import secrets
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus

from embedded_aws.calls import Call
from embedded_aws.errors import AwsError
from embedded_aws.responses import Response, request_id
from embedded_aws.s3 import checksums
from embedded_aws.s3.bodies import iso
from embedded_aws.s3_buckets import DAY_SECONDS, Bucket, Version
from embedded_aws.state import AwsState

KNOWN_HEADERS = {
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-user-agent",
}
"""Headers of S3's that a PUT may have here, beside checksums."""


def put(bucket: Bucket, key: str, call: Call, state: AwsState) -> Response:
    """Keep an object; raise AwsError when it is there and must not be, or is being put."""
    _check_headers(call)
    condition = call.headers.get("if-none-match")
    if condition not in {None, "*"}:
        raise AwsError("NotImplemented", "If-None-Match takes * alone.", HTTPStatus.NOT_IMPLEMENTED)

    stated_checksums = checksums.checked_checksums(call)
    if bucket.has_default_retention:
        checksums.require_some(call, stated_checksums)

    is_conditional = condition == "*"
    with state.lock:
        if is_conditional:
            _check_condition(bucket, key)
        version = _new_version(bucket, call.body, stated_checksums)
        bucket.add(key, version)
        state.changed.set()

    return Response(200, b"", "", _headers_of(bucket, version, with_checksums=True))


def get(bucket: Bucket, key: str, call: Call, version_id: str) -> Response:
    """Return an object or, to HEAD, what there is to say of it; raise AwsError without one."""
    version = _find(bucket, key, version_id)
    if call.headers.get("range"):
        raise AwsError("NotImplemented", "The embedded S3 gives whole objects.", 501)

    wants_checksums = call.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    headers = _headers_of(bucket, version, with_checksums=wants_checksums)
    modified_at = datetime.fromtimestamp(int(version.modified_at), UTC)
    headers["Last-Modified"] = format_datetime(modified_at, usegmt=True)
    if call.method == "HEAD":
        headers["Content-Length"] = str(len(version.body))
        return Response(200, b"", "binary/octet-stream", headers)

    return Response(200, version.body, "binary/octet-stream", headers)


def delete(bucket: Bucket, key: str, version_id: str, state: AwsState) -> Response:
    """Delete a version unless it is locked, or hide all of them behind a delete marker."""
    with state.lock:
        state.changed.set()
        if version_id:
            version = _find(bucket, key, version_id)
            _check_lock(version)
            bucket.versions[key].remove(version)
            return Response(204, b"", "", {"x-amz-version-id": version_id})

        if bucket.versioning != "Enabled":
            bucket.versions.pop(key, None)
            return Response(204, b"", "")
        marker = Version(secrets.token_urlsafe(24), "", time.time(), is_delete_marker=True)
        bucket.add(key, marker)
        headers = {"x-amz-version-id": marker.version_id, "x-amz-delete-marker": "true"}
        return Response(204, b"", "", headers)


def _check_headers(call: Call) -> None:
    """Raise AwsError for what the object would have to do and does not here (encryption, ...)."""
    for name in call.headers:
        is_known = name in KNOWN_HEADERS or name.startswith(checksums.HEADER)
        if name.startswith("x-amz-") and not is_known:
            raise AwsError("NotImplemented", f"The embedded S3 does not know {name}.", 501)


def _check_condition(bucket: Bucket, key: str) -> None:
    """Raise AwsError when the object is there, or another call is about to put it."""
    if bucket.current(key) is not None:
        raise AwsError(
            "PreconditionFailed",
            "At least one of the pre-conditions you specified is not met",
            HTTPStatus.PRECONDITION_FAILED,
        )

    if key in bucket.under_way:
        raise AwsError(
            "ConditionalRequestConflict",
            "The conditional request cannot succeed due to a conflicting operation against this "
            "resource.",
            HTTPStatus.CONFLICT,
        )


def _new_version(bucket: Bucket, body: bytes, stated_checksums: dict[str, str]) -> Version:
    version_id = "null"
    if bucket.versioning == "Enabled":
        version_id = secrets.token_urlsafe(24)

    now = time.time()
    lock_mode = ""
    retain_until = 0.0
    if bucket.has_default_retention:
        lock_mode = bucket.lock_mode
        retain_until = now + bucket.lock_days * DAY_SECONDS

    return Version(
        version_id,
        etag=checksums.etag_of(body),
        modified_at=now,
        body=body,
        checksums=stated_checksums,
        lock_mode=lock_mode,
        retain_until=retain_until,
    )


def _find(bucket: Bucket, key: str, version_id: str) -> Version:
    if not version_id:
        version = bucket.current(key)
        if version is None:
            raise AwsError("NoSuchKey", "The specified key does not exist.", 404)
        return version

    for version in bucket.versions.get(key, []):
        if version.version_id == version_id and not version.is_delete_marker:
            return version

    raise AwsError("NoSuchVersion", "The specified version does not exist.", 404)


def _check_lock(version: Version) -> None:
    if version.retain_until > time.time():
        raise AwsError(
            "AccessDenied",
            "Access Denied because object protected by object lock.",
            HTTPStatus.FORBIDDEN,
        )


def _headers_of(bucket: Bucket, version: Version, *, with_checksums: bool) -> dict[str, str]:
    headers = {"ETag": version.etag, "x-amz-request-id": request_id()}
    if bucket.versioning:
        headers["x-amz-version-id"] = version.version_id

    if version.lock_mode:
        headers["x-amz-object-lock-mode"] = version.lock_mode
        headers["x-amz-object-lock-retain-until-date"] = iso(version.retain_until)

    if with_checksums:
        for name, value in version.checksums.items():
            headers[checksums.HEADER + name] = value
        if version.checksums:
            headers["x-amz-checksum-type"] = "FULL_OBJECT"

    return headers
