"""`grant`: entitled? -> intent -> STS -> sign-in URL -> outcome -> hand out. Every way out goes through here."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from django.conf import settings

from accounts import stepup
from accounts.identity import Identity
from brokers import arns, catalogue, console_signin
from brokers.aws_errors import explain, is_duration_refusal
from brokers.catalogue import Catalogue
from brokers.credentials import Credentials
from brokers.entitlements import Entitlement, entitlement_to
from brokers.errors import TargetNotAccessible
from brokers.grants import limits
from brokers.grants.intent import Intent, begin, conclude
from brokers.models import Target
from brokers.sts import SessionRequest, broker_for
from core import audit, aws
from core.audit import Event
from core.errors import CooperError, Invalid, Unavailable

logger = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds to wait for a place among the STS calls under way."""


class Delivery(StrEnum):
    """How the person gets out: to the console, or with credentials."""

    CONSOLE = "console"
    CREDENTIALS = "credentials"


@dataclass(frozen=True)
class GrantRequest:
    """What a person asks for: a target, seconds, a way out; for the console a destination and the issuer's address.

    `code`: a one-time code of the person's device, for sensitive targets.
    """

    target: str
    seconds: int
    way: Delivery
    destination: str = ""
    reason: str = ""
    issuer: str = ""
    code: str = field(default="", repr=False)


@dataclass(frozen=True)
class IssuedGrant:
    """A grant done: credentials, and the console's sign-in URL if that was asked for; `note` is for the person."""

    grant_id: str
    target: Target
    credentials: Credentials
    console_url: str = field(default="", repr=False)
    note: str = ""


def grant(identity: Identity, wish: GrantRequest, now: datetime) -> IssuedGrant:
    """Let the identity become the target: recorded before AWS is asked and before anything is handed out.

    Raise NotYours (unknown, disabled or not entitled: all the same), Stopped, TooMany, Invalid (duration, destination),
    StepUpRequired (a sensitive target without a code), Refused, Unavailable, or AwsRefused. Nothing is handed out
    without a durable outcome.
    """
    with aws.deadline(limits.DEADLINE):
        target, entitlement, held = decide(identity, wish.target, now)
        try:
            seconds, destination = _settle(target, entitlement, wish, now)
            limits.count_grant(identity)
            if target.sensitive:
                stepup.verify(identity.person, wish.code)
            facts = {"way": str(wish.way), "seconds": seconds, "reason": wish.reason[:500] or None}
            intent = begin(identity, target, entitlement, now, facts)
        except Invalid:
            raise
        except CooperError as error:
            _record_refusal(identity, target, error)
            raise
        request = SessionRequest(identity, intent.grant_id, seconds, _external_id(held, target))
        return _carry_out(intent, target, request, wish, destination)


def decide(identity: Identity, name: str, now: datetime) -> tuple[Target, Entitlement, Catalogue]:
    """Return the target and why the identity may become it; raise NotYours, recorded or counted. For pages too."""
    held = catalogue.current()
    target = held.targets.get(name)
    if target is None:
        limits.count_unknown(identity)
        raise TargetNotAccessible("unknown target")
    entitlement = entitlement_to(name, identity, held.rules.get(name, ()), now)
    if entitlement is None or not target.enabled:
        refusal = TargetNotAccessible(
            "not entitled" if entitlement is None else f"target is {target.state}"
        )
        _record_refusal(identity, target, refusal)
        raise refusal
    return target, entitlement, held


def _record_refusal(identity: Identity, target: Target, error: CooperError) -> None:
    """Record a refusal; above a limit per person and minute only count it."""
    if limits.may_record_refusal(identity):
        audit.record(
            Event.GRANT_REFUSED,
            person=identity.person,
            target=target.name,
            aws_account=target.aws_account,
            why=error.detail,
        )


def _settle(
    target: Target, entitlement: Entitlement, wish: GrantRequest, now: datetime
) -> tuple[int, str]:
    """Return the seconds to ask for and the console page to land on; raise Invalid on the field, or Refused."""
    seconds = limits.allowed_seconds(target, entitlement, wish.seconds, now)
    if wish.way != Delivery.CONSOLE:
        return seconds, ""
    wanted = wish.destination or str(target.destination or "")
    try:
        return seconds, arns.console_destination(
            str(target.partition), str(target.region or ""), wanted
        )
    except ValueError as error:
        raise Invalid(f"{error}.".capitalize(), field="destination") from error


def _external_id(held: Catalogue, target: Target) -> str:
    """Return the ExternalId of the target's AWS account."""
    account = held.accounts.get(str(target.aws_account))
    return str(account.external_id) if account else ""


def _carry_out(
    intent: Intent, target: Target, request: SessionRequest, wish: GrantRequest, destination: str
) -> IssuedGrant:
    """Ask AWS, record the outcome, and only then return what AWS gave; failures are recorded too."""
    try:
        credentials, note = _credentials(target, request)
        url = ""
        if wish.way == Delivery.CONSOLE:
            url = console_signin.console_url(
                credentials, str(target.partition), destination, wish.issuer
            )
    except CooperError as error:
        conclude(intent, Event.GRANT_FAILED, why=error.detail)
        raise explain(error, target) from error
    conclude(intent, Event.GRANT_DONE, **_outcome(credentials, note))
    return IssuedGrant(intent.grant_id, target, credentials, url, note)


def _outcome(credentials: Credentials, note: str) -> dict[str, Any]:
    """Return what the record says of the credentials: nothing that is secret."""
    return {
        "access_key_id": credentials.access_key_id,
        "session_name": credentials.session_name,
        "session_arn": credentials.arn,
        "expires_at": credentials.expires_at.isoformat(),
        "sts_request_id": credentials.request_id,
        "packed_policy_percent": credentials.packed_percent,
        "note": note or None,
    }


def _credentials(target: Target, request: SessionRequest) -> tuple[Credentials, str]:
    """Return credentials and a note; when AWS refuses the duration alone, ask once more for an hour."""
    become = broker_for(target)
    with _place_at_sts():
        try:
            return become(target, request), ""
        except CooperError as error:
            if request.seconds <= limits.DEFAULT or not is_duration_refusal(error):
                raise
        limits.learn(target, limits.DEFAULT)
        hour = SessionRequest(
            request.identity, request.grant_id, limits.DEFAULT, request.external_id
        )
        return become(
            target, hour
        ), "AWS does not give this target more than one hour, so that is what you got."


@lru_cache(maxsize=1)
def _places() -> threading.BoundedSemaphore:
    """Return the places for STS calls under way in this process."""
    return threading.BoundedSemaphore(settings.COOPER_STS_AT_ONCE)


@contextmanager
def _place_at_sts() -> Iterator[None]:
    """Hold one of the places, so that a slow STS leaves room for all else; raise Unavailable when none gets free."""
    if not _places().acquire(timeout=PATIENCE):
        raise Unavailable(
            "AWS STS is slow and many people are waiting. Nothing was handed out; try again.",
            "no place at STS",
        )
    try:
        yield
    finally:
        _places().release()
