"""What most requests need to know of AWS access, for the first read of each."""

from collections.abc import Iterator

from django.http import HttpRequest

from brokers import catalogue
from brokers.models import Change
from core.dynamo import DocumentKey
from core.installation import STOP_SWITCH_ITEM, Installation


def request_keys(request: HttpRequest, person: str) -> Iterator[DocumentKey]:
    """Yield the catalogue's stamp and the stop switch, which every page shows something of."""
    yield Change, catalogue.LOG, catalogue.STAMP
    yield Installation, STOP_SWITCH_ITEM
