"""The web sessions of one person: which there are, from where, and ending them.

They are found by an index, which says what there is to read, and nothing more: each is then read by
its key. The index lags by less than a second, usually; the session that asks is in the list anyway.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib import auth

from accounts import command_lines, ended_sessions
from accounts.end_reasons import EndReason
from accounts.models import Person, WebSession
from accounts.sessions import (
    AUTHENTICATED_AT,
    ENDS_AT,
    SIGNED_IN_FROM,
    SessionStore,
    hash_session_key,
    is_active,
    is_of_epoch,
)
from core import audit
from core.audit import AuditEvent, Event
from core.dynamo import DocumentKey, Stale, batch_read, transaction
from core.errors import CooperError, Refused
from core.requests import CooperRequest
from core.retry import retry

MOST = 100
"""Web sessions that are listed, the newest: as many as one batched read takes."""

NO_INDEX_CODES = {"ValidationException", "ResourceNotFoundException"}
"""Codes for an index that is not there, or not yet whole; without the table nothing works at all.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
"""

KEY_HASH = re.compile(r"[0-9a-f]{64}")
"""The hash of a session key, by which web sessions are named on pages."""

TRIES = 5
"""Times that the person is written when something else writes them at the same moment."""


class NotIndexed(CooperError):
    """The tables have no index of web sessions by person yet: set-up has not been run since."""


@dataclass(frozen=True)
class OwnSession:
    """A web session as its person sees it; what an earlier cooper did not keep is ""."""

    key_hash: str
    address: str
    browser: str
    since: datetime
    last_seen: datetime
    """To the minute: it is noted once a minute at most."""

    is_this: bool
    """Whether it is the one that asks."""


# -- which there are -------------------------------------------------------------------------------
def own_sessions(request: CooperRequest, now: float) -> list[OwnSession]:
    """Return the active web sessions of the person who asks, this one first, then the newest.

    `now` is in seconds since the epoch. Raise NotIndexed where only this one is known.
    """
    person: Person = request.user.stored_person
    this = _this_key_hash(request)
    key_hashes = {*_key_hashes_of(str(person.person)), this}
    active = _active(_read(key_hashes), person, now)
    shown = [_shown(web_session, this) for web_session in active]
    return sorted(shown, key=lambda row: (row.is_this, row.since), reverse=True)


def this_session(request: CooperRequest) -> OwnSession:
    """Return the web session that asks; raise CooperError when it has gone."""
    this = _this_key_hash(request)
    for web_session in _read([this]):
        return _shown(web_session, this)
    raise _signed_out()


def all_active(person: Person, now: float, this: str = "") -> list[OwnSession]:
    """Return a person's active web sessions, newest first, for administrators.

    `this` is the hash of the key of the one that asks. Where the tables have no index yet, they
    are found by a scan.
    """
    person_key = str(person.person)
    try:
        own: Iterable[WebSession] = _read(_key_hashes_of(person_key))
    except NotIndexed:
        own = WebSession.scan(WebSession.person == person_key, consistent_read=True)
    active = [_shown(web_session, this) for web_session in _active(own, person, now)]
    return sorted(active, key=lambda row: row.since, reverse=True)


def _this_key_hash(request: CooperRequest) -> str:
    return hash_session_key(request.session.session_key or "")


def _key_hashes_of(person_key: str) -> list[str]:
    newest = WebSession.by_person.query(person_key, scan_index_forward=False, page_size=MOST)
    try:
        return [str(row.key_hash) for row in islice(newest, MOST)]
    except CooperError as error:
        # the question is always the same one: it is refused where there is no such index
        if error.code not in NO_INDEX_CODES:
            raise
        raise NotIndexed("Set-up has to be run once more.", error.detail) from error


def _read(key_hashes: Collection[str]) -> list[WebSession]:
    keys: list[DocumentKey] = [(WebSession, key_hash) for key_hash in list(key_hashes)[:MOST]]
    items = batch_read(keys)
    web_sessions = [items.get(WebSession, key_hash) for _, key_hash in keys]
    return [web_session for web_session in web_sessions if web_session]


def _active(web_sessions: Iterable[WebSession], person: Person, now: float) -> list[WebSession]:
    return [
        web_session
        for web_session in web_sessions
        # whose it is says the item, as it is now, and not the index
        if web_session.person == person.person
        and is_active(web_session, now)
        and is_of_epoch(web_session, person)
    ]


def _shown(web_session: WebSession, this: str) -> OwnSession:
    data = SessionStore().decode(str(web_session.data))
    signed_in_from = data.get(SIGNED_IN_FROM, {})
    authenticated_at = data.get(AUTHENTICATED_AT)
    since = datetime.fromisoformat(authenticated_at) if authenticated_at else web_session.started
    return OwnSession(
        key_hash=str(web_session.key_hash),
        address=str(signed_in_from.get("address", "")),
        browser=str(signed_in_from.get("browser", "")),
        since=since,
        last_seen=web_session.last_used,
        is_this=web_session.key_hash == this,
    )


# -- ending them -----------------------------------------------------------------------------------
def end_one(person_key: str, key_hash: str, reason: EndReason) -> bool:
    """End one web session of a person for good, with its event on the audit log.

    Return False for one that has ended, and just so for one that is another person's.
    """
    if not KEY_HASH.fullmatch(key_hash):
        return False
    web_session = WebSession.find(key_hash)
    if not web_session or web_session.person != person_key:
        return False

    # first of all: nothing is left to end them by, once the web session has gone
    _end_command_lines(person_key, key_hash)
    try:
        with transaction() as writes:
            writes.delete(web_session)
            ended_sessions.mark(writes, key_hash, reason)
            writes.create(_event(Event.SESSION_ENDED, person_key, begun=web_session.started))
    except Stale:
        # somebody else was first
        return False
    return True


def _end_command_lines(person_key: str, key_hash: str) -> None:
    person = Person.find(person_key)
    if person and settings.COOPER_SIGN_OUT_ENDS_COMMAND_LINES:
        command_lines.end_of_web_session(person, key_hash)


def _event(kind: Event, person_key: str, **facts: Any) -> AuditEvent:
    # as an administrator's ending is written
    return audit.event(kind, object=person_key, target=person_key, **facts)


def end_others(request: CooperRequest) -> None:
    """End all web sessions of the person who asks but this one, with one event.

    By a new epoch: those that are listed nowhere end too. Raise CooperError.
    """
    person = retry(partial(_begin_epoch, request.identity.person), on=Stale, tries=TRIES)
    keep_this_one(request, person)


def _begin_epoch(person_key: str) -> Person:
    person = person_in_next_epoch(person_key, EndReason.PERSON)
    with transaction() as writes:
        writes.save(person)
        writes.create(_event(Event.SESSIONS_ENDED, person_key))
    return person


def person_in_next_epoch(person_key: str, reason: EndReason) -> Person:
    """Return the person with the next epoch, not yet saved: it ends their web sessions."""
    person = Person.find(person_key)
    if not person:
        raise _signed_out()
    person.start_new_epoch(reason)
    return person


def keep_this_one(request: CooperRequest, person: Person) -> None:
    """Let this web session alone go on in the person's new epoch, under a new key.

    It ends when it would have ended: nobody has signed in anew.
    """
    absolute_end = getattr(request.session, "absolute_end", 0)
    if absolute_end:
        request.session[ENDS_AT] = int(absolute_end)
    request.user.stored_person.epoch = person.epoch
    auth.update_session_auth_hash(request, request.user)


def _signed_out() -> Refused:
    return Refused("You were signed out meanwhile. Sign in again.", "person or session gone")
