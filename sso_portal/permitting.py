"""Credentials for a command line: at once, by a permit, or the link that asks for one."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.shortcuts import resolve_url

from brokers import catalogue, permits
from brokers.catalogue_rows import CatalogueTarget
from brokers.choices import ONE_HOUR
from brokers.contacts import contact_for, default_contact
from brokers.credentials import Credentials
from brokers.errors import ClosedToCommandLines, PermitNeeded, PermitNotGood, TargetNotAccessible
from brokers.grants import Delivery
from brokers.grants.decision import refusals_recorded
from brokers.permits import Permit
from core.client_kinds import ClientProgram
from core.requests import CooperRequest
from sso_portal import offers
from sso_portal.offers import Caller


@contextmanager
def led_to_portal(request: CooperRequest) -> Iterator[None]:
    """Say where the portal is, and whom to ask, to those who name what is not theirs."""
    try:
        yield
    except TargetNotAccessible as error:
        contact = default_contact(request) or "an administrator of cooper"
        where = f"Your targets are at {public_url(request)}/, or ask {contact}."
        raise TargetNotAccessible(error.detail, where) from error


def credentials_for(
    request: CooperRequest,
    caller: Caller,
    target: CatalogueTarget,
    client: ClientProgram,
    seconds: int = ONE_HOUR,
) -> Credentials:
    """Let the caller become one of their targets.

    Raise ClosedToCommandLines, PermitNeeded with the link where its person has to permit it first,
    and what `offers.credentials_for` raises.
    """
    _demand_open(request, caller, target)
    if not offers.takes_permit(target):
        return offers.credentials_for(caller, target, client, seconds)

    permit = permits.given_permit(caller.command_line, target, request.client_address)
    if permit:
        try:
            return offers.credentials_for(caller, target, client, seconds, permit)
        except PermitNotGood:
            # another process of the same command line was first, or the target changed: ask anew
            pass

    permit = permits.ask(caller.command_line, target, request.client_address)
    raise _permit_needed(request, target, permit)


def _demand_open(request: CooperRequest, caller: Caller, target: CatalogueTarget) -> None:
    if offers.is_open(target, catalogue.latest(), caller.command_line):
        return

    page = public_url(request) + resolve_url("target", name=target.name)
    contact = contact_for(request, target) or "an administrator of cooper"
    which = "command lines"
    if not caller.command_line.is_from_browser:
        which = "command lines that were signed in by a code"
    message = (
        f"{target.name} is closed to {which}. Use it in the portal ({page}), or ask {contact}."
    )
    with refusals_recorded(caller.identity, target, way=str(Delivery.COMMAND_LINE)):
        raise ClosedToCommandLines(message, "closed to command lines")


def _permit_needed(request: CooperRequest, target: CatalogueTarget, permit: Permit) -> PermitNeeded:
    link = public_url(request) + resolve_url("permit", permit_id=permit.link_id)
    minutes = math.ceil((float(permit.ends_at) - time.time()) / 60)
    within = "1 minute" if minutes <= 1 else f"{minutes} minutes"
    message = (
        f"{target.name} takes {_what_it_takes(target)}. "
        f"Open {link} within {within}, then run the command again."
    )
    return PermitNeeded(message, link)


def _what_it_takes(target: CatalogueTarget) -> str:
    current = catalogue.latest()
    parts = []
    if current.takes_code(target):
        parts.append("a one-time code")
    if current.takes_reason(target):
        example = target.reason_example
        parts.append(f"a reason such as {example}" if example else "a reason")
    return " and ".join(parts)


def public_url(request: CooperRequest) -> str:
    """Return where this cooper is, without a slash at its end."""
    return str(settings.COOPER_PUBLIC_URL or request.build_absolute_uri("/").rstrip("/"))
