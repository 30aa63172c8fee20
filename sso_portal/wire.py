"""How the two services speak: JSON in, JSON out, errors in the shape that AWS's clients read.

Nothing here is ever an HTML page. Errors name themselves twice, in the header `x-amzn-ErrorType`
and in the body's `__type`: clients read one or the other.
Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
"""

import json
import logging
import re
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from brokers.errors import TooMany
from core.error_pages import name_request
from core.errors import CooperError
from sso_portal.protocol_errors import OidcError, OidcRefusal, PortalError, PortalRefusal

BODY_LIMIT = 32_768
"""Bytes of a request's body; what the clients send has a few hundred."""

FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
"""What a form of another site sends without asking; no tool does."""

LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*")
"""Text that tables, pages and logs take as it is."""

ERROR_TYPE = "x-amzn-ErrorType"

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


# -- reading ---------------------------------------------------------------------------------------
def read_json(request: HttpRequest) -> dict[str, Any]:
    """Return the members of the JSON object that was sent; raise ValueError for anything else."""
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type in FORM_TYPES:
        raise ValueError("Send a JSON object as application/json, not a form.")
    if request.headers.get("Transfer-Encoding"):
        raise ValueError("Send the body with a Content-Length, not in chunks.")

    content = _parsed(_body(request))
    if not isinstance(content, dict):
        raise ValueError("The body is not a JSON object.")  # noqa: TRY004 - bad input, no bug
    return content


def _body(request: HttpRequest) -> bytes:
    length = request.headers.get("Content-Length") or "0"
    if not length.isascii() or not length.isdigit():
        # the header may be anything, a token too: it is not told back
        raise ValueError("The Content-Length is not a number.")
    if len(length) > 9 or int(length) > BODY_LIMIT:
        raise ValueError("The body is too large.")
    try:
        return request.body
    except (UnreadablePostError, RequestDataTooBig) as error:
        raise ValueError("The body could not be read.") from error


def _parsed(body: bytes) -> Any:
    """Return the value of a text of JSON in UTF-8 (RFC 8259, 8.1), which names nothing twice."""
    try:
        return json.loads(
            body.decode(), object_pairs_hook=_without_doubles, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError as error:
        raise ValueError("The body is not in UTF-8.") from error
    except json.JSONDecodeError as error:
        raise ValueError(
            f"The body is not JSON: line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise ValueError("The body is nested too deeply.") from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("The body has a member twice.")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")


def text(members: dict[str, Any], name: str, *, limit: int = 4_096) -> str:
    """Return a member that must be a text of one line; raise ValueError for anything else."""
    value = members.get(name)
    if not isinstance(value, str) or not value or len(value) > limit:
        raise ValueError(f"{name} is missing, or not a text of at most {limit} characters.")
    if not LINE.fullmatch(value):
        raise ValueError(f"{name} has control characters, or half of a surrogate pair.")
    return value


def texts(members: dict[str, Any], name: str) -> list[str]:
    """Return a member that is a list of texts, or missing; raise ValueError for anything else."""
    value = members.get(name)
    if value is None:
        return []

    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name} is not a list of texts.")
    return value


# -- sso-oidc --------------------------------------------------------------------------------------
def oidc_operation(view: View) -> View:
    """Let a view be an operation of `sso-oidc`: POST, and every error in its shape."""

    @csrf_exempt
    @wraps(view)
    def operation(request: HttpRequest, *arguments: Any, **parts: Any) -> HttpResponse:
        if request.method != "POST":
            return oidc_error(OidcError.INVALID_REQUEST, "Use POST.")
        try:
            return view(request, *arguments, **parts)
        except OidcRefusal as refusal:
            return oidc_error(refusal.error, refusal.description)
        except ValueError as error:
            return oidc_error(OidcError.INVALID_REQUEST, str(error))
        except TooMany as error:
            response = oidc_error(OidcError.SLOW_DOWN, error.message)
            response["Retry-After"] = str(error.retry_after)
            return response
        except CooperError as error:
            logger.warning("sso-oidc: %s", error.detail)
            name_request(request, error)
            response = oidc_error(OidcError.SERVER_ERROR, error.message)

            # 503 for what AWS does not answer or allow: clients try both again
            response.status_code = max(error.status, HTTPStatus.INTERNAL_SERVER_ERROR)
            return response

    return operation


def oidc_error(error: OidcError, description: str) -> HttpResponse:
    """Return an error of `sso-oidc`."""
    content = {
        "error": error.value,
        "error_description": description,
        # the AWS CLI prints this one, before 2.36 nothing else
        "message": description,
        "__type": error.exception_name,
    }
    response = JsonResponse(content, status=error.status)

    response[ERROR_TYPE] = error.exception_name
    return never_kept(response)


# -- sso -------------------------------------------------------------------------------------------
def portal_operation(method: str) -> Callable[[View], View]:
    """Let a view be an operation of `sso`, by one method, with every error in its shape."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def operation(request: HttpRequest, *arguments: Any, **parts: Any) -> HttpResponse:
            if request.method != method:
                return portal_error(PortalRefusal(PortalError.INVALID_REQUEST, f"Use {method}."))
            try:
                return view(request, *arguments, **parts)
            except PortalRefusal as refusal:
                return portal_error(refusal)
            except ValueError as error:
                return portal_error(PortalRefusal(PortalError.INVALID_REQUEST, str(error)))
            except CooperError as error:
                logger.warning("sso: %s", error.detail)
                name_request(request, error)
                return portal_error(_refusal_for(error))

        return operation

    return decorate


def _refusal_for(error: CooperError) -> PortalRefusal:
    if isinstance(error, TooMany):
        return PortalRefusal(
            PortalError.TOO_MANY_REQUESTS, error.message, retry_after=error.retry_after
        )
    if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return PortalRefusal(PortalError.FORBIDDEN, error.message)

    # what AWS does not answer or allow now may pass: clients try it again
    return PortalRefusal(PortalError.UNAVAILABLE, error.message)


def portal_error(refusal: PortalRefusal) -> HttpResponse:
    """Return an error of `sso`."""
    name = refusal.error.value
    response = JsonResponse(
        {"message": refusal.message, "__type": name}, status=refusal.error.status
    )

    response[ERROR_TYPE] = name
    if refusal.retry_after:
        response["Retry-After"] = str(refusal.retry_after)
    return never_kept(response)


# -- answering -------------------------------------------------------------------------------------
def answer(content: dict[str, Any]) -> HttpResponse:
    """Return an answer that no cache keeps."""
    return never_kept(JsonResponse(content))


def never_kept(response: HttpResponse) -> HttpResponse:
    """Return the same answer, which no cache keeps."""
    response["Cache-Control"] = "no-store"
    return response
