"""Signing in and out: the one place where an authenticated identity becomes a web session."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from accounts import command_lines, notices, person_names
from accounts.administrators import admin_groups, auditor_groups, can_administer, guard_admin_change
from accounts.browser_names import browser_in_words
from accounts.end_reasons import parse_reason
from accounts.entitlement_hooks import relevant_groups
from accounts.first_read import first_read_of
from accounts.identity import Identity
from accounts.models import Person, User
from accounts.providers import AuthResult, Provider, SignInRefused, provider_for
from accounts.sessions import AUTHENTICATED_AT, ENDS_AT, SIGNED_IN_FROM, hash_session_key
from core import audit, metrics
from core.audit import Event
from core.dynamo import Transaction, transaction
from core.errors import Conflict
from core.retry import retry

ATTEMPTS = 5
"""Times that a person is written again when two of their sign-ins meet."""

BACKEND = "accounts.login.PersonBackend"

SIGN_OUT_FACTS = "provider_facts"
"""Where the web session keeps what the provider needs to end its own session."""

MAX_GROUPS_BYTES = 100_000
"""Bytes of groups that a person keeps; of more, only the relevant ones are kept.

An item of DynamoDB has 400 KB at most.
"""

MAX_GROUPS_IN_EVENT = 50
"""Groups that the event of a sign-in names."""


class PersonBackend:
    """Django's authentication backend: it finds people by key, and authenticates nobody."""

    def authenticate(self, request: HttpRequest | None, **credentials: object) -> None:
        """Leave it to the providers."""

    def get_user(self, key: str) -> User | None:
        """Return the user for `provider:subject` as stored now, or None when gone or disabled."""
        return user_for(Person.find(key))


def user_for(person: Person | None) -> User | None:
    """Return the user that stands for a person as stored, or None when gone or disabled."""
    if person is None or person.disabled:
        return None

    user = User.from_person(person)
    user.is_admin = user.identity.is_admin(admin_groups())
    user.is_auditor = user.identity.is_auditor(auditor_groups())
    return user


def signed_in_user(request: HttpRequest) -> User | None:
    """Return the user that the request's web session names, or None; end one of another epoch.

    The same as `django.contrib.auth.get_user`, with the person as the request first read them.
    """
    session: Any = request.session
    person_key = session.get(SESSION_KEY)
    if not person_key or session.get(BACKEND_SESSION_KEY) != BACKEND:
        return None

    person = first_read_of(request).person(person_key)
    if not person:
        return None

    auth_hash = session.get(HASH_SESSION_KEY, "")
    if not constant_time_compare(auth_hash, User.from_person(person).get_session_auth_hash()):
        session.end(parse_reason(person.epoch_reason))
        return None
    return user_for(person)


def sign_in(request: HttpRequest, authenticated: Identity | AuthResult) -> User:
    """Begin a web session for an authenticated identity, under a new session id.

    The person and the event on the audit log are written first, and then the provider is looked at
    once more. Raise SignInRefused.
    """
    if isinstance(authenticated, Identity):
        authenticated = AuthResult(authenticated)
    identity = authenticated.identity

    provider = _require_provider(identity.provider)
    # first: without the event on the audit log nobody is signed in
    person = _write_person(authenticated)
    # not in that transaction: all people of a provider would wait for each other
    provider.confirm_sign_in(authenticated)

    user = User.from_person(person)
    auth.login(request, user, backend=BACKEND)

    authenticated_at = identity.authenticated_at or datetime.now(UTC)
    request.session[AUTHENTICATED_AT] = authenticated_at.isoformat()
    # what an earlier sign-in of this session left is taken away even when there is nothing new
    _set_or_remove(request, SIGN_OUT_FACTS, dict(authenticated.sign_out_facts))
    _set_or_remove(request, ENDS_AT, _epoch_seconds(authenticated.session_ends_at))
    request.session[SIGNED_IN_FROM] = {
        "address": getattr(request, "client_address", ""),
        "browser": browser_in_words(request.META.get("HTTP_USER_AGENT", "")),
    }
    metrics.count_sign_in(identity.provider, "done")
    return user


def _epoch_seconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment else None


def _set_or_remove(request: HttpRequest, name: str, value: object) -> None:
    if value:
        request.session[name] = value
    else:
        request.session.pop(name, None)


def _require_provider(provider_id: str) -> Provider:
    provider = provider_for(provider_id)
    if provider is None:
        raise SignInRefused("This way of signing in was removed.", f"no provider {provider_id}")
    return provider


def _write_person(authenticated: AuthResult) -> Person:
    """Write the person as their provider describes them; try again after a conflict."""
    return retry(partial(_write_person_once, authenticated), on=Conflict, tries=ATTEMPTS)


def _write_person_once(authenticated: AuthResult) -> Person:
    """Write the person and the event of the sign-in in one transaction; return the person."""
    identity = authenticated.identity
    person = Person.find(identity.person)
    if person is not None and person.disabled:
        raise SignInRefused(
            "This person may not sign in. Ask an administrator of cooper.",
            f"disabled {identity.person}",
        )

    groups = _groups_to_keep(identity)
    with transaction() as writes:
        if not authenticated.subject_is_opaque:
            person_names.take(writes, identity.provider, identity.subject, person)
        person = _put_person(writes, identity, groups, person)
        writes.create(
            audit.event(
                Event.SIGN_IN_DONE,
                person=identity.person,
                provider=identity.provider,
                groups=groups[:MAX_GROUPS_IN_EVENT],
                more_groups=len(groups[MAX_GROUPS_IN_EVENT:]) or None,
            )
        )
    return person


def _put_person(
    writes: Transaction, identity: Identity, groups: list[str], person: Person | None
) -> Person:
    """Put the person, new or changed, into the transaction of their sign-in; return the person."""
    could_administer = person is not None and can_administer(person)
    if person is None:
        person = Person(identity.person, provider=identity.provider, subject=identity.subject)
    person.groups = groups
    person.name = identity.name or None
    person.last_seen = datetime.now(UTC)
    notices.move_old(writes, person)
    writes.save(person)

    # Local accounts are guarded where they are changed. What another provider says of its groups
    # cannot be refused here: a new administrator is put on the audit log, and if the last one
    # lost the group, nothing can be done about it.
    if identity.provider != "local":
        guard_admin_change(
            writes,
            identity.person,
            was=False,
            will=can_administer(person) and not could_administer,
            by=f"the provider {identity.provider}",
        )
    return person


def _groups_to_keep(identity: Identity) -> list[str]:
    """Return the groups that a person keeps; raise SignInRefused when even those are too many."""
    groups = sorted(str(group) for group in identity.groups)
    if _size(groups) > MAX_GROUPS_BYTES:
        groups = sorted(str(group) for group in relevant_groups(identity.groups))

    if _size(groups) > MAX_GROUPS_BYTES:
        raise SignInRefused(
            "You are in more groups than cooper can keep. Tell an administrator.",
            "too many groups",
        )
    return groups


def _size(texts: list[str]) -> int:
    return sum(len(text.encode()) for text in texts)


def sign_out(request: HttpRequest) -> None:
    """End the web session, with an event on the audit log."""
    if request.user.is_authenticated:
        if settings.COOPER_SIGN_OUT_ENDS_COMMAND_LINES:
            # first of all: nothing is left to end them by, once the web session has gone
            key_hash = hash_session_key(str(request.session.session_key))
            command_lines.end_of_web_session(request.user.stored_person, key_hash)

        web_session: Any = request.session
        web_session.end_with(audit.event(Event.SIGN_OUT_DONE))
    auth.logout(request)
