"""Calls to AWS, with what its errors mean to a person."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore import exceptions
from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoRegionError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError

from core.aws.answers import Answer, unreadable
from core.aws.clock import wrong_clock
from core.aws.credential_errors import credentials_failed
from core.errors import CooperError, NotAllowed, Unavailable

BAD_CREDENTIAL_CODES = {
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "MissingAuthenticationToken",
}
"""Error codes that say: these credentials are not good, whatever they might be allowed to do."""

REFUSAL_CODES = BAD_CREDENTIAL_CODES | {
    "AccessDeniedException",
    "AccessDenied",
    "NotAuthorized",
    "OptInRequired",
}
"""Error codes that say: not with these credentials."""

BUSY_CODES = {"RequestLimitExceeded", "ProvisionedThroughputExceededException"}

NO_ANSWER = (exceptions.ConnectionError, HTTPClientError, IncompleteReadError, ChecksumError)
"""botocore's errors for an answer that did not come, or not whole."""

PARSER_ERRORS = (
    ResponseParserError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
)
"""What botocore's parsers raise for an answer that is not as AWS documents it.

Its own error is for XML and JSON alone: base64, timestamps and numbers raise what Python raises.
"""

SERVICE_NAMES = {
    "dynamodb": "DynamoDB",
    "events": "EventBridge",
    "kms": "AWS KMS",
    "s3": "S3",
    "sts": "AWS STS",
}
"""The services as people know them."""

NO_REGION = "No AWS region is set. Set COOPER_REGION, or give -region."

BAD_CREDENTIALS = (
    "AWS does not accept cooper's own credentials: they have expired, were deleted, "
    "or are another partition's. An administrator of cooper has to renew them."
)

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
CLOCK_WORDS = ("Signature expired", "Signature not yet current")
"""How AWS's message begins where the time of a signature is more than 5 minutes off."""


def credentials_refused(response: Mapping[str, Any], detail: str) -> NotAllowed:
    """Return what AWS's answer to cooper's own credentials means: often it is the clock."""
    error = response.get("Error", {})
    code = str(error.get("Code", ""))
    if not str(error.get("Message", "")).startswith(CLOCK_WORDS):
        return NotAllowed(BAD_CREDENTIALS, detail, code=code)
    return wrong_clock(response, detail, code)


def call(method: Callable[..., Any], /, **arguments: Any) -> Answer:
    """Call a client's method and return its answer; raise CooperError when AWS does not do it."""
    name = SERVICE_NAMES.get(_service_of(method), "AWS")
    try:
        return Answer(method(**arguments), name)
    except (ClientError, BotoCoreError) as error:
        service = _service_of(method)
        translated = translate(error, name)
        translated.service = service
        raise translated from error
    except PARSER_ERRORS as error:
        # the error's message quotes the answer, which may hold credentials: it must reach no log
        raise unreadable(name, type(error).__name__) from None


def _service_of(method: Callable[..., Any]) -> str:
    """Return botocore's name of the service that a client's method calls, "" for another one."""
    client = getattr(method, "__self__", None)
    meta = getattr(client, "meta", None)
    if meta is None:
        return ""
    return str(meta.service_model.service_name)


def translate(error: Exception, service: str = "AWS") -> CooperError:
    """Return what an AWS error means to a person; AWS's own words are in the detail."""
    if isinstance(error, ClientError):
        return _translate_answer(error, service)
    if isinstance(error, NoRegionError):
        return CooperError(NO_REGION)
    if isinstance(error, ParamValidationError):
        message = f"{service} does not take this. Nothing was handed out."
        return CooperError(message, f"{service}: {error}")
    if isinstance(error, NO_ANSWER) and not _is_about_the_host(error):
        message = f"{service} did not answer. Nothing was handed out; try again in a minute."
        return Unavailable(message, repr(error))
    # all others are about credentials, profiles, endpoints: no waiting mends them
    return credentials_failed(error, service)


def _is_about_the_host(error: Exception) -> bool:
    """Return whether a call failed before it left: by a missing CA bundle, or a value in a header.

    botocore wraps these in its error for connections.
    """
    cause = getattr(error, "kwargs", {}).get("error")
    return isinstance(cause, FileNotFoundError | PermissionError | IsADirectoryError | ValueError)


def _translate_answer(error: ClientError, service: str) -> CooperError:
    """Return what AWS's error answer means, by its code and HTTP status."""
    code = error.response.get("Error", {}).get("Code", "")
    text = error.response.get("Error", {}).get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    detail = f"{error.operation_name}: {code}: {text}"

    if code in BAD_CREDENTIAL_CODES:
        return credentials_refused(error.response, detail)
    if code in REFUSAL_CODES:
        message = f"AWS does not allow cooper to do this ({error.operation_name})."
        return NotAllowed(message, detail, code=code)
    if status >= 500 or "Throttl" in code or code in BUSY_CODES:
        message = f"{service} is busy or has a fault."
        message += " Nothing was handed out; try again in a minute."
        return Unavailable(message, detail, code=code)
    return CooperError(f"AWS refused the request ({code}).", detail, code=code)
