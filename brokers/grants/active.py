"""Grants whose AWS sessions still live: what somebody who is disabled can still do, until when, and what stops it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from brokers import arns, revocation
from brokers.models import Kind
from brokers.revocation import Revocation
from core.audit import AuditEvent, Event

LONGEST = timedelta(seconds=129_600)
"""No AWS session that cooper can ask for lives longer (GetFederationToken)."""

MOST = 600
"""Events that are read at most: intents and outcomes of the newest 300 grants."""

GRANTS = (Event.GRANT_INTENDED, Event.GRANT_DONE, Event.GRANT_FAILED)


@dataclass(frozen=True)
class ActiveGrant:
    """A grant whose AWS session lives until `ends`, by its outcome or, where there is none, by its intent."""

    event: AuditEvent
    ends: datetime

    @property
    def unsure(self) -> bool:
        """Return whether it may have been issued: it is on record and has no outcome."""
        return bool(self.event.event == Event.GRANT_INTENDED)

    @property
    def session_name(self) -> str:
        """Return what AWS calls the session."""
        return str(self.event.facts.get("session_name") or "")

    def revocation(self, now: datetime) -> Revocation:
        """Return the policy that stops it."""
        facts, person, account = (
            self.event.facts,
            str(self.event.person),
            str(self.event.aws_account),
        )
        if facts.get("target_kind") == Kind.FEDERATED_USER:
            return revocation.of_federated_user(self.session_name, person, account, now)
        _, name = arns.assumed_role_of(str(facts.get("session_arn") or ""))
        role, lasting = f"the role {name}" if name else "the role", facts.get("source_identity")
        if lasting:
            return revocation.of_role_person(str(lasting), person, role, account, now)
        return revocation.of_role_session(self.session_name, role, account, now)


def active_grants_for(person: str, now: datetime) -> list[ActiveGrant]:
    """Return a person's grants (`provider:subject`) whose AWS sessions live at `now`, the newest first."""
    since = (now - LONGEST - timedelta(hours=1)).isoformat(timespec="microseconds")
    found = AuditEvent.by_person.query(
        person,
        range_key_condition=AuditEvent.at >= since,
        filter_condition=AuditEvent.event.is_in(*(str(each) for each in GRANTS)),
        scan_index_forward=False,
    )
    return [each for each in _grants(islice(found, MOST)) if each.ends > now]


def _grants(events: Iterable[AuditEvent]) -> list[ActiveGrant]:
    """Return what was or may have been issued; an outcome comes right before its intent, and wins."""
    made: dict[str, ActiveGrant | None] = {}
    for event in events:
        made.setdefault(str(event.grant), _grant(event))
    return [each for each in made.values() if each is not None]


def _grant(event: AuditEvent) -> ActiveGrant | None:
    """Return the grant that an event tells of; None for one that failed."""
    if event.event == Event.GRANT_FAILED:
        return None
    facts = event.facts
    if event.event == Event.GRANT_DONE:
        return ActiveGrant(event, datetime.fromisoformat(facts["expires_at"]))
    return ActiveGrant(event, event.moment + timedelta(seconds=int(facts.get("seconds") or 0)))
