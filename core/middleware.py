"""What every request and every response gets: an id, the client's true address, headers."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from core import access_log, audit, aws, forwarded, request_ids
from core.error_pages import cooper_error_response
from core.errors import CooperError
from core.requests import CooperRequest

ALIVE_PATH = "/healthz"
READY_PATH = "/readyz"

CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action {}"
)
"""The Content-Security-Policy of every page; a view may add hosts to form-action."""

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=()"

DEADLINE = 10.0
"""Seconds in which a request asks AWS, all in all; views extend it (`aws.extend_deadline`)."""

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestMiddleware:
    """Gives each request an id and its true client address and scheme; all events name them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: CooperRequest) -> HttpResponse:
        request.id = request_ids.new(audit.now())
        request.client_address = client_address(request)
        if is_https(request):
            request.META["wsgi.url_scheme"] = "https"
            request.environ["wsgi.url_scheme"] = "https"  # type: ignore[attr-defined]
        if request.path in (ALIVE_PATH, READY_PATH):
            # load balancers ask by address, not by name
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].lstrip(".")

        # it begins before the first read: all that a person waits for counts
        with (
            request_ids.within(request.id),
            access_log.answered(request) as answer,
            aws.deadline(DEADLINE),
            audit.acting(source=request.client_address, request_id=request.id),
        ):
            response = self.get_response(request)
            answer.status = response.status_code

        response["X-Request-Id"] = request.id
        return response


class ResponseMiddleware:
    """Puts the security headers on every response and shows CooperErrors of views as pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)

        form_action = " ".join(["'self'", *getattr(request, "form_action", [])])
        response.setdefault("Content-Security-Policy", CSP.format(form_action))
        response.setdefault("Cache-Control", "no-store")
        if not getattr(request, "is_compressible", False):
            # no proxy compresses what cooper does not: see core.http.compressed
            patch_cache_control(response, no_transform=True)
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, CooperError):
            return cooper_error_response(request, exception)
        # Django's to handle
        return None


def client_address(request: HttpRequest) -> str:
    """Return the client's own address, "" when the server does not know it (a Unix socket)."""
    peer = request.META.get("REMOTE_ADDR", "")
    forwarded_for = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return forwarded.nearest_untrusted(peer, forwarded_for, settings.COOPER_TRUSTED_PROXIES)


def is_https(request: HttpRequest) -> bool:
    """Return whether the person's browser spoke https, as a trusted proxy says.

    Where no proxy is trusted, an https COOPER_PUBLIC_URL decides: SecurityMiddleware would redirect
    such requests to it for ever.
    """
    proxies = settings.COOPER_TRUSTED_PROXIES
    if not proxies:
        return str(settings.COOPER_PUBLIC_URL).startswith("https://")

    peer = forwarded.parse_address(request.META.get("REMOTE_ADDR", ""))
    if peer is None or not forwarded.is_within(peer, proxies):
        return False
    return forwarded.is_https(request.META.get("HTTP_X_FORWARDED_PROTO", ""))
