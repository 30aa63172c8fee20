"""Grants whose AWS sessions are active.

What somebody who is disabled can still do, until when, and what stops it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from brokers import arns, revocation
from brokers.models import Kind
from brokers.revocation import Revocation
from core.audit import AuditEvent, Event

LONGEST_SESSION = timedelta(seconds=129_600)
"""No AWS session that cooper can ask for lasts longer (GetFederationToken)."""

MOST_EVENTS = 600
"""Events that are read at most: intents and outcomes of the newest 300 grants."""

GRANT_EVENTS = (Event.GRANT_INTENDED, Event.GRANT_DONE, Event.GRANT_FAILED)


@dataclass(frozen=True)
class ActiveGrant:
    """A grant whose AWS session lasts until `ends`, by its outcome or else by its intent."""

    event: AuditEvent
    ends: datetime

    @property
    def has_no_outcome(self) -> bool:
        """Whether it may have been issued, or not: the intent alone is on the audit log."""
        return bool(self.event.event == Event.GRANT_INTENDED)

    @property
    def session_name(self) -> str:
        """What AWS calls the session."""
        return str(self.event.facts.get("session_name") or "")

    def revocation(self, now: datetime) -> Revocation:
        """Return the policy that stops it."""
        facts = self.event.facts
        person = str(self.event.person)
        account_id = str(self.event.aws_account)

        if facts.get("target_kind") == Kind.FEDERATED_USER:
            return revocation.of_federated_user(self.session_name, person, account_id, now)

        _, role_name = arns.assumed_role_of(str(facts.get("session_arn") or ""))
        role = f"the role {role_name}" if role_name else "the role"
        source_identity = facts.get("source_identity")
        if source_identity:
            return revocation.of_role_person(str(source_identity), person, role, account_id, now)
        return revocation.of_role_session(self.session_name, role, account_id, now)


def active_grants_for(person: str, now: datetime) -> list[ActiveGrant]:
    """Return the grants of a person (`provider:subject`) active at `now`, the newest first."""
    # an hour more than the longest session, for clocks that differ and grants that took their time
    since = (now - LONGEST_SESSION - timedelta(hours=1)).isoformat(timespec="microseconds")
    events = AuditEvent.by_person.query(
        person,
        range_key_condition=AuditEvent.at >= since,
        filter_condition=AuditEvent.event.is_in(*(str(event) for event in GRANT_EVENTS)),
        scan_index_forward=False,
    )
    grants = _newest_states(islice(events, MOST_EVENTS))
    return [grant for grant in grants if grant.ends > now]


def _newest_states(events: Iterable[AuditEvent]) -> list[ActiveGrant]:
    """Return what was or may have been issued, by events from the newest to the oldest.

    A grant's outcome comes before its intent then, and the first event of a grant counts.
    """
    grants: dict[str, ActiveGrant | None] = {}
    for event in events:
        grant_id = str(event.grant)
        if grant_id not in grants:
            grants[grant_id] = _grant_from(event)
    return [grant for grant in grants.values() if grant is not None]


def _grant_from(event: AuditEvent) -> ActiveGrant | None:
    """Return the grant by its newest event; None for one that failed."""
    if event.event == Event.GRANT_FAILED:
        return None
    if event.event == Event.GRANT_DONE:
        return ActiveGrant(event, datetime.fromisoformat(event.facts["expires_at"]))

    seconds = int(event.facts.get("seconds") or 0)
    return ActiveGrant(event, event.moment + timedelta(seconds=seconds))
