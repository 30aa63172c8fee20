"""Local accounts, changed from the host or in the management plane: account, person and event are one transaction."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.administrators import can_administer, guard_admin_change
from accounts.identity import Group
from accounts.models import LocalAccount, Person
from accounts.providers.local import PASSWORD_LIMIT, USERNAME, normalize_username
from core import audit
from core.audit import Event
from core.dynamo import AlreadyExists, Stale, Transaction, transaction
from core.errors import Conflict, Invalid

TRIES = 5
"""Times that a change is begun anew when a sign-in of the same person comes between."""

Change = Callable[[LocalAccount, Person], None]


def parse_username(text: str) -> str:
    """Return the one spelling of a user name; raise Invalid when it cannot be one."""
    username = normalize_username(text)
    if not USERNAME.fullmatch(username):
        raise Invalid(
            f"{text!r} cannot be a user name: 1 to 64 letters, digits and . _ @ + -",
            field="username",
        )
    return username


def parse_group_names(texts: Iterable[str]) -> list[str]:
    """Return the names of local groups, written bare or as `local:name`; raise Invalid for any other."""
    try:
        groups = sorted({Group.parse(text) for text in texts})
    except ValueError as error:
        raise Invalid(f"This is no group: {error}.", field="groups") from error
    others = [str(group) for group in groups if group.provider != "local"]
    if others:
        raise Invalid(
            f"A local account has local groups only, not {', '.join(others)}.", field="groups"
        )
    return [group.name for group in groups]


def validate_new_password(password: str, username: str, name: str = "") -> None:
    """Raise Invalid saying everything that is wrong with a new password."""
    if len(password) > PASSWORD_LIMIT:
        raise Invalid(f"A password has at most {PASSWORD_LIMIT} characters.", field="password")
    try:
        validate_password(password, LocalAccount(username, name=name))  # type: ignore[arg-type]
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field="password") from error


def add(username: str, name: str, groups: list[str], password: str) -> LocalAccount:
    """Make a local account; raise Invalid, or Conflict when the name is taken."""
    validate_new_password(password, username, name)
    made = LocalAccount(
        username, name=name or None, groups=groups, password=hash_password(password)
    )
    try:
        with transaction() as writes:
            writes.create(made)
            sync_person(writes, made, ends_sessions=True)
            guard_admin_change(writes, f"local:{username}", was=False, will=can_administer(made))
            writes.create(
                audit.event(Event.PERSON_ADDED, person=f"local:{username}", groups=groups)
            )
    except AlreadyExists as error:
        raise Conflict(f"There is a local account {username} already.") from error
    return made


def hash_password(password: str) -> str:
    """Return what is stored of a password."""
    return make_password(password)


def sync_person(writes: Transaction, account: LocalAccount, *, ends_sessions: bool = False) -> None:
    """Give the account's person, if there is one, what the account says; a new epoch ends their web sessions."""
    person = Person.find(f"local:{account.username}")
    if person is None and account.disabled:
        # made so that a sign-in at this very moment meets it
        person = Person(f"local:{account.username}", provider="local", subject=account.username)
    if person is None:
        return
    _keep_in_step(account, person)
    person.disabled = account.disabled
    if ends_sessions:
        person.epoch = int(person.epoch) + 1
    writes.save(person)


def disable(username: str) -> None:
    """Let the person in no more: web sessions end at the next request, and no sign-in works."""

    def change(account: LocalAccount, person: Person) -> None:
        account.disabled = person.disabled = True
        person.epoch = int(person.epoch) + 1

    # the person is made if need be, so that a sign-in at this very moment meets it
    _change(username, change, Event.PERSON_DISABLED, make_person=True)


def enable(username: str) -> None:
    """Let the person in again."""

    def change(account: LocalAccount, person: Person) -> None:
        account.disabled = person.disabled = False

    _change(username, change, Event.PERSON_ENABLED)


def set_password(username: str, password: str) -> None:
    """Give the account another password and end its web sessions; raise Invalid."""
    validate_new_password(password, username, str(get_account(username).name or ""))
    stored = hash_password(password)

    def change(account: LocalAccount, person: Person) -> None:
        account.password = stored
        person.epoch = int(person.epoch) + 1

    _change(username, change, Event.PASSWORD_CHANGED)


def set_groups(username: str, groups: list[str]) -> None:
    """Give the account these groups instead of its own; they count from the next request on."""

    def change(account: LocalAccount, person: Person) -> None:
        account.groups = groups

    _change(username, change, Event.PERSON_CHANGED, groups=groups)


def get_account(username: str) -> LocalAccount:
    """Return the account; raise Invalid when there is none."""
    found = LocalAccount.find(username)
    if found is None:
        raise Invalid(f"There is no local account {username}.", field="username")
    return found


def _change(
    username: str, change: Change, kind: Event, *, make_person: bool = False, **facts: Any
) -> None:
    """Change an account and its person with the event; begin anew when somebody was quicker."""
    for attempt in range(TRIES):
        try:
            return _change_once(username, change, kind, make_person, facts)
        except Stale:
            if attempt == TRIES - 1:
                raise
    return None


def _change_once(
    username: str, change: Change, kind: Event, make_person: bool, facts: dict[str, Any]
) -> None:
    """Change once; raise Stale when the account or the person was changed meanwhile."""
    account, key = get_account(username), f"local:{username}"
    person = Person.find(key)
    known = person is not None or make_person
    person = person or Person(key, provider="local", subject=username)
    was = can_administer(account)
    change(account, person)
    account.changed_at = datetime.now(UTC)
    with transaction() as writes:
        writes.save(account)
        guard_admin_change(writes, key, was=was, will=can_administer(account))
        if known:
            _keep_in_step(account, person)
            writes.save(person)
        writes.create(audit.event(kind, person=key, **facts))


def _keep_in_step(account: LocalAccount, person: Person) -> None:
    """Give the person what the account says."""
    person.groups = [str(Group("local", name)) for name in account.groups]
    person.name = account.name
