"""Whom people are sent to when they may not go on: a target's owner, or the default contact."""

from typing import Any

from django.http import HttpRequest
from pynamodb.expressions.condition import Condition

from accounts.first_read import first_read_of
from brokers.catalogue_rows import AnyTarget
from core import audit
from core.audit import Event
from core.dynamo import Transaction
from core.errors import Conflict
from core.installation import STOP_SWITCH_ITEM, Installation

HISTORY = "cooper:settings"
"""The target that its events name, so that they are found together. No real one is called so."""


def default_contact(request: HttpRequest) -> str:
    """Return the installation's contact, "" when there is none; from the request's first read."""
    item = first_read_of(request).find(Installation, STOP_SWITCH_ITEM)
    if not item:
        return ""
    return str(item.default_contact or "")


def contact_for(request: HttpRequest, target: AnyTarget) -> str:
    """Return whom to ask about a target: its owner, or else the default contact, or ""."""
    return str(target.owner or "") or default_contact(request)


def write_contact(before: str, after: str, writes: Transaction, **facts: Any) -> None:
    """Put a new default contact ("": none) and its event into a transaction.

    The transaction raises Conflict when the contact is not what it was `before`.
    """
    contact = Installation.default_contact
    is_unchanged: Condition = contact.does_not_exist()
    if before:
        is_unchanged = contact == before
    is_set_up = Installation.name.exists()

    refusal = Conflict("Somebody else changed the default contact meanwhile.")
    writes.update(
        Installation,
        STOP_SWITCH_ITEM,
        actions=[contact.set(after) if after else contact.remove()],
        condition=is_set_up & is_unchanged,
        refusal=refusal,
    )
    changes = {"default_contact": [before or None, after or None]}
    writes.create(
        audit.event(
            Event.CONTACT_CHANGED,
            object="default contact",
            target=HISTORY,
            changes=changes,
            **facts,
        )
    )
