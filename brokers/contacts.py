"""Whom people are sent to when they may not go on: a target's owner, or the default contact."""

from django.http import HttpRequest

from accounts.first_read import first_read_of
from brokers.catalogue_rows import AnyTarget
from core.installation import STOP_SWITCH_ITEM, Installation


def default_contact(request: HttpRequest) -> str:
    """Return the installation's contact, "" when there is none; from the request's first read."""
    item = first_read_of(request).find(Installation, STOP_SWITCH_ITEM)
    if not item:
        return ""
    return str(item.default_contact or "")


def contact_for(request: HttpRequest, target: AnyTarget) -> str:
    """Return whom to ask about a target: its owner, or else the default contact, or ""."""
    return str(target.owner or "") or default_contact(request)
