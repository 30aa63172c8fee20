"""The events of grants on the audit log: what each grant came to, by the newest of its events."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core import audit
from core.audit import AuditEvent, Event
from core.audit_days import oldest_first
from core.audit_search import end_of

KINDS = (
    Event.GRANT_INTENDED,
    Event.GRANT_DONE,
    Event.GRANT_FAILED,
    Event.GRANT_STOPPED,
)

CLOCK_SKEW = timedelta(minutes=5)
"""By which AWS's clock and cooper's may differ: AWS takes no signature that is older or newer."""


SHOWN_ALONE = frozenset(
    {
        "title",
        "description",
        "labels",
        "colour",
        "account_name",
        "region",
        "destination",
        "owner",
        "rank",
        "role_name",
        "reason_example",
    }
)
"""Attributes of a target that a change may touch without touching what a grant of it gives."""


@dataclass(frozen=True)
class GrantScope:
    """Which grants something concerns: those of people, of targets, in AWS accounts, or all."""

    people: frozenset[str] = frozenset()
    """As events name them: `provider:subject`."""

    targets: frozenset[str] = frozenset()
    aws_accounts: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    """Of all the people whom one of these identity providers signs in."""

    all_grants: bool = False

    @classmethod
    def of_people(cls, people: Iterable[str]) -> "GrantScope":
        return cls(people=frozenset(people))

    @classmethod
    def of_targets(cls, names: Iterable[str]) -> "GrantScope":
        return cls(targets=frozenset(names))

    def __bool__(self) -> bool:
        return self != GrantScope()

    def __or__(self, other: "GrantScope") -> "GrantScope":
        return GrantScope(
            self.people | other.people,
            self.targets | other.targets,
            self.aws_accounts | other.aws_accounts,
            self.providers | other.providers,
            self.all_grants or other.all_grants,
        )

    def includes(self, event: AuditEvent) -> bool:
        """Return whether the event is of one of these grants."""
        return (
            self.all_grants
            or event.person in self.people
            or event.target in self.targets
            or event.aws_account in self.aws_accounts
            or str(event.person).partition(":")[0] in self.providers
        )


def events_since(since: datetime, scope: GrantScope) -> Iterator[AuditEvent]:
    """Yield the events of grants that began at `since` or later (UTC), as they are now.

    From the audit log itself (consistent): an index may lack what was written a moment ago.
    """
    first_place = since.isoformat(timespec="microseconds")
    is_of_grant = AuditEvent.event.is_in(*KINDS)
    for day in days_between(since, audit.now() + CLOCK_SKEW):
        events = oldest_first(day, first_place, end_of(day), filter_condition=is_of_grant)
        yield from filter(scope.includes, events)


def may_have_been_issued(event: AuditEvent) -> bool:
    """Return whether AWS has, or may have, issued a session for a grant, by its newest event."""
    if event.event == Event.GRANT_FAILED:
        # STS was asked, and its answer was lost
        return bool(event.facts.get("may_have_been_issued"))
    return bool(event.event != Event.GRANT_STOPPED)


def is_intent(event: AuditEvent) -> bool:
    """Return whether it is an intent: as the newest of its grant, the grant has no outcome."""
    return bool(event.event == Event.GRANT_INTENDED)


def newest_of_each_grant(events: Iterable[AuditEvent]) -> list[AuditEvent]:
    """Return the outcome of each grant, or its intent where there is no outcome; newest first."""
    newest: dict[str, AuditEvent] = {}
    # the place of an outcome is that of its intent and a suffix, so that it comes later
    for event in sorted(events, key=_place):
        newest[str(event.grant)] = event
    return sorted(newest.values(), key=_place, reverse=True)


def _place(event: AuditEvent) -> str:
    return str(event.at)


def days_between(first: datetime, last: datetime) -> list[date]:
    """Return the days (UTC) from one moment to another, both included, oldest first."""
    days = (last.date() - first.date()).days
    return [first.date() + timedelta(days=number) for number in range(days + 1)]
