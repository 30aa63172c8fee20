"""Signature Version 4: whether a request was signed with the secret of its access key.

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import time
from calendar import timegm
from http import HTTPStatus
from typing import NamedTuple

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from embedded_aws.calls import JSON_SERVICES, Authorization, Call
from embedded_aws.errors import AwsError

SKEW_SECONDS = 300
"""The clock of whoever signs may be off by so much."""

UNSIGNED_BODY = "UNSIGNED-PAYLOAD"
"""What S3 takes for the hash of a body that is not signed."""

REQUIRED_HEADERS = {"host", "x-amz-date"}
"""What has to be signed, for a signature to be good for one place and time alone."""

_TIMESTAMP = "%Y%m%dT%H%M%SZ"


class _CredentialsError(NamedTuple):
    """One refusal: its code in the query protocol, in JSON and in S3's, and its words."""

    query_code: str
    json_code: str
    s3_code: str
    message: str


# "Common errors" of the STS and DynamoDB API references
_CREDENTIALS_ERRORS = {
    "missing": _CredentialsError(
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "AccessDenied",
        "Request is missing Authentication Token",
    ),
    "unknown": _CredentialsError(
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "The security token included in the request is invalid.",
    ),
    "expired": _CredentialsError(
        "ExpiredToken",
        "ExpiredTokenException",
        "ExpiredToken",
        "The security token included in the request is expired",
    ),
    "signature": _CredentialsError(
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check "
        "your AWS Secret Access Key and signing method. Consult the service documentation for "
        "details.",
    ),
}


def credentials_error(service: str, reason: str) -> AwsError:
    """Return AWS's refusal of credentials, with the code that the service uses.

    `reason` is missing, unknown, expired or signature.
    """
    error = _CREDENTIALS_ERRORS[reason]
    if service in JSON_SERVICES:
        return AwsError(error.json_code, error.message)
    if service == "s3":
        return AwsError(error.s3_code, error.message, HTTPStatus.FORBIDDEN)
    return AwsError(error.query_code, error.message, HTTPStatus.FORBIDDEN)


def verify(call: Call, authorization: Authorization, secret: str) -> None:
    """Raise AwsError unless the request was signed with `secret`, just now."""
    timestamp = call.headers.get("x-amz-date", "")
    _check_time(call.service, timestamp)

    if authorization.day != timestamp[:8]:
        raise credentials_error(call.service, "signature")
    if not REQUIRED_HEADERS.issubset(authorization.signed_headers):
        raise credentials_error(call.service, "signature")

    # botocore's signer trusts this header, where it is there, for the hash of the body
    stated_hash = call.headers.get("x-amz-content-sha256")
    body_hash = hashlib.sha256(call.body).hexdigest()
    if call.service == "s3":
        _check_s3_hash(call, authorization)
        if stated_hash == UNSIGNED_BODY:
            body_hash = UNSIGNED_BODY
    if stated_hash is not None and stated_hash != body_hash:
        raise credentials_error(call.service, "signature")

    signature = _compute_signature(call, authorization, secret, timestamp)
    if not hmac.compare_digest(signature, authorization.signature):
        raise credentials_error(call.service, "signature")


def _check_s3_hash(call: Call, authorization: Authorization) -> None:
    """Raise AwsError unless the hash of the body is stated, and signed."""
    if "x-amz-content-sha256" in authorization.signed_headers:
        return
    raise AwsError(
        "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"
    )


def _check_time(service: str, timestamp: str) -> None:
    """Raise AwsError when the request was signed more than five minutes ago or ahead."""
    try:
        signed_at = timegm(time.strptime(timestamp, _TIMESTAMP))
    except ValueError:
        raise credentials_error(service, "missing") from None

    age = time.time() - signed_at
    if abs(age) <= SKEW_SECONDS:
        return

    now = time.strftime(_TIMESTAMP, time.gmtime())
    if age > 0:
        message = f"Signature expired: {timestamp} is now earlier than {now} (+/- 5 min.)"
    else:
        message = f"Signature not yet current: {timestamp} is now later than {now} (+/- 5 min.)"
    error = credentials_error(service, "signature")
    raise AwsError(error.code, message, error.status)


def _compute_signature(
    call: Call, authorization: Authorization, secret: str, timestamp: str
) -> str:
    """Return the signature that the request ought to have."""
    url = f"http://{call.headers.get('host', '')}{call.raw_path}"
    if call.query:
        url = f"{url}?{call.query}"
    headers = {name: call.headers.get(name, "") for name in authorization.signed_headers}

    request = AWSRequest(method=call.method, url=url, headers=headers, data=call.body)
    # where the signer puts its own clock when it signs
    request.context["timestamp"] = timestamp

    credentials = Credentials(authorization.access_key_id, secret)
    # S3 signs a path as it was sent, the others one that is normalized and encoded once more
    signer_class = SigV4Auth
    if authorization.service == "s3":
        signer_class = S3SigV4Auth
    signer = signer_class(credentials, authorization.service, authorization.region)
    string_to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    return str(signer.signature(string_to_sign, request))
