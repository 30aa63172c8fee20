"""The type of requests that have passed cooper's middleware, and a cache for each."""

from collections.abc import Callable, Hashable
from typing import Any, Protocol, TypeVar

from django.http import HttpRequest, QueryDict

T = TypeVar("T")


class KeptForms(Protocol):
    """The forms that are kept for one browser; `accounts.kept_forms` has them."""

    @property
    def are_waiting(self) -> bool:
        """Whether the browser has the cookie of kept forms."""

    def keep(self, page: str, may_keep: Callable[[str], bool]) -> None:
        """Keep the fields of this POST that `may_keep` names, to be shown at `page`."""

    def form_of(self, page: str) -> QueryDict:
        """Return what this person typed at `page`; empty when nothing is kept for them."""

    def forget(self, page: str) -> None:
        """Keep the form of `page` no longer: it was sent again."""

    def forget_all(self) -> None:
        """Keep nothing for this browser any more."""


class CooperRequest(HttpRequest):
    """A request with what cooper's middleware puts on it; only for annotations."""

    id: str
    """The request id, as in the log, in audit events and in the answer's `X-Request-Id`.

    It begins with the request's time: see `core.request_ids`.
    """

    client_address: str
    """The client's own address, behind the trusted proxies."""

    first_read: Any
    """`accounts.first_read.FirstRead`: what the request asked DynamoDB before anything else."""

    user: Any
    """`accounts.models.User`, or Django's AnonymousUser."""

    identity: Any
    """`accounts.identity.Identity`, or None for somebody who has not signed in."""

    kept_forms: KeptForms
    """What was sent after the web session had ended, to be shown again."""

    is_brought_back: bool
    """Whether this page shows such a form: it then does nothing but show it."""

    cache: dict[Hashable, Any]
    """What `once_per_request` keeps."""

    form_action: list[str]
    """Origins that forms of this page may lead to, beside our own; set by a view."""

    is_compressible: bool
    """Whether the answer may be compressed on its way; set by `core.http.compressed`."""


def once_per_request(request: HttpRequest, key: Hashable, compute: Callable[[], T]) -> T:
    """Return what `compute` answered when it was first asked for this key in this request.

    A page of the admin asks several times for the same: the list, then each filter's counts.
    """
    cache: dict[Hashable, Any] = request.__dict__.setdefault("cache", {})
    if key not in cache:
        cache[key] = compute()

    value: T = cache[key]
    return value
