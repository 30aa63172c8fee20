"""What views of several packages ask of a request, and how they answer it."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from core.gzip_pieces import PieceResponse

PAGE = "text/html"
JSON = "application/json"


def wants_json(request: HttpRequest) -> bool:
    """Return whether the client is a tool: one that asks for JSON rather than for a page.

    By the qualities of Accept (RFC 9110, 12.5.1); of two that are as good, the first one counts.
    """
    return bool(request.get_preferred_type([PAGE, JSON]) == JSON)


def post_only(page: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a view take POST alone; a GET leads to the page that belongs there.

    People come by one when they sign in again after a form, reload, or type an address. `page` is
    the name of a URL, with the same parts as the view's own.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(request: HttpRequest, *arguments: Any, **parts: Any) -> Any:
            if request.method == "POST":
                return view(request, *arguments, **parts)
            if request.method in ("GET", "HEAD"):
                return HttpResponseRedirect(resolve_url(page, **parts))
            return HttpResponseNotAllowed(["POST"])

        return guarded

    return decorate


# -- compressing -----------------------------------------------------------------------------------
HARMLESS_PARAMETERS = {"page"}
"""Query parameters of which a compressed page shows nothing but a number that it has anyway."""

_REFUSED = re.compile(r"q=0(\.0{0,3})?")
"""A quality that means "not this one" (RFC 9110, 12.4.2)."""


def compressed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a page be compressed, for browsers that take gzip. No page is without this.

    The length of a compressed page tells whoever can add text to it what else is on it (BREACH,
    breachattack.com). So it is for pages alone that show nothing of their request and no secret:
    no search, no code, no form that was sent. The CSRF token is another one on each page. A request
    with any other query parameter than `HARMLESS_PARAMETERS` is answered plain, but for pieces.

    Pieces of a page show nothing of any request, and were compressed before or by themselves (see
    `core.gzip_pieces`). What is this request's own is compressed apart from them: its length tells
    nothing of what they have. Where it may show what was asked for, it is not compressed at all:
    of a search, the hits alone are, and their length tells which they are, as it does plain.
    """

    @wraps(view)
    def compressing(request: HttpRequest, *arguments: Any, **parts: Any) -> HttpResponse:
        response = view(request, *arguments, **parts)
        is_plain_page = response.status_code == 200 and not response.streaming
        shows_request = not HARMLESS_PARAMETERS.issuperset(request.GET)
        has_pieces = isinstance(response, PieceResponse)
        if not is_plain_page or (shows_request and not has_pieces):
            return response

        if not shows_request:
            # the middleware lets proxies compress it too
            request.is_compressible = True  # type: ignore[attr-defined]
        if not _accepts_gzip(request):
            patch_vary_headers(response, ["Accept-Encoding"])
            return response
        if isinstance(response, PieceResponse):
            _gzip_pieces(response, stores_own=shows_request)
        else:
            _gzip.process_response(request, response)
        return response

    return compressing


def _gzip_pieces(response: PieceResponse, *, stores_own: bool) -> None:
    patch_vary_headers(response, ["Accept-Encoding"])
    response.content = response.gzipped(stores_own=stores_own)
    response["Content-Length"] = str(len(response.content))
    response["Content-Encoding"] = "gzip"


_gzip = GZipMiddleware(lambda request: HttpResponse())


def _accepts_gzip(request: HttpRequest) -> bool:
    """Return whether the client takes gzip (RFC 9110, 12.5.3); Django overlooks a quality of 0."""
    for item in request.headers.get("Accept-Encoding", "").split(","):
        coding, _, quality = item.partition(";")
        if coding.strip() == "gzip":
            return not _REFUSED.fullmatch(quality.strip())
    return False


# -- where to go next ------------------------------------------------------------------------------
NEXT_LIMIT = 6_000
"""Characters of a page to go on to. Servers take 8,190 of a request line; encoding adds some."""

_QUERY = re.compile(r"[?#]")


def own_path(request: HttpRequest, url: str) -> str:
    """Return `url` when it is a path of this site, else "": a redirect must not lead elsewhere."""
    # an absolute URL of this very host would be allowed
    if not url.startswith("/") or len(url) > NEXT_LIMIT:
        return ""

    # only what stands before the query can lead elsewhere, and Django refuses what is longer than
    # links to pages of the console are
    path = _QUERY.split(url, maxsplit=1)[0]
    allowed = url_has_allowed_host_and_scheme(
        path, {request.get_host()}, require_https=request.is_secure()
    )
    return url if allowed else ""


def safe_next(request: HttpRequest) -> str:
    """Return the path in the `next` field or parameter, or "" when there is none of this site."""
    return own_path(request, request.POST.get("next") or request.GET.get("next") or "")


def login_redirect(next_page: str) -> HttpResponseRedirect:
    """Send an anonymous visitor to sign in, and from there to `next_page`."""
    query = urlencode({"next": next_page})
    return HttpResponseRedirect(f"{resolve_url('login')}?{query}")
