"""`grant`: lets a person become a target; all credentials and sign-in URLs come from here.

entitlement, and why -> step-up -> intent -> STS -> console URL -> outcome -> hand out
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
from brokers.grants.intent import Intent, record_intent, record_outcome
from brokers.models import Target
from brokers.sts import SessionRequest, broker_for
from core import audit, aws
from core.audit import Event
from core.errors import CooperError, Invalid, Unavailable

STS_SLOT_TIMEOUT = 3.0
"""Seconds to wait until one of the STS calls under way is over."""

REASON_LIMIT = 500
"""Characters of a person's reason that are kept."""

ONE_HOUR_NOTE = "AWS does not give this target more than one hour, so that is what you got."


class Delivery(StrEnum):
    """How a person uses the target: in the console, or with credentials."""

    CONSOLE = "console"
    CREDENTIALS = "credentials"


@dataclass(frozen=True)
class GrantRequest:
    """What a person asks for: which target, for how many seconds, and how to use it."""

    target: str
    seconds: int
    delivery: Delivery

    destination: str = ""
    """The page of the console to land on; the target's own when empty."""

    reason: str = ""
    issuer: str = ""
    """cooper's address, to which the console sends people when their session is over."""

    code: str = field(default="", repr=False)
    """A one-time code of the person's device, for sensitive targets."""


@dataclass(frozen=True)
class IssuedGrant:
    """A grant that is done: credentials, and the console's sign-in URL if that was asked for."""

    grant_id: str
    target: Target
    credentials: Credentials
    console_url: str = field(default="", repr=False)
    note: str = ""
    """For the person: what is not as asked."""


def grant(identity: Identity, request: GrantRequest, now: datetime) -> IssuedGrant:
    """Let the identity become the target.

    It is recorded before AWS is asked, and again before anything is handed out.

    Raise TargetNotAccessible (unknown, disabled or not entitled: all the same), Stopped, TooMany,
    Invalid (duration, destination), StepUpRequired (a sensitive target without a code), Refused,
    Unavailable, or AwsRefused. Without a durable outcome nothing is handed out.
    """
    with aws.deadline(limits.DEADLINE):
        target, entitlement, snapshot = decide(identity, request.target, now)

        with _refusals_recorded(identity, target):
            seconds = limits.allowed_seconds(target, entitlement, request.seconds, now)
            destination = _console_destination(target, request)
            limits.count_grant(identity)
            if target.sensitive:
                # after all other checks, since it uses the code up
                stepup.verify(identity.person, request.code)

            facts = _facts_of_intent(request, seconds)
            intent = record_intent(identity, target, entitlement, now, facts)

        external_id = _external_id(snapshot, target)
        session = SessionRequest(identity, intent.grant_id, seconds, external_id)
        with _failures_recorded(intent, target):
            credentials, note = _request_credentials(target, session)
            console_url = _console_url(credentials, target, destination, request)

        record_outcome(intent, Event.GRANT_DONE, **_facts_of_outcome(credentials, note))
        return IssuedGrant(intent.grant_id, target, credentials, console_url, note)


# -- entitlement -----------------------------------------------------------------------------------
def decide(identity: Identity, name: str, now: datetime) -> tuple[Target, Entitlement, Catalogue]:
    """Return the target and why the identity may become it, with the catalogue that says so.

    Raise TargetNotAccessible, recorded or counted. For pages too: they tell no more than a grant.
    """
    snapshot = catalogue.current()
    target = snapshot.targets.get(name)
    if target is None:
        limits.count_unknown(identity)
        raise TargetNotAccessible("unknown target")

    entitlement = entitlement_to(name, identity, snapshot.rules.get(name, ()), now)
    if entitlement is None:
        refusal = TargetNotAccessible("not entitled")
    elif not target.enabled:
        refusal = TargetNotAccessible(f"target is {target.state}")
    else:
        return target, entitlement, snapshot

    _record_refusal(identity, target, refusal)
    raise refusal


@contextmanager
def _refusals_recorded(identity: Identity, target: Target) -> Iterator[None]:
    """Record whatever refuses the grant; a field that was filled in wrongly refuses nothing yet."""
    try:
        yield
    except Invalid:
        raise
    except CooperError as error:
        _record_refusal(identity, target, error)
        raise


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


def _console_destination(target: Target, request: GrantRequest) -> str:
    """Return the console page to land on, "" for credentials; raise Invalid on the field."""
    if request.delivery != Delivery.CONSOLE:
        return ""

    destination = request.destination or str(target.destination or "")
    try:
        return arns.console_destination(
            str(target.partition), str(target.region or ""), destination
        )
    except ValueError as error:
        raise Invalid(f"{error}.".capitalize(), field="destination") from error


def _external_id(snapshot: Catalogue, target: Target) -> str:
    account = snapshot.accounts.get(str(target.aws_account))
    return str(account.external_id) if account else ""


# -- what the audit log says -----------------------------------------------------------------------
def _facts_of_intent(request: GrantRequest, seconds: int) -> dict[str, Any]:
    return {
        "way": str(request.delivery),
        "seconds": seconds,
        "reason": request.reason[:REASON_LIMIT] or None,
    }


def _facts_of_outcome(credentials: Credentials, note: str) -> dict[str, Any]:
    """Return what is recorded of the credentials: nothing that is secret."""
    return {
        "access_key_id": credentials.access_key_id,
        "session_name": credentials.session_name,
        "session_arn": credentials.arn,
        "expires_at": credentials.expires_at.isoformat(),
        "sts_request_id": credentials.request_id,
        "packed_policy_percent": credentials.packed_percent,
        "note": note or None,
    }


# -- AWS -------------------------------------------------------------------------------------------
@contextmanager
def _failures_recorded(intent: Intent, target: Target) -> Iterator[None]:
    """Record AWS's failure as the intent's outcome, and tell the person in words what it means."""
    try:
        yield
    except CooperError as error:
        record_outcome(intent, Event.GRANT_FAILED, why=error.detail)
        raise explain(error, target) from error


def _request_credentials(target: Target, session: SessionRequest) -> tuple[Credentials, str]:
    """Return credentials and a note.

    When AWS refuses the duration alone, ask once more for an hour.
    """
    become = broker_for(target)
    with _sts_slot():
        try:
            return become(target, session), ""
        except CooperError as error:
            if session.seconds <= limits.ONE_HOUR or not is_duration_refusal(error):
                raise

        limits.remember_longest(target, limits.ONE_HOUR)
        one_hour = replace(session, seconds=limits.ONE_HOUR)
        return become(target, one_hour), ONE_HOUR_NOTE


def _console_url(
    credentials: Credentials, target: Target, destination: str, request: GrantRequest
) -> str:
    """Return the console's sign-in URL, "" when credentials are asked for."""
    if request.delivery != Delivery.CONSOLE:
        return ""
    return console_signin.console_url(
        credentials, str(target.partition), destination, request.issuer
    )


@lru_cache(maxsize=1)
def _sts_slots() -> threading.BoundedSemaphore:
    """Return the slots for STS calls under way in this process."""
    return threading.BoundedSemaphore(settings.COOPER_STS_AT_ONCE)


@contextmanager
def _sts_slot() -> Iterator[None]:
    """Take one of the slots, so that a slow STS leaves threads for all else.

    Raise Unavailable when none gets free.
    """
    if not _sts_slots().acquire(timeout=STS_SLOT_TIMEOUT):
        message = "AWS STS is slow and many people are waiting. Nothing was handed out. Try again."
        raise Unavailable(message, "no place at STS")
    try:
        yield
    finally:
        _sts_slots().release()
