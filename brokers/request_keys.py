"""What requests need to know of AWS access, for the first read of each."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from accounts.first_read import first_read_of
from accounts.models import Attempt
from brokers import catalogue
from brokers.grants import attempts_key
from brokers.models import Change
from core.dynamo import DocumentKey
from core.installation import STOP_SWITCH_ITEM, Installation

BECOMING = {"console", "credentials"}
"""The names of the URLs whose POSTs become a target."""


def request_keys(request: HttpRequest, person: str) -> Iterator[DocumentKey]:
    """Yield the catalogue's stamp and the stop switch, which every page shows something of.

    Where the person becomes a target, their grants of this minute as well.
    """
    yield Change, catalogue.LOG, catalogue.STAMP
    yield Installation, STOP_SWITCH_ITEM
    if person and _becomes_a_target(request):
        yield Attempt, attempts_key(person)


def attempts_of(request: HttpRequest, person: str) -> int:
    """Return the person's grants of this minute, as the request has read them."""
    counter = first_read_of(request).find(Attempt, attempts_key(person))
    return int(counter.tries) if counter else 0


def _becomes_a_target(request: HttpRequest) -> bool:
    if request.method != "POST":
        return False
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return False
    return match.url_name in BECOMING
