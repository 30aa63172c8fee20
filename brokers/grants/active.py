"""Grants whose AWS sessions are active.

What somebody who is disabled can still do, until when, and what stops it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

from brokers import arns
from brokers.grants.events import (
    CLOCK_SKEW,
    KINDS,
    GrantScope,
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

LONGEST_SESSION = timedelta(seconds=129_600)
"""No AWS session that cooper can ask for lasts longer (GetFederationToken)."""

MOST_EVENTS = 600
"""Events that are read at most: intents and outcomes of the newest 300 grants."""

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

    @property
    def is_uncertain(self) -> bool:
        """Whether it may have been issued, or not: by its intent alone, or a lost answer of STS."""
        return self.event.event in (Event.GRANT_INTENDED, Event.GRANT_FAILED)

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


def _describe_role(facts: dict[str, Any]) -> str:
    """Return the role by its name, which the outcome alone has."""
    _, role_name = arns.assumed_role_of(str(facts.get("session_arn") or ""))
    if not role_name:
        return "the role"
    return f"the role {role_name}"


def active_grants_for(person: str, now: datetime) -> list[ActiveGrant]:
    """Return the grants of a person (`provider:subject`) active at `now`, the newest first."""
    # an hour more than the longest session, for clocks that differ and grants that took their time
    since = (now - LONGEST_SESSION - timedelta(hours=1)).isoformat(timespec="microseconds")
    indexed_events = AuditEvent.by_person.query(
        person,
        range_key_condition=AuditEvent.at >= since,
        filter_condition=AuditEvent.event.is_in(*KINDS),
        scan_index_forward=False,
    )
    scope = GrantScope(people=frozenset({person}))
    recent_events = events_since(now - IN_THE_LOG_ALONE, now, scope)

    events = chain(islice(indexed_events, MOST_EVENTS), recent_events)
    return _active_at(now, newest_of_each_grant(events))


def _active_at(now: datetime, newest_events: Iterable[AuditEvent]) -> list[ActiveGrant]:
    """Return the grants that may have been issued and whose sessions have not ended yet."""
    grants = [
        ActiveGrant(event, _end_of(event)) for event in newest_events if may_have_been_issued(event)
    ]
    return [grant for grant in grants if grant.ends > now]


def _end_of(event: AuditEvent) -> datetime:
    """Return when the session ends: by the outcome exactly, by the intent as far as was asked."""
    if event.event == Event.GRANT_DONE:
        return datetime.fromisoformat(event.facts["expires_at"])

    seconds = int(event.facts.get("seconds") or 0)
    return event.moment + timedelta(seconds=seconds)
