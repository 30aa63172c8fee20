"""Who administers and who audits, by groups of the settings: never nobody, no new one unseen."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from django.conf import settings
from pynamodb.expressions.condition import Condition

from accounts import notices
from accounts.identity import Group, parse_groups
from accounts.models import LocalAccount, OnceRecord, Person
from accounts.providers import provider_for
from core import audit
from core.audit import AuditEvent, Event
from core.audit_history import events_of
from core.dynamo import Stale, Transaction, transaction
from core.errors import Conflict, Refused

NEW_ADMINS = "cooper:administrators"
"""The target that events of new administrators name, so that they are found together.

No real target can have this name.
"""

LOOK_BACK = timedelta(days=30)
"""How far back somebody is told of new administrators who has never been told before."""

NOTICE_LIMIT = 50
"""New administrators that are told of at once."""

FALSE = False
"""For conditions of PynamoDB, where `== False` is meant."""

Holder = LocalAccount | Person
"""What holds groups: a local account, or a person of any provider."""


def admin_groups() -> frozenset[Group]:
    """Return the groups whose members administer (COOPER_ADMIN_GROUPS)."""
    return parse_groups(settings.COOPER_ADMIN_GROUPS)


def auditor_groups() -> frozenset[Group]:
    """Return the groups whose members read the audit log (COOPER_AUDITOR_GROUPS)."""
    return parse_groups(settings.COOPER_AUDITOR_GROUPS)


def admin_groups_of(holder: Holder) -> list[str]:
    """Return those of the holder's groups that make an administrator, as they are stored."""
    admins = admin_groups()
    return [name for name in holder.groups if _group_of(holder, name) in admins]


def _group_of(holder: Holder, stored_name: str) -> Group:
    # a local account stores bare names, a person `provider:name`
    if isinstance(holder, LocalAccount):
        return Group("local", stored_name)
    return Group.from_stored(stored_name)


def can_administer(holder: Holder) -> bool:
    """Return whether this local account or person can sign in and administer."""
    if holder.disabled or not admin_groups_of(holder):
        return False
    if isinstance(holder, Person):
        return provider_for(str(holder.provider)) is not None
    return True


def could_administer(stored: Holder | None, changed: Holder) -> bool:
    """Return whether whoever is about to be changed can administer as they are stored.

    `stored` is what a read found; a new one, whose document was never read, could not. Raise Stale
    when one that is not new was not found: nobody knows then.
    """
    if stored is None:
        if changed.version is not None:
            raise Stale(changed)
        return False
    return can_administer(stored)


# -- the last one stays ----------------------------------------------------------------------------
def guard_admin_change(
    writes: Transaction, person: str, *, was: bool, will: bool, by: str | None = None
) -> None:
    """Put into the transaction of a change what follows from who can administer before and after.

    A new administrator is an event on the audit log. When one is taken away, another one has to
    stay: raise Refused when there is none. `was` and `will` are `can_administer` before and after.
    """
    if was and not will:
        _require_active(writes, _another_admin(person))
    if will and not was:
        writes.create(audit.event(Event.PERSON_MADE_ADMIN, object=person, target=NEW_ADMINS, by=by))


def refuse_removing_last_admin(person: str, *, was: bool, will: bool) -> None:
    """Raise Refused when a change would take the last administrator away.

    For telling early, before a code is used up; `guard_admin_change` decides.
    """
    if was and not will:
        _another_admin(person)


def _another_admin(leaving: str) -> Holder:
    """Return an administrator who stays; raise Refused when there is none."""
    other = next(_other_admins(leaving), None)
    if other is None:
        message = (
            f"{leaving} is the last one who can administer cooper. "
            "Make somebody else an administrator first."
        )
        raise Refused(message, f"{leaving} is the last administrator")
    return other


def _other_admins(leaving: str) -> Iterator[Holder]:
    """Yield local accounts first, then people of other providers who have signed in before."""
    for account in LocalAccount.everything():
        if f"local:{account.username}" != leaving and can_administer(account):
            yield account

    for person in Person.everything():
        # people of the provider `local` are decided by their account
        if person.provider != "local" and person.person != leaving and can_administer(person):
            yield person


def _require_active(writes: Transaction, admin: Holder) -> None:
    """Make the transaction fail unless this administrator still is one when it commits.

    So two who remove each other at the same moment do not both succeed.
    """
    model = type(admin)
    group = admin_groups_of(admin)[0]
    still_admin: Condition = (model.disabled == FALSE) & model.groups.contains(group)
    conflict = Conflict(
        "Another administrator was changed at this very moment. Look at who is left and try again."
    )
    writes.check(model, admin.key[0], condition=still_admin, refusal=conflict)


# -- telling the others ----------------------------------------------------------------------------
def unacknowledged_new_admins(
    person: Person, find: notices.Find = OnceRecord.find
) -> list[AuditEvent]:
    """Return the events of new administrators that this one has not acknowledged, oldest first.

    Those are left out whom they made administrators themselves: the others are told of these.
    `find` finds what they have acknowledged (`notices.acknowledged_until`).
    """
    since = notices.acknowledged_until(person, find)
    if not since:
        since = (audit.now() - LOOK_BACK).isoformat(timespec="microseconds")

    events = events_of(
        NEW_ADMINS, range_key_condition=AuditEvent.at > since, page_size=NOTICE_LIMIT
    )
    # counted after that: many of one's own must not hide somebody else's
    of_others = (event for event in events if _made_by(event) != person.person)
    return list(islice(of_others, NOTICE_LIMIT))


def notice_lines(events: Iterable[AuditEvent]) -> list[str]:
    """Return a sentence for each event of a new administrator: who, by whom, when."""
    lines = []
    for event in events:
        new_admin = event.facts["object"]
        moment = f"{event.moment:%Y-%m-%d %H:%M} UTC"
        lines.append(f"{new_admin} was made an administrator by {_made_by(event)} on {moment}.")
    return lines


def _made_by(event: AuditEvent) -> str:
    """Name a provider, a person, or somebody on the host."""
    by = event.facts.get("by") or event.person
    if by:
        return str(by)

    os_user = event.facts.get("os_user", "somebody")
    host = event.facts.get("host", "")
    return f"{os_user} on the host {host}".strip()


def has_unacknowledged(person: Person, until: str) -> bool:
    """Return whether there is an event at `until` that this administrator has not acknowledged."""
    return until in {str(event.at) for event in unacknowledged_new_admins(person)}


def acknowledge_new_admins(person: Person, until: str) -> None:
    """Note that an administrator saw the new ones up to the event at `until`, with an event."""
    if not has_unacknowledged(person, until):
        return

    with transaction() as writes:
        notices.acknowledge(writes, str(person.person), until)
        writes.create(audit.event(Event.NEW_ADMINS_ACKNOWLEDGED, until=until))
