"""Names that differ in case or Unicode form alone are one person's, whoever sends them.

A provider that sends `alice@` today and `Alice@` tomorrow would make two people of one, and the
second one, being new, could set a device up without the first one's. So a person takes their name
in the transaction that makes them, and of two at the same moment one gets it.
"""

import hashlib
from functools import partial

from accounts.identity import fold_name
from accounts.models import Person, PersonName
from accounts.providers import SignInRefused
from core import audit
from core.audit import Event
from core.dynamo import Stale, Transaction, transaction
from core.errors import Conflict, Invalid
from core.retry import retry

ATTEMPTS = 5
"""Times that a name is written again when a sign-in comes between."""

DIFFERS = "differs from one who signed in before in capital letters or letter forms alone"


class NameTaken(SignInRefused):
    """A new person's name is another one's, spelled in another way; the event names both."""

    def __init__(self, person: str, owner: str) -> None:
        super().__init__(
            "Your name here differs from the name of somebody who has signed in before in capital "
            "letters or letter forms alone, so cooper does not know whether you are the same "
            "person. Tell an administrator the number below.",
            DIFFERS,
        )
        self.facts = {"object": person, "target": owner}


# -- taking a name ---------------------------------------------------------------------------------
def take(writes: Transaction, provider_id: str, subject: str, person: Person | None) -> None:
    """Put the name of somebody who signs in into the transaction of their sign-in.

    `person` is None for somebody new: raise NameTaken when another spelling of the name is
    somebody's. Who was here before is never locked out.
    """
    person_key = f"{provider_id}:{subject}"
    name = PersonName.find(_name_key(provider_id, subject))
    if name is None:
        # whoever comes second finds it there, and looks again
        writes.create(_new_name(provider_id, subject))
        return
    if person_key in name.people:
        return
    if person is None:
        raise NameTaken(person_key, str(name.people[0]))

    name.people = sorted({*name.people, person_key})
    writes.save(name)


def _name_key(provider_id: str, subject: str) -> str:
    # a folded name may be 18 times as long as the name, and a key has 2,048 bytes at most
    digest = hashlib.sha256(fold_name(subject).encode()).hexdigest()
    return f"{provider_id}:{digest}"


def _new_name(provider_id: str, subject: str) -> PersonName:
    return PersonName(_name_key(provider_id, subject), people=[f"{provider_id}:{subject}"])


# -- for set-up ------------------------------------------------------------------------------------
def ensure_all() -> None:
    """Keep the names of people whom an earlier cooper has let in; it may be run again.

    For set-up. People whose names differ in case or form alone have their name together.
    """
    for person in Person.everything():
        retry(partial(_ensure, person), on=Conflict, tries=ATTEMPTS)


def _ensure(person: Person) -> None:
    with transaction() as writes:
        take(writes, str(person.provider), str(person.subject), person)


def look_alikes() -> list[list[str]]:
    """Return the people whose names differ in case or form alone, those of one name together."""
    groups = [sorted(name.people) for name in PersonName.everything() if len(name.people) > 1]
    return sorted(groups)


def owners_of(provider_id: str, subject: str) -> list[str]:
    """Return the people who have this name in any spelling."""
    name = PersonName.find(_name_key(provider_id, subject))
    return list(name.people) if name else []


# -- the way out, on the host ----------------------------------------------------------------------
def allow(provider_id: str, subject: str) -> list[str]:
    """Let somebody sign in as a person of their own whose name is another one's but for its form.

    Return who else has the name. Raise Invalid when nobody has, so that nothing keeps them out.
    """
    return retry(partial(_allow_once, provider_id, subject), on=Stale, tries=ATTEMPTS)


def _allow_once(provider_id: str, subject: str) -> list[str]:
    person_key = f"{provider_id}:{subject}"
    name = PersonName.find(_name_key(provider_id, subject))
    if name is None or person_key in name.people:
        raise Invalid(
            f"{person_key} is not kept out for its name: no other person has it in another "
            "spelling, or it was allowed before.",
            field="person",
        )

    others = list(name.people)
    name.people = sorted([*others, person_key])
    with transaction() as writes:
        writes.save(name)
        writes.create(
            audit.event(
                Event.PERSON_NAME_ALLOWED, object=person_key, target=person_key, others=others
            )
        )
    return others
