"""Local accounts, changed from the host or in the admin.

The account, its person and the event are one transaction.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts import passwords
from accounts.administrators import can_administer, guard_admin_change
from accounts.end_reasons import EndReason
from accounts.identity import Group, fold_name
from accounts.models import LocalAccount, Person
from accounts.providers.local import PASSWORD_LIMIT, USERNAME
from core import audit
from core.audit import Event
from core.dynamo import AlreadyExists, Stale, Transaction, transaction
from core.errors import Conflict, Invalid
from core.groups import check_stored_group
from core.retry import retry

ATTEMPTS = 5
"""Times that a change is tried again when the same person signs in at that moment."""

Change = Callable[[LocalAccount, Person], None]
"""Sets fields of an account and its person; nothing is written by it."""


MOST_GROUPS = 100
MOST_GROUP_BYTES = 30_000
"""Groups of one account, and their bytes in UTF-8 together.

The event of a change has them twice, as JSON with escapes, and an item of DynamoDB has 400 KB.
"""


# -- what was typed --------------------------------------------------------------------------------
def parse_username(text: str) -> str:
    """Return the one spelling of a user name; raise Invalid when it cannot be one."""
    username = fold_name(text)
    if not USERNAME.fullmatch(username):
        raise Invalid(
            f"{text!r} cannot be a user name: 1 to 64 letters, digits and . _ @ + -",
            field="username",
        )
    return username


def parse_group_names(texts: Iterable[str]) -> list[str]:
    """Return the bare names of local groups, which may be written `local:name`; raise Invalid."""
    try:
        groups = sorted({Group.parse(text) for text in texts})
        for group in groups:
            check_stored_group(str(group))
    except ValueError as error:
        raise Invalid(f"Not a valid group: {error}.", field="groups") from error

    foreign = [str(group) for group in groups if group.provider != "local"]
    if foreign:
        raise Invalid(
            f"A local account has local groups only, not {', '.join(foreign)}.", field="groups"
        )
    _check_amount(groups)
    return [group.name for group in groups]


def _check_amount(groups: list[Group]) -> None:
    """Raise Invalid for more groups than an account can have."""
    if len(groups) > MOST_GROUPS:
        raise Invalid(
            f"{len(groups):,} groups; a local account has at most {MOST_GROUPS}.", field="groups"
        )
    size = sum(len(str(group).encode()) for group in groups)
    if size > MOST_GROUP_BYTES:
        raise Invalid(
            f"Groups of {size:,} bytes; a local account has at most {MOST_GROUP_BYTES:,}.",
            field="groups",
        )


def validate_new_password(password: str, username: str, name: str = "") -> None:
    """Raise Invalid saying everything that is wrong with a new password."""
    if len(password) > PASSWORD_LIMIT:
        raise Invalid(f"A password has at most {PASSWORD_LIMIT} characters.", field="password")

    # the validators compare the password with what the account is called
    account = LocalAccount(username, name=name)
    try:
        validate_password(password, account)  # type: ignore[arg-type]
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field="password") from error


def shown_groups(account: LocalAccount) -> list[str]:
    """Return the account's groups by their bare names, in order.

    A name with a colon, which an older cooper took, stands behind `local:`.
    """
    shown = [str(Group("local", name)) if ":" in name else name for name in account.groups]
    return sorted(shown)


# -- operations ------------------------------------------------------------------------------------
def get_account(username: str) -> LocalAccount:
    """Return the account; raise Invalid when there is none."""
    account = LocalAccount.find(username)
    if account is None:
        raise Invalid(f"There is no local account {username}.", field="username")
    return account


def add(username: str, name: str, groups: list[str], password: str) -> LocalAccount:
    """Make a local account; raise Invalid, or Conflict when the name is taken."""
    validate_new_password(password, username, name)
    person_key = f"local:{username}"
    account = LocalAccount(
        username, name=name or None, groups=groups, password=passwords.hash_password(password)
    )

    try:
        with transaction() as writes:
            writes.create(account)
            sync_person(writes, account, ends_sessions=True)
            guard_admin_change(writes, person_key, was=False, will=can_administer(account))
            writes.create(audit.event(Event.PERSON_ADDED, person=person_key, groups=groups))
    except AlreadyExists as error:
        raise Conflict(f"There is a local account {username} already.") from error
    return account


def disable(username: str) -> None:
    """Refuse every sign-in, and end the web sessions at their next request."""

    def change(account: LocalAccount, person: Person) -> None:
        account.disabled = True
        person.disabled = True
        person.start_new_epoch(EndReason.ADMINISTRATOR)

    _change(username, change, Event.PERSON_DISABLED, create_person=True)


def enable(username: str) -> None:
    """Let the person sign in again."""

    def change(account: LocalAccount, person: Person) -> None:
        account.disabled = False
        person.disabled = False

    _change(username, change, Event.PERSON_ENABLED)


def set_password(
    username: str, password: str, reason: EndReason = EndReason.ADMINISTRATOR
) -> Person:
    """Set another password and end the web sessions, for this reason; raise Invalid.

    Return the person as they are now.
    """
    name = get_account(username).name
    validate_new_password(password, username, str(name or ""))
    password_hash = passwords.hash_password(password)

    def change(account: LocalAccount, person: Person) -> None:
        account.password = password_hash
        person.start_new_epoch(reason)

    return _change(username, change, Event.PASSWORD_CHANGED)


def set_groups(username: str, groups: list[str]) -> None:
    """Set the groups; they count from the next request on."""

    def change(account: LocalAccount, person: Person) -> None:
        account.groups = groups

    _change(username, change, Event.PERSON_CHANGED, groups=groups)


def _change(
    username: str, change: Change, event: Event, *, create_person: bool = False, **facts: Any
) -> Person:
    """Change an account and its person; try again when another write came between."""
    change_once = partial(_change_once, username, change, event, create_person, facts)
    return retry(change_once, on=Stale, tries=ATTEMPTS)


def _change_once(
    username: str, change: Change, event: Event, create_person: bool, facts: dict[str, Any]
) -> Person:
    """Raise Stale when the account or the person was changed meanwhile."""
    person_key = f"local:{username}"
    account = get_account(username)
    person = Person.find(person_key)

    # A person exists from the first sign-in on. Whoever has not signed in has none to change;
    # disabling creates it, so that a sign-in at this very moment conflicts with it.
    is_there = person is not None
    if person is None:
        person = Person(person_key, provider="local", subject=username)

    could_administer = can_administer(account)
    change(account, person)
    account.changed_at = datetime.now(UTC)

    with transaction() as writes:
        writes.save(account)
        guard_admin_change(writes, person_key, was=could_administer, will=can_administer(account))
        if is_there or create_person:
            _copy_to_person(account, person)
            writes.save(person)
        else:
            writes.check_absent(person)
        writes.create(audit.event(event, person=person_key, **facts))
    return person


# -- the account's person --------------------------------------------------------------------------
def sync_person(writes: Transaction, account: LocalAccount, *, ends_sessions: bool = False) -> None:
    """Bring the account's person in line with it, in its transaction.

    `ends_sessions` begins a new epoch, which ends their web sessions.
    """
    person_key = f"local:{account.username}"
    person = Person.find(person_key)
    if person is None:
        person = Person(person_key, provider="local", subject=account.username)
        if not account.disabled:
            writes.check_absent(person)
            return
        # else created, so that a sign-in at this very moment conflicts with it

    _copy_to_person(account, person)
    person.disabled = account.disabled
    if ends_sessions:
        person.start_new_epoch(EndReason.ADMINISTRATOR)
    writes.save(person)


def _copy_to_person(account: LocalAccount, person: Person) -> None:
    person.groups = [str(Group("local", name)) for name in account.groups]
    person.name = account.name
