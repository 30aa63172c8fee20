"""What requests need to know of AWS access, for the first read of each."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve

from accounts.first_read import first_read_of
from accounts.models import Attempt, TotpDevice
from brokers import catalogue
from brokers.grants import attempts_key
from brokers.models import Change
from core.dynamo import DocumentKey
from core.installation import STOP_SWITCH_ITEM, Installation

BECOMING = {"console", "credentials"}
"""The names of the URLs whose POSTs become a target."""

ME = {"me", "preferences"}
"""The names of the URLs that show a person's own page."""

SHOWING = {"target", "go-target"}
"""The names of the URLs whose pages have the form to become one target."""


def request_keys(request: HttpRequest, person: str) -> Iterator[DocumentKey]:
    """Yield the catalogue's stamp and the stop switch, which every page shows something of.

    Where the person becomes a target, their grants of this minute as well; for their own page, and
    for that of a target that takes a code, their device.
    """
    yield Change, catalogue.LOG, catalogue.STAMP
    yield Installation, STOP_SWITCH_ITEM
    if not person:
        return

    try:
        match = resolve(request.path_info)
    except Resolver404:
        return
    if match.url_name in BECOMING and request.method == "POST":
        yield Attempt, attempts_key(person)
    if match.url_name in ME:
        yield TotpDevice, person
    if match.url_name in SHOWING and _takes_code(match):
        yield TotpDevice, person


def _takes_code(match: ResolverMatch) -> bool:
    """Return whether a page's target takes a code, as far as this process knows."""
    cached = catalogue.cache.catalogue
    if not cached or match.kwargs["name"] not in cached.targets:
        return False
    return cached.takes_code(cached.targets[match.kwargs["name"]])


def attempts_of(request: HttpRequest, person: str) -> int:
    """Return the person's grants of this minute, as the request has read them."""
    counter = first_read_of(request).find(Attempt, attempts_key(person))
    return int(counter.tries) if counter else 0
