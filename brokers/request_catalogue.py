"""The catalogue of one request: the same one for all that it does, unless it changes it itself."""

import time

from django.http import HttpRequest

from accounts.first_read import first_read_of
from brokers import catalogue
from brokers.catalogue_state import Catalogue
from brokers.models import Change
from core.errors import CooperError
from core.requests import once_per_request

SAFE_METHODS = ("GET", "HEAD")


class _Reading:
    """A catalogue, and when the reading of it began (time.monotonic)."""

    def __init__(self, content: Catalogue, begun_at: float) -> None:
        self.content = content
        self.begun_at = begun_at


def catalogue_of(request: HttpRequest) -> Catalogue:
    """Return the catalogue as it was at the request's first read; no round trip of its own.

    There is one where something was changed since this process read the catalogue, and after an
    edit by this process: whoever edits sees it. While all of it is read anew, as after a large
    import, a page that only shows gets the one before. Raise Unavailable when DynamoDB does not
    say.
    """
    reading = once_per_request(request, "catalogue", lambda: _reading_or_failure(request))
    if isinstance(reading, CooperError):
        raise reading

    if reading.begun_at <= catalogue.cache.edited_at:
        reading.begun_at = time.monotonic()
        reading.content = catalogue.current()
    return reading.content


def _reading_or_failure(request: HttpRequest) -> _Reading | CooperError:
    """Return why it cannot be read, where it cannot: the page that says so must not wait again."""
    try:
        return _first_reading(request)
    except CooperError as error:
        return error


def _first_reading(request: HttpRequest) -> _Reading:
    """Return the catalogue by the stamp that the request has read."""
    first_read = first_read_of(request)
    stamp = first_read.find(Change, catalogue.LOG, catalogue.STAMP)
    if stamp is None or stamp.latest is None:
        raise catalogue.unread("no stamp")

    cached = catalogue.cache.catalogue
    if cached is None or cached.number < int(stamp.latest):
        begun_at = time.monotonic()
        return _Reading(_read(request), begun_at)

    catalogue.check_if_due()
    return _Reading(cached, first_read.begun_at)


def _read(request: HttpRequest) -> Catalogue:
    """Return the catalogue; what changes nothing does not wait until all of it is read anew."""
    if request.method in SAFE_METHODS:
        return catalogue.shown()
    return catalogue.current()
