"""S3's operations on buckets and objects, by method and query."""

from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qsl

from embedded_aws.calls import Call
from embedded_aws.errors import AwsError
from embedded_aws.principals import Principal
from embedded_aws.responses import Response
from embedded_aws.s3 import configuration, listing, objects
from embedded_aws.s3.addresses import Address, read_address
from embedded_aws.s3_buckets import Bucket
from embedded_aws.state import AwsState


class S3Request(NamedTuple):
    """One request: who asks for what; `query` are its parameters."""

    call: Call
    caller: Principal
    state: AwsState
    address: Address
    query: dict[str, str]


BUCKET_OPERATIONS: dict[tuple[str, str], Callable[[Bucket, Call], Response]] = {
    ("HEAD", ""): configuration.head_bucket,
    ("GET", "versioning"): configuration.get_versioning,
    ("PUT", "versioning"): configuration.put_versioning,
    ("GET", "object-lock"): configuration.get_object_lock,
    ("PUT", "object-lock"): configuration.put_object_lock,
}
"""By method and the query's parameter without a value."""

HARMLESS_PARAMETERS = {"x-id"}
"""What SDKs add for people who read logs."""


def handle(call: Call, caller: Principal, state: AwsState) -> Response:
    """Answer a call; raise AwsError."""
    address = read_address(call)
    query = dict(parse_qsl(call.query, keep_blank_values=True))
    for name in HARMLESS_PARAMETERS:
        query.pop(name, None)

    request = S3Request(call, caller, state, address, query)
    if call.method == "PUT" and not address.key and not query:
        return _create_bucket(request)

    bucket = _find_bucket(request)
    if address.key:
        return _serve_object(request, bucket)

    return _serve_bucket(request, bucket)


def _create_bucket(request: S3Request) -> Response:
    name = request.address.bucket
    existing = request.state.buckets.get(name)
    if existing is not None:
        code = "BucketAlreadyExists"
        if existing.account_id == request.caller.account_id:
            code = "BucketAlreadyOwnedByYou"
        raise AwsError(code, "The bucket is there already.", HTTPStatus.CONFLICT)

    with request.state.lock:
        bucket = configuration.new_bucket(request.call, name, request.caller.account_id)
        request.state.buckets[name] = bucket
        request.state.changed.set()

    return Response(200, b"", "application/xml", {"Location": f"/{name}"})


def _find_bucket(request: S3Request) -> Bucket:
    """Return the bucket; raise AwsError for a missing one, another's, and another region's."""
    bucket = request.state.buckets.get(request.address.bucket)
    if bucket is None:
        raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404)

    if bucket.account_id != request.caller.account_id:
        raise AwsError("AccessDenied", "Access Denied", HTTPStatus.FORBIDDEN)

    if request.call.region != bucket.region:
        raise AwsError(
            "AuthorizationHeaderMalformed",
            "The authorization header is malformed; the region "
            f"'{request.call.region}' is wrong; expecting '{bucket.region}'",
        )

    return bucket


def _serve_bucket(request: S3Request, bucket: Bucket) -> Response:
    call = request.call
    if call.method == "GET" and request.query.get("list-type") == "2":
        return listing.list_objects(bucket, request.query)

    subresource = "&".join(sorted(request.query))
    operation = BUCKET_OPERATIONS.get((call.method, subresource))
    if operation is None:
        raise _not_implemented(request)

    with request.state.lock:
        response = operation(bucket, call)
        if call.method == "PUT":
            request.state.changed.set()
        return response


def _serve_object(request: S3Request, bucket: Bucket) -> Response:
    call, key, state = request.call, request.address.key, request.state
    version_id = request.query.get("versionId", "")
    if set(request.query) - {"versionId"}:
        raise _not_implemented(request)

    if call.method == "PUT" and not version_id:
        return objects.put(bucket, key, call, state)

    if call.method in {"GET", "HEAD"}:
        return objects.get(bucket, key, call, version_id)

    if call.method == "DELETE":
        return objects.delete(bucket, key, version_id, state)

    raise _not_implemented(request)


def _not_implemented(request: S3Request) -> AwsError:
    return AwsError(
        "NotImplemented",
        f"The embedded S3 does not know {request.call.method} {sorted(request.query)}.",
        HTTPStatus.NOT_IMPLEMENTED,
    )
