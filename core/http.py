"""What views of several packages ask of a request, and the redirect to the sign-in page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

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


def own_path(request: HttpRequest, url: str) -> str:
    """Return `url` when it is a path of this site, else "": a redirect must not lead elsewhere."""
    allowed = url_has_allowed_host_and_scheme(
        url, {request.get_host()}, require_https=request.is_secure()
    )
    # an absolute URL of this very host would be allowed
    if allowed and url.startswith("/"):
        return url
    return ""


def safe_next(request: HttpRequest) -> str:
    """Return the path in the `next` field or parameter, or "" when there is none of this site."""
    return own_path(request, request.POST.get("next") or request.GET.get("next") or "")


def login_redirect(next_page: str) -> HttpResponseRedirect:
    """Send an anonymous visitor to sign in, and from there to `next_page`."""
    query = urlencode({"next": next_page})
    return HttpResponseRedirect(f"{resolve_url('login')}?{query}")
