"""The type of requests that have passed cooper's middleware, and a cache for each."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from django.http import HttpRequest

T = TypeVar("T")


class CooperRequest(HttpRequest):
    """A request with what cooper's middleware puts on it; only for annotations."""

    id: str
    """The request id, as in the log, in audit events and in the answer's `X-Request-Id`."""

    client_address: str
    """The client's own address, behind the trusted proxies."""

    user: Any
    """`accounts.models.User`, or Django's AnonymousUser."""

    identity: Any
    """`accounts.identity.Identity`, or None for somebody who has not signed in."""

    cache: dict[Hashable, Any]
    """What `once_per_request` keeps."""

    form_action: list[str]
    """Origins that forms of this page may lead to, beside our own; set by a view."""


def once_per_request(request: HttpRequest, key: Hashable, compute: Callable[[], T]) -> T:
    """Return what `compute` answered when it was first asked for this key in this request.

    A page of the admin asks several times for the same: the list, then each filter's counts.
    """
    cache: dict[Hashable, Any] = request.__dict__.setdefault("cache", {})
    if key not in cache:
        cache[key] = compute()

    value: T = cache[key]
    return value
