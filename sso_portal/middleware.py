"""The shape of errors that are answered before a view, under the addresses of tools.

A worker that is not prepared, a host name that is not cooper's, an address that is none: what
cooper's middleware and Django answer is meant for people. The tools read one shape alone, and would
show nothing of a page, or try it again for ever.
"""

import json
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from core.http import JSON
from sso_portal import api_views, wire
from sso_portal.api_views import ApiRefusal
from sso_portal.protocol_errors import OidcError, PortalError, PortalRefusal

GetResponse = Callable[[HttpRequest], HttpResponse]

PAGES = frozenset({"/sso-oidc/authorize"})
"""Addresses among those of the tools that are for people."""

TEXTS = {
    HTTPStatus.FORBIDDEN: "This was refused before it was looked at.",
    HTTPStatus.NOT_FOUND: "There is no such operation here.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This operation is asked for by another method.",
}
"""What is said in place of the sentences for people who look at pages."""


class ErrorShapeMiddleware:
    """Gives every error the shape in which the tools read it. It stands first, and sees all.

    It lets no cookie of a request in that is for a tool.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        service = _service_at(request.path)
        if not service:
            return self.get_response(request)

        # an error page then is JSON too, with a sentence that can be taken from it
        request.META["HTTP_ACCEPT"] = JSON
        # no cookie counts for a tool: none is read, kept alive, or taken back
        request.META.pop("HTTP_COOKIE", None)
        response = self.get_response(request)

        is_error = response.status_code >= HTTPStatus.MULTIPLE_CHOICES
        if is_error and not _has_shape(response):
            _give_shape(response, service)
        return response


def _service_at(path: str) -> str:
    """Return the service that an address belongs to, "" for a page."""
    if path in PAGES:
        return ""
    return next((name for name in WRITERS if f"{path}/".startswith(f"/{name}/")), "")


def _has_shape(response: HttpResponse) -> bool:
    return wire.ERROR_TYPE in response.headers or "message" in _members(response)


def _members(response: HttpResponse) -> dict[str, object]:
    if response.headers.get("Content-Type") != JSON:
        return {}
    members: dict[str, object] = json.loads(response.content)
    return members


def _give_shape(response: HttpResponse, service: str) -> None:
    """Write the error anew, in place: the headers of other middleware stay as they are."""
    message = _message(response)
    if response.status_code < HTTPStatus.BAD_REQUEST:
        # no tool follows one, and a token would go along
        response.status_code = HTTPStatus.BAD_REQUEST
        del response.headers["Location"]

    shaped = WRITERS[service](response.status_code, message)
    response.status_code = shaped.status_code
    response.content = shaped.content

    response.headers["Content-Type"] = shaped.headers["Content-Type"]
    for name, value in shaped.headers.items():
        response.setdefault(name, value)
    response.headers["Content-Length"] = str(len(shaped.content))


def _message(response: HttpResponse) -> str:
    """Return what to tell people."""
    status = HTTPStatus(response.status_code)
    location = response.headers.get("Location", "")
    if location.startswith("https:"):
        return (
            "cooper takes this request for plain http. Use https, and let COOPER_TRUSTED_PROXIES "
            "name the proxy that speaks it."
        )
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        request_id = response.headers.get("X-Request-Id", "")
        return (
            "Something went wrong inside cooper. Nothing was handed out. "
            f"Tell an administrator this request number: {request_id}"
        )

    sentence = str(_members(response).get("error", f"{status.phrase}."))
    return TEXTS.get(status, sentence)


# -- the shapes ------------------------------------------------------------------------------------
def _oidc_error(status: int, message: str) -> HttpResponse:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return wire.oidc_error(OidcError.SLOW_DOWN, message)

    error = OidcError.SERVER_ERROR if _is_of_server(status) else OidcError.INVALID_REQUEST
    response = wire.oidc_error(error, message)
    # as it was answered: some are tried again by themselves
    response.status_code = status
    return response


def _portal_error(status: int, message: str) -> HttpResponse:
    default = PortalError.INTERNAL if _is_of_server(status) else PortalError.INVALID_REQUEST
    error = next((error for error in PortalError if error.status == status), default)

    response = wire.portal_error(PortalRefusal(error, message))
    response.status_code = status
    return response


def _api_error(status: int, message: str) -> HttpResponse:
    return api_views.error_answer(ApiRefusal(status, api_views.word_for(status), message))


def _is_of_server(status: int) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR


WRITERS: dict[str, Callable[[int, str], HttpResponse]] = {
    "sso-oidc": _oidc_error,
    "sso": _portal_error,
    "api/v1": _api_error,
}
"""What writes an error of each service, by where its addresses begin."""
