"""Grants whose AWS sessions are active.

What somebody who is disabled can still do, until when, and what stops it.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Self

from brokers import arns
from brokers.grants.events import (
    CLOCK_SKEW,
    KINDS,
    GrantScope,
    days_between,
    events_since,
    may_have_been_issued,
    newest_of_each_grant,
)
from brokers.grants.limits import DEADLINE
from brokers.models import Kind
from brokers.revocation import (
    Revocation,
    revocation_of_federated_user,
    revocation_of_person,
    revocation_of_role_session,
)
from core.audit import AuditEvent, Event
from core.audit_days import newest_first
from core.audit_history import events_of

LONGEST_SESSION = timedelta(seconds=129_600)
"""No AWS session that cooper can ask for lasts longer (GetFederationToken)."""

MOST_EVENTS = 600
"""Events that are read at most: intents and outcomes of the newest 300 grants."""

PATIENCE = 3.0
"""Seconds for reading the active grants of an AWS account, or of everybody."""

IN_THE_LOG_ALONE = timedelta(minutes=15)
"""Age of events up to which the audit log itself is read too.

Indexes are behind it, usually by less than a second (DynamoDB developer guide, "Read consistency":
global secondary indexes answer eventually consistent reads alone).
"""


@dataclass(frozen=True)
class ActiveGrant:
    """A grant whose AWS session lasts until `ends`, by its outcome or else by its intent."""

    event: AuditEvent
    ends: datetime

    @classmethod
    def from_event(cls, event: AuditEvent) -> Self:
        """Return the grant by its outcome, or by its intent where there is no outcome."""
        return cls(event, _end_of(event))

    @property
    def is_uncertain(self) -> bool:
        """Whether it may have been issued, or not: by its intent alone, or a lost answer of STS."""
        return self.event.event in (Event.GRANT_INTENDED, Event.GRANT_FAILED)

    @property
    def description(self) -> str:
        """What was issued to whom, and until when, in words."""
        issued = "May have been issued" if self.is_uncertain else "Issued"
        event = self.event
        return (
            f"{issued} to {event.person}: {event.target} in AWS account {event.aws_account}, "
            f"until {self.ends:%Y-%m-%d %H:%M} UTC"
        )

    @property
    def session_name(self) -> str:
        """What AWS calls the session."""
        return str(self.event.facts.get("session_name") or "")

    def revocation(self, saved: datetime) -> Revocation:
        """Return the policies that stop it, for a person who was disabled at `saved` or before."""
        cut = saved + timedelta(seconds=DEADLINE) + CLOCK_SKEW
        facts = self.event.facts
        person = str(self.event.person)
        account_id = str(self.event.aws_account)
        if facts.get("target_kind") == Kind.FEDERATED_USER:
            return revocation_of_federated_user(self.session_name, person, account_id, cut)

        role = _describe_role(facts)
        source_identity = facts.get("source_identity")
        if source_identity:
            return revocation_of_person(str(source_identity), person, role, account_id, cut)
        return revocation_of_role_session(self.session_name, role, account_id, cut)


@dataclass(frozen=True)
class ActiveGrants:
    """The active grants of many people, newest first."""

    grants: list[ActiveGrant]

    are_all: bool
    """False when there was no time to read further back: older ones may be active too."""


def _describe_role(facts: dict[str, Any]) -> str:
    """Return the role by its name, which the outcome alone has."""
    _, role_name = arns.assumed_role_of(str(facts.get("session_arn") or ""))
    if not role_name:
        return "the role"
    return f"the role {role_name}"


def active_grants_for(person: str, now: datetime) -> list[ActiveGrant]:
    """Return the grants of a person (`provider:subject`) active at `now`, the newest first."""
    return active_grants_in(GrantScope.of_people([person]), now).grants


def active_grants_in(scope: GrantScope, now: datetime) -> ActiveGrants:
    """Return the grants of a scope active at `now`, the newest first.

    People and targets have indexes, which are completed from the audit log itself. An AWS account
    has none, nor have all grants: there the log is read, as far back as there is time.
    """
    if scope.aws_accounts or scope.all_grants:
        return _active_by_the_log(scope, now)

    # an hour more than the longest session, for clocks that differ and grants that took their time
    since = (now - LONGEST_SESSION - timedelta(hours=1)).isoformat(timespec="microseconds")
    query: dict[str, Any] = {
        "range_key_condition": AuditEvent.at >= since,
        "filter_condition": AuditEvent.event.is_in(*KINDS),
        "scan_index_forward": False,
    }

    events: list[AuditEvent] = []
    for person in scope.people:
        events += islice(AuditEvent.by_person.query(person, **query), MOST_EVENTS)
    for target in scope.targets:
        events += islice(events_of(target, **query), MOST_EVENTS)
    events += events_since(now - IN_THE_LOG_ALONE, scope)
    return ActiveGrants(_active_at(now, newest_of_each_grant(events)), are_all=True)


def _active_by_the_log(scope: GrantScope, now: datetime) -> ActiveGrants:
    """Return them from the audit log itself; it stops when it took too long."""
    deadline = time.monotonic() + PATIENCE
    oldest = now - LONGEST_SESSION - timedelta(hours=1)
    events: list[AuditEvent] = []
    are_all = True
    for day in reversed(days_between(oldest, now + CLOCK_SKEW)):
        are_all = _read_day(day, deadline, events)
        if not are_all:
            break

    concerned = filter(scope.includes, events)
    return ActiveGrants(_active_at(now, newest_of_each_grant(concerned)), are_all)


def _read_day(day: date, deadline: float, events: list[AuditEvent]) -> bool:
    """Add the events of a day's grants, newest first; return whether there was time for all."""
    is_of_grant = AuditEvent.event.is_in(*KINDS)
    for _, event in newest_first(day, filter_condition=is_of_grant):
        if event:
            events.append(event)
        elif time.monotonic() > deadline:
            return False
    return True


def _active_at(now: datetime, newest_events: Iterable[AuditEvent]) -> list[ActiveGrant]:
    """Return the grants that may have been issued and whose sessions have not ended yet."""
    grants = [
        ActiveGrant.from_event(event) for event in newest_events if may_have_been_issued(event)
    ]
    return [grant for grant in grants if grant.ends > now]


def _end_of(event: AuditEvent) -> datetime:
    """Return when the session ends: by the outcome exactly, by the intent as far as was asked."""
    if event.event == Event.GRANT_DONE:
        return datetime.fromisoformat(event.facts["expires_at"])

    seconds = int(event.facts.get("seconds") or 0)
    return event.moment + timedelta(seconds=seconds)
