"""What every request and every answer gets: an id, the client's true address, headers, an error page."""

import ipaddress
import logging
import secrets
import sys
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from core import audit
from core.errors import CooperError
from core.http import wants_json
from core.requests import CooperRequest

logger = logging.getLogger(__name__)

HEALTH = ("/healthz", "/readyz")

CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action {}"
)

Handler = Callable[[HttpRequest], HttpResponse]


def is_trusted(address: str) -> bool:
    """Return whether the peer is one of COOPER_TRUSTED_PROXIES (addresses or networks)."""
    try:
        found = ipaddress.ip_address(address)
        return any(
            found in ipaddress.ip_network(each, strict=False)
            for each in settings.COOPER_TRUSTED_PROXIES
        )
    except ValueError:
        return False


def client_address(request: HttpRequest) -> str:
    """Return the client's address; X-Forwarded-For counts only from the right, as far as proxies are trusted."""
    address = request.META.get("REMOTE_ADDR", "")
    for hop in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        if not is_trusted(address) or not hop.strip():
            break
        address = hop.strip()
    return str(address)[:64]


def came_by_https(request: HttpRequest) -> bool:
    """Return whether the person's browser spoke https, as a trusted proxy says.

    Where no proxy is trusted, an https COOPER_PUBLIC_URL says so itself: a redirect to it would never end.
    """
    if not settings.COOPER_TRUSTED_PROXIES:
        return str(settings.COOPER_PUBLIC_URL).startswith("https://")
    trusted = is_trusted(request.META.get("REMOTE_ADDR", ""))
    return trusted and request.META.get("HTTP_X_FORWARDED_PROTO") == "https"


class RequestMiddleware:
    """Gives each request an id, its true client address and scheme, and lets all events know them."""

    def __init__(self, get_response: Handler) -> None:
        """Take the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: CooperRequest) -> HttpResponse:
        """Answer with the id in `X-Request-Id`."""
        request.id = secrets.token_hex(8)
        request.client_address = client_address(request)
        if came_by_https(request):
            request.META["wsgi.url_scheme"] = request.environ["wsgi.url_scheme"] = "https"  # type: ignore[attr-defined]
        if request.path in HEALTH:
            # load balancers ask by address, not by name
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].lstrip(".")
        with audit.acting(source=request.client_address, request_id=request.id):
            response = self.get_response(request)
        response["X-Request-Id"] = request.id
        return response


class AnswerMiddleware:
    """Puts the security headers on every answer and turns CooperErrors of views into their page."""

    def __init__(self, get_response: Handler) -> None:
        """Take the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, never to be cached, under a strict Content-Security-Policy."""
        response = self.get_response(request)
        allowed = " ".join(["'self'", *getattr(request, "form_action", [])])
        response.setdefault("Content-Security-Policy", CSP.format(allowed))
        response.setdefault("Cache-Control", "no-store")
        response.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"
        )
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Show a CooperError as its page; leave anything else to Django."""
        return error_page(request, exception) if isinstance(exception, CooperError) else None


def error_page(request: HttpRequest, error: CooperError) -> HttpResponse:
    """Return the page (or JSON) that says what happened and what to do, with the request id; log the detail."""
    number = getattr(request, "id", "")
    logger.warning("request %s: %s: %s", number, type(error).__name__, error.detail)
    return refusal(request, error.status, error.message)


def refusal(request: HttpRequest, status: int, message: str, title: str = "") -> HttpResponse:
    """Return an answer that says no: JSON where that is asked for, else a page."""
    number = getattr(request, "id", "")
    if wants_json(request):
        return JsonResponse({"error": message, "request_id": number}, status=status)
    said = title or HTTPStatus(status).phrase
    return render(
        request, "error.html", {"title": said, "message": message, "number": number}, status=status
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    return refusal(request, 400, "cooper could not read this request. Go back and try again.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    return refusal(request, 403, "This is for administrators of cooper.", "Not for you")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    return refusal(
        request, 404, "There is nothing here that you may see. Your targets are on the first page."
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 for a form that did not come from our own page."""
    return refusal(
        request,
        403,
        "This form was too old or came from elsewhere. Go back, reload the page and try again.",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for an exception that nothing else caught: a CooperError as its page, anything else 500 with its id."""
    error = sys.exc_info()[1]
    if isinstance(error, CooperError):
        return error_page(request, error)
    logger.error("request %s: unexpected", getattr(request, "id", ""), exc_info=error)
    return refusal(
        request,
        500,
        "Something went wrong inside cooper. Nothing was handed out. Tell an administrator the number below.",
    )
