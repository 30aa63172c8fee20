"""What people see when something fails or is refused: a page, or JSON for tools."""

import logging
import sys
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from core.errors import CooperError
from core.http import wants_json

logger = logging.getLogger(__name__)


def error_response(
    request: HttpRequest, status: int, message: str, title: str = "", **context: Any
) -> HttpResponse:
    """Return a message as JSON where that is asked for, else as a page.

    `context` is more for the page's template. The log has a line with the request id: what is
    refused here leaves no event on the audit log.
    """
    logger.warning("request %s: answered %d: %s", request_id_of(request), status, message)
    return _error_page(request, status, message, title, **context)


def request_id_of(request: HttpRequest) -> str:
    """Return the request's id; "" for an error that came before the middleware that gives it."""
    return getattr(request, "id", "")


def _error_page(
    request: HttpRequest, status: int, message: str, title: str = "", **context: Any
) -> HttpResponse:
    request_id = request_id_of(request)
    if wants_json(request):
        return JsonResponse({"error": message, "request_id": request_id}, status=status)

    context |= {
        "title": title or HTTPStatus(status).phrase,
        "message": message,
        "request_id": request_id,
    }
    return render(request, "error.html", context, status=status)


def cooper_error_response(request: HttpRequest, error: CooperError) -> HttpResponse:
    """Return the error's message as a response, and log its detail."""
    request_id = request_id_of(request)
    logger.warning("request %s: %s: %s", request_id, type(error).__name__, error.detail)
    response = _error_page(request, error.status, error.message)
    if error.retry_after:
        response["Retry-After"] = str(error.retry_after)
    return response


# Django's views for errors, named in the URL configuration and the settings


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    message = "cooper could not read this request. Go back and try again."
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
    """Answer for an exception that nothing else caught: a CooperError as such, others as 500."""
    error = sys.exc_info()[1]
    if isinstance(error, CooperError):
        return cooper_error_response(request, error)

    logger.error("request %s: unexpected", request_id_of(request), exc_info=error)
    message = (
        "Something went wrong inside cooper. Nothing was handed out. "
        "Tell an administrator the request number below."
    )
    # without the banner: what it reads may be what failed
    return _error_page(request, HTTPStatus.INTERNAL_SERVER_ERROR, message, stops=())
