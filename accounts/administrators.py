"""Who administers and who audits: by groups of the settings, never nobody, and never a new one unseen."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.conf import settings
from pynamodb.expressions.condition import Condition

from accounts.identity import Group, parse_groups
from accounts.models import LocalAccount, Person
from accounts.providers import provider_for
from core import audit
from core.audit import AuditEvent, Event
from core.dynamo import Stale, Transaction, transaction
from core.errors import Conflict, Refused

NEW_ADMINS = "cooper:administrators"
"""What events of new administrators name as their target, so that they are found together; no target is called so."""

LOOK_BACK = timedelta(days=30)
"""How far back somebody is told who has never been told before."""

MOST = 50
"""New administrators that are told at once."""

NO = False


def admin_groups() -> frozenset[Group]:
    """Return the groups whose members administer (COOPER_ADMIN_GROUPS)."""
    return parse_groups(settings.COOPER_ADMIN_GROUPS)


def auditor_groups() -> frozenset[Group]:
    """Return the groups whose members read the record (COOPER_AUDITOR_GROUPS)."""
    return parse_groups(settings.COOPER_AUDITOR_GROUPS)


def admin_groups_of(holder: LocalAccount | Person) -> list[str]:
    """Return those of a local account's or a person's groups that make an administrator, as they are stored."""
    local, known = isinstance(holder, LocalAccount), admin_groups()
    return [
        name
        for name in holder.groups
        if (Group("local", name) if local else Group.parse(name)) in known
    ]


def can_administer(holder: LocalAccount | Person | None) -> bool:
    """Return whether this local account or person can come in and administer."""
    if holder is None or holder.disabled or not admin_groups_of(holder):
        return False
    return not isinstance(holder, Person) or provider_for(str(holder.provider)) is not None


def guard_admin_change(
    writes: Transaction, person: str, *, was: bool, will: bool, by: str | None = None
) -> None:
    """Put into a change what it takes when it makes an administrator (an event), or one less (another one stays).

    Raise Refused when no other administrator would be left.
    """
    if was and not will:
        _demand(writes, _another(person))
    if will and not was:
        writes.create(audit.event(Event.PERSON_MADE_ADMIN, object=person, target=NEW_ADMINS, by=by))


def refuse_removing_last_admin(person: str, *, was: bool, will: bool) -> None:
    """Raise Refused when a change would take the last administrator away; `weigh` decides it once more."""
    if was and not will:
        _another(person)


def _another(leaving: str) -> LocalAccount | Person:
    """Return another administrator than the one who is leaving; raise Refused when there is none."""
    found = next(_others(leaving), None)
    if found is None:
        message = f"{leaving} is the last one who can administer cooper. Make somebody else an administrator first."
        raise Refused(message, f"{leaving} is the last administrator")
    return found


def _others(leaving: str) -> Iterator[LocalAccount | Person]:
    """Return everybody else who can administer: local accounts, then people of other providers who were here once."""
    for account in LocalAccount.everything():
        if f"local:{account.username}" != leaving and can_administer(account):
            yield account
    for person in Person.everything():
        if person.provider != "local" and person.person != leaving and can_administer(person):
            yield person


def _demand(writes: Transaction, other: LocalAccount | Person) -> None:
    """Let the change happen only while the other one still administers: two who remove each other do not both win."""
    model = type(other)
    group = admin_groups_of(other)[0]
    stays: Condition = (model.disabled == NO) & model.groups.contains(group)
    gone = Conflict(
        "Another administrator was changed at this very moment. Look at who is left and try again."
    )
    writes.check(model, other.key[0], condition=stays, refusal=gone)


# -- telling the others -----------------------------------------------------------------------------------------------
def unacknowledged_new_admins(person: Person) -> list[AuditEvent]:
    """Return the events of new administrators that this one was not shown yet, oldest first."""
    since = person.administrators_seen or (audit.now() - LOOK_BACK).isoformat(
        timespec="microseconds"
    )
    return list(
        AuditEvent.by_target.query(
            NEW_ADMINS, range_key_condition=AuditEvent.at > since, limit=MOST
        )
    )


def notice_lines(events: Iterable[AuditEvent]) -> list[str]:
    """Return what each event says: who, by whom, when."""
    return [
        f"{each.facts['object']} was made an administrator by {_maker(each)} on {each.moment:%Y-%m-%d %H:%M} UTC."
        for each in events
    ]


def _maker(event: AuditEvent) -> str:
    """Return who made an administrator: a person, a provider, or somebody on the host."""
    facts = event.facts
    host = f"{facts.get('os_user', 'somebody')} on the host {facts.get('host', '')}".strip()
    return str(facts.get("by") or event.person or host)


def acknowledge_new_admins(person: Person, until: str) -> None:
    """Note that an administrator saw the new ones up to this place; one who is changed meanwhile sees them again."""
    if until not in {str(each.at) for each in unacknowledged_new_admins(person)}:
        return
    person.administrators_seen = until
    try:
        with transaction() as writes:
            writes.save(person)
    except Stale:
        return
