"""What people see when something fails or is refused: a page, or JSON for tools."""

import logging
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import render

from core.errors import CooperError
from core.http import wants_json

logger = logging.getLogger(__name__)

TITLES = {
    HTTPStatus.BAD_REQUEST: "This cannot be used",
    HTTPStatus.FORBIDDEN: "Access denied",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.CONFLICT: "Changed meanwhile",
    HTTPStatus.GONE: "Over",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available now",
}
"""Titles of error pages, by status; other ones have HTTP's own phrase."""

ContactOf = Callable[[HttpRequest], str]
"""Whom the person who asks is to be sent to, "" when nobody is named."""

_contact_sources: list[ContactOf] = []


def ask_for_contact(contact_of: ContactOf) -> None:
    """Let error pages ask `contact_of` whom to ask, where the error does not say it."""
    _contact_sources.append(contact_of)


def error_response(
    request: HttpRequest, status: int, message: str, title: str = "", **context: Any
) -> HttpResponse:
    """Return a message as JSON where that is asked for, else as a page.

    `context` is more for the page's template. The log has a line with the request id: what is
    refused here leaves no event on the audit log.
    """
    logger.warning("request %s: answered %d: %s", request_id_of(request), status, message)
    contact = default_contact(request)
    return _error_page(request, status, message, title, contact=contact, **context)


def default_contact(request: HttpRequest) -> str:
    """Return whom to ask; "" to strangers, and where DynamoDB does not say."""
    if not getattr(request, "identity", None):
        return ""
    try:
        return next(filter(None, (contact_of(request) for contact_of in _contact_sources)), "")
    except CooperError:
        # the page may be the one that says that DynamoDB does not answer
        return ""


def request_id_of(request: HttpRequest) -> str:
    """Return the request's id; "" for an error that came before the middleware that gives it."""
    return getattr(request, "id", "")


def _error_page(
    request: HttpRequest,
    status: int,
    message: str,
    title: str = "",
    *,
    contact: str = "",
    **context: Any,
) -> HttpResponse:
    if wants_json(request):
        content = {"error": message, **facts_of_refusal(request, contact)}
        return JsonResponse(content, status=status)

    http_status = HTTPStatus(status)
    context |= {
        "title": title or TITLES.get(http_status, http_status.phrase),
        "message": message,
        "contact": contact,
        "request_id": request_id_of(request),
    }
    return render(request, "error.html", context, status=status)


def name_request(request: HttpRequest, error: CooperError) -> None:
    """Let a fault that is shown on a form name the request, as a page of its own would."""
    # a refusal says itself what to do
    if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return

    request_id = request_id_of(request)
    named = f" Request {request_id}."
    if error.message.endswith(named):
        # it was raised again within the request
        return

    logger.warning("request %s: %s: %s", request_id, type(error).__name__, error.detail)
    # by it an administrator finds the line above
    error.message += named


def facts_of_refusal(request: HttpRequest, contact: str) -> dict[str, str]:
    """Return what a tool gets of every refusal: the request id, and whom to ask if it is known."""
    facts = {"request_id": request_id_of(request)}
    if contact:
        facts["contact"] = contact
    return facts


def cooper_error_response(request: HttpRequest, error: CooperError) -> HttpResponse:
    """Return the error's message as a response, and log its detail."""
    request_id = request_id_of(request)
    logger.warning("request %s: %s: %s", request_id, type(error).__name__, error.detail)
    contact = error.contact or default_contact(request)
    response = _error_page(
        request, error.status, error.message, contact=contact, lacks_owner=error.lacks_owner
    )
    if error.retry_after:
        response["Retry-After"] = str(error.retry_after)
    return response


# Django's views for errors, named in the URL configuration and the settings


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    message = "cooper could not read this request. Go back and try again."
    if isinstance(exception, DisallowedHost):
        message = (
            "cooper is not served under this host name: COOPER_ALLOWED_HOSTS does not have it."
        )
    return error_response(request, HTTPStatus.BAD_REQUEST, message)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    message = "This page is for administrators of cooper."
    return error_response(request, HTTPStatus.FORBIDDEN, message, title="Access denied")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404, whether there is no such page or this person may not see it."""
    message = "Page not found, or you have no access. Your targets are on the home page."
    return error_response(request, HTTPStatus.NOT_FOUND, message)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 for a form that did not come from our own page."""
    message = (
        "This form was too old or came from another site. Go back, reload the page and try again."
    )
    return error_response(request, HTTPStatus.FORBIDDEN, message)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for an exception that nothing else caught: 500, unless the exception is an answer."""
    error = sys.exc_info()[1]
    if isinstance(error, CooperError):
        return cooper_error_response(request, error)
    if isinstance(error, UnreadablePostError):
        # the client has gone, or was cut off because it took too long
        message = (
            "The request broke off before all of it was here. Nothing was done; send it again."
        )
        return error_response(request, HTTPStatus.BAD_REQUEST, message)

    logger.error("request %s: unexpected", request_id_of(request), exc_info=error)
    message = (
        "Something went wrong inside cooper. Nothing was handed out. "
        "Tell an administrator the request number below."
    )
    # without the banner: what it reads may be what failed
    return _error_page(request, HTTPStatus.INTERNAL_SERVER_ERROR, message, stops=())
