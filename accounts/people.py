"""People of any provider, looked after from the host."""

from functools import partial

from accounts import local_accounts, person_names
from accounts.administrators import can_administer, guard_admin_change
from accounts.end_reasons import EndReason
from accounts.identity import Group
from accounts.models import Person
from core import audit
from core.audit import Event
from core.dynamo import Stale, transaction
from core.errors import Invalid
from core.groups import LOCAL_PROVIDER
from core.retry import retry

ATTEMPTS = 5
"""Times that a change is tried again when the same person signs in at that moment."""


def split_person(text: str) -> tuple[str, str]:
    """Return (provider, subject) of a person's key; a bare name means `local:`. Raise Invalid."""
    try:
        provider_id, subject = Group.parse(text)
    except ValueError as error:
        raise Invalid(
            f"{text!r} is not a person: write provider:subject, as in okta:alice@example.com.",
            field="person",
        ) from error

    if provider_id == LOCAL_PROVIDER:
        return provider_id, local_accounts.parse_username(subject)
    return provider_id, subject


def get_person(provider_id: str, subject: str) -> Person:
    """Return somebody who has signed in; raise Invalid, naming who has such a name."""
    person = Person.find(f"{provider_id}:{subject}")
    if person is not None:
        return person

    message = f"{provider_id}:{subject} has never signed in."
    owners = person_names.owners_of(provider_id, subject)
    if owners:
        message = f"{message} Do you mean {' or '.join(owners)}?"
    raise Invalid(message, field="person")


def disable(provider_id: str, subject: str) -> None:
    """Refuse every sign-in, and end the web sessions at their next request.

    Raise Invalid when there is nobody, and Refused when it is the last administrator.
    """
    if provider_id == LOCAL_PROVIDER:
        local_accounts.disable(subject)
        return
    set_disabled = partial(_set_disabled, provider_id, subject, disabled=True)
    retry(set_disabled, on=Stale, tries=ATTEMPTS)


def enable(provider_id: str, subject: str) -> None:
    """Let the person sign in again; raise Invalid when there is nobody."""
    if provider_id == LOCAL_PROVIDER:
        local_accounts.enable(subject)
        return
    set_disabled = partial(_set_disabled, provider_id, subject, disabled=False)
    retry(set_disabled, on=Stale, tries=ATTEMPTS)


def _set_disabled(provider_id: str, subject: str, *, disabled: bool) -> None:
    """Raise Stale when the person was changed meanwhile."""
    person = get_person(provider_id, subject)
    could_administer = can_administer(person)
    person.disabled = disabled
    event = Event.PERSON_ENABLED
    if disabled:
        person.start_new_epoch(EndReason.ADMINISTRATOR)
        event = Event.PERSON_DISABLED

    key = str(person.person)
    with transaction() as writes:
        writes.save(person)
        guard_admin_change(writes, key, was=could_administer, will=can_administer(person))
        writes.create(audit.event(event, person=key))


def of_other_providers() -> list[Person]:
    """Return everybody who has signed in and has no local account, in order."""
    people = [person for person in Person.everything() if person.provider != LOCAL_PROVIDER]
    return sorted(people, key=str)
