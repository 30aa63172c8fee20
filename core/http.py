"""What views of several packages ask of a request, and the redirect to the sign-in page."""

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode


def wants_json(request: HttpRequest) -> bool:
    """Return whether the client is a tool: one that asks for JSON rather than for a page."""
    return "application/json" in request.headers.get("Accept", "")


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
