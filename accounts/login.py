"""Signing in and out: the one place where a proved identity becomes a web session."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import auth
from django.http import HttpRequest

from accounts.administrators import admin_groups, auditor_groups, can_administer, guard_admin_change
from accounts.entitlement_hooks import relevant_groups
from accounts.identity import Identity
from accounts.models import Person, User
from accounts.providers import AuthResult, SignInRefused, provider_for
from accounts.sessions import ENDS_AT
from core import audit
from core.audit import Event
from core.dynamo import Stale, transaction
from core.errors import Conflict

TRIES = 5
"""Times that a person's record is written anew when two sign-ins of theirs meet."""

SIGN_OUT_FACTS = "provider_facts"
"""Where the web session keeps what the provider wants back at the sign-out."""

MAX_GROUPS_BYTES = 100_000
"""Bytes of groups that a person's record keeps; of more, those that matter are kept (an item has 400 KB at most)."""

MAX_GROUPS_IN_EVENT = 50
"""Groups that the event of a sign-in names."""


class PersonBackend:
    """Django's authentication backend: knows people by key and proves nobody."""

    def authenticate(self, request: HttpRequest | None, **credentials: object) -> None:
        """Prove nobody; providers do."""

    def get_user(self, key: str) -> User | None:
        """Return the user for `provider:subject` as stored now, or None when gone or disabled."""
        person = Person.find(key)
        if person is None or person.disabled:
            return None
        user = User.from_person(person)
        user.is_admin = user.identity.is_admin(admin_groups())
        user.is_auditor = user.identity.is_auditor(auditor_groups())
        return user


def sign_in(request: HttpRequest, proved: Identity | AuthResult) -> User:
    """Begin a web session for a proved identity: recorded first, under a new session id; raise SignInRefused."""
    vouched = proved if isinstance(proved, AuthResult) else AuthResult(proved)
    identity = vouched.identity
    for attempt in range(TRIES):
        try:
            person = _recorded(identity)
            break
        except (Stale, Conflict):
            if attempt == TRIES - 1:
                raise
    user = User.from_person(person)
    auth.login(request, user, backend="accounts.login.PersonBackend")
    request.session["authenticated_at"] = (
        identity.authenticated_at or datetime.now(UTC)
    ).isoformat()
    for name, value in (
        (SIGN_OUT_FACTS, dict(vouched.sign_out_facts)),
        (ENDS_AT, _seconds(vouched.session_ends_at)),
    ):
        request.session.pop(name, None)
        if value:
            request.session[name] = value
    return user


def _seconds(moment: datetime | None) -> int:
    """Return a moment in seconds since the epoch (0: none)."""
    return int(moment.timestamp()) if moment else 0


def _size(texts: list[str]) -> int:
    """Return how many bytes texts take."""
    return sum(len(each.encode()) for each in texts)


def _kept(identity: Identity) -> list[str]:
    """Return the groups that a person's record keeps; raise SignInRefused when even those that matter do not fit."""
    written = sorted(str(group) for group in identity.groups)
    if _size(written) > MAX_GROUPS_BYTES:
        written = sorted(str(group) for group in relevant_groups(identity.groups))
    if _size(written) <= MAX_GROUPS_BYTES:
        return written
    raise SignInRefused(
        "You are in more groups than cooper can keep. Tell an administrator.", "too many groups"
    )


def _recorded(identity: Identity) -> Person:
    """Write the person as the provider described them, with the event, in one transaction; return the person."""
    person = Person.find(identity.person)
    if person is not None and person.disabled:
        raise SignInRefused(
            "This person may not sign in. Ask an administrator of cooper.",
            f"disabled {identity.person}",
        )
    provider = provider_for(identity.provider)
    if provider is None:
        raise SignInRefused(
            "This way of signing in was removed.", f"no provider {identity.provider}"
        )
    groups, now = _kept(identity), datetime.now(UTC)
    facts: dict[str, Any] = {
        "groups": groups[:MAX_GROUPS_IN_EVENT],
        "more_groups": len(groups[MAX_GROUPS_IN_EVENT:]) or None,
    }
    with transaction() as writes:
        provider.guard_sign_in(writes)
        was = can_administer(person)
        if person is None:
            person = Person(identity.person, provider=identity.provider, subject=identity.subject)
        person.groups, person.name, person.last_seen = groups, identity.name or None, now
        writes.save(person)
        if identity.provider != "local":
            # local accounts are weighed where they are changed; what a provider says cannot be refused
            newly = can_administer(person) and not was
            guard_admin_change(
                writes,
                identity.person,
                was=False,
                will=newly,
                by=f"the provider {identity.provider}",
            )
        writes.create(
            audit.event(
                Event.SIGN_IN_DONE, person=identity.person, provider=identity.provider, **facts
            )
        )
    return person


def clear_notice(person: Person) -> None:
    """Take away a notice that was shown; one that somebody else changed meanwhile is shown again."""
    person.notice = None
    try:
        with transaction() as writes:
            writes.save(person)
    except Stale:
        return


def sign_out(request: HttpRequest) -> None:
    """End the web session, recorded."""
    if request.user.is_authenticated:
        audit.record(Event.SIGN_OUT_DONE)
    auth.logout(request)
