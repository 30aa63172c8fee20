"""Disabling somebody by a program: who is disabled already stays so, who is unknown becomes so."""

from enum import StrEnum
from http import HTTPStatus

from accounts import people, person_names
from accounts.models import LocalAccount, Person
from accounts.providers import provider_for
from core import audit
from core.audit import Event
from core.dynamo import AlreadyExists, transaction
from core.errors import Conflict, CooperError
from core.groups import LOCAL_PROVIDER


class Outcome(StrEnum):
    """What came of it; the person is disabled in each case."""

    DISABLED = "disabled"
    WAS_DISABLED = "was_disabled"
    DISABLED_BEFOREHAND = "disabled_beforehand"
    """They had never signed in, and now they cannot."""


class Unknown(CooperError):
    """There is nobody of that name, nor can there be one."""

    status = HTTPStatus.NOT_FOUND


def disable(text: str) -> Outcome:
    """Disable a person (`provider:subject`), whether or not they have signed in yet.

    Raise Invalid for what is no person, Unknown, and Refused for the last administrator.
    """
    provider_id, subject = people.split_person(text)
    if provider_id == LOCAL_PROVIDER and LocalAccount.find(subject) is None:
        raise Unknown(f"There is no local account {subject}.")

    person = Person.find(f"{provider_id}:{subject}")
    if person is None and provider_id != LOCAL_PROVIDER:
        return _disable_beforehand(provider_id, subject)
    # a hook may ask twice: neither an event nor an epoch more
    if person is not None and person.disabled:
        return Outcome.WAS_DISABLED

    people.disable(provider_id, subject)
    return Outcome.DISABLED


def _disable_beforehand(provider_id: str, subject: str) -> Outcome:
    """Keep out somebody who has never signed in; raise Unknown, and Conflict for a race."""
    if provider_for(provider_id) is None:
        raise Unknown(f"There is no provider {provider_id}.")

    # under another spelling they would sign in all the same
    owners = person_names.owners_of(provider_id, subject)
    if owners:
        raise Unknown(f"There is no {provider_id}:{subject}. Do you mean {' or '.join(owners)}?")

    key = f"{provider_id}:{subject}"
    person = Person(key, provider=provider_id, subject=subject, disabled=True)
    try:
        with transaction() as writes:
            writes.create(person)
            writes.create(audit.event(Event.PERSON_DISABLED, person=key))
    except AlreadyExists as error:
        raise Conflict(f"{key} signed in just now. Ask again.") from error
    return Outcome.DISABLED_BEFOREHAND
