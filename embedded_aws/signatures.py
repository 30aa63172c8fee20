"""Signature Version 4: whether a request was signed with the secret that belongs to its access key.

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html - the clock may be
off by five minutes.
"""

import hashlib
import hmac
import time
from calendar import timegm
from http import HTTPStatus

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from embedded_aws.protocol import JSON_SERVICES, Authorization, AwsError, Call

SKEW_SECONDS = 300
_FORMAT = "%Y%m%dT%H%M%SZ"


def refused(service: str, kind: str) -> AwsError:
    """Return AWS's refusal of credentials in the service's words; `kind`: missing, unknown, expired or signature."""
    code, message = _REFUSALS[kind][0], _REFUSALS[kind][2]
    if service in JSON_SERVICES:
        return AwsError(_REFUSALS[kind][1], message)
    return AwsError(code, message, HTTPStatus.FORBIDDEN)


_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_REFUSALS = {
    "missing": (
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "Request is missing Authentication Token",
    ),
    "unknown": (
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    ),
    "expired": (
        "ExpiredToken",
        "ExpiredTokenException",
        "The security token included in the request is expired",
    ),
    "signature": ("SignatureDoesNotMatch", "InvalidSignatureException", _MISMATCH),
}
"""The codes in query and in JSON protocols, and the words (Common errors of the STS and DynamoDB API references)."""


def verify(call: Call, authorization: Authorization, secret: str) -> None:
    """Raise AwsError unless the request was signed with `secret`, just now."""
    stamp = call.headers.get("x-amz-date", "")
    _check_time(call.service, stamp)
    stated = call.headers.get("x-amz-content-sha256")
    altered = stated is not None and stated != hashlib.sha256(call.body).hexdigest()
    unsigned = {"host", "x-amz-date"} - set(authorization.signed_headers)
    if altered or unsigned or authorization.day != stamp[:8]:
        raise refused(call.service, "signature")
    if not hmac.compare_digest(
        _signature(call, authorization, secret, stamp), authorization.signature
    ):
        raise refused(call.service, "signature")


def _check_time(service: str, stamp: str) -> None:
    """Raise AwsError when the request was signed more than five minutes ago or ahead."""
    try:
        signed_at = timegm(time.strptime(stamp, _FORMAT))
    except ValueError:
        raise refused(service, "missing") from None
    off = time.time() - signed_at
    if abs(off) <= SKEW_SECONDS:
        return
    error, now = refused(service, "signature"), time.strftime(_FORMAT, time.gmtime())
    what = "Signature expired" if off > 0 else "Signature not yet current"
    how = "earlier" if off > 0 else "later"
    raise AwsError(
        error.code, f"{what}: {stamp} is now {how} than {now} (+/- 5 min.)", error.status
    )


def _signature(call: Call, authorization: Authorization, secret: str, stamp: str) -> str:
    """Return the signature that the request ought to have."""
    url = f"http://{call.headers.get('host', '')}{call.path}" + (
        f"?{call.query}" if call.query else ""
    )
    headers = {name: call.headers.get(name, "") for name in authorization.signed_headers}
    request = AWSRequest(method=call.method, url=url, headers=headers, data=call.body)
    request.context["timestamp"] = stamp
    credentials = Credentials(authorization.access_key_id, secret)
    signer = SigV4Auth(credentials, authorization.service, authorization.region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return str(signer.signature(text, request))
