"""Django's session framework on DynamoDB: `SESSION_ENGINE = "accounts.sessions"`."""

import hashlib
import time
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError

from accounts.models import Person, User, WebSession
from core.dynamo import AlreadyExists, ConditionFailed, after, transaction

ENDS_AT = "ends_at"
"""Where a web session says when it ends at the latest (seconds since the epoch), if its provider said so."""

TOUCH_EVERY = 60
"""Seconds after which a request notes that the web session is in use."""


def hash_session_key(session_key: str) -> str:
    """Return the table's key for a cookie value."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def is_active(found: WebSession, now: float) -> bool:
    """Return whether a web session is within its idle and absolute time (seconds since the epoch)."""
    young = now < float(found.created_at) + settings.SESSION_COOKIE_AGE
    young = young and (found.ends_at is None or now < float(found.ends_at))
    return young and now < float(found.touched_at) + settings.COOPER_SESSION_IDLE


def active_sessions_for(person: Person) -> list[WebSession]:
    """Return a person's living web sessions, newest first (by a scan: for an administrator's page alone)."""
    found = WebSession.scan(WebSession.person == str(person.person), consistent_read=True)
    now, proof = time.time(), User.from_person(person).get_session_auth_hash()
    living = (each for each in found if is_active(each, now) and _proof(each) == proof)
    return sorted(living, key=lambda each: float(each.created_at), reverse=True)


def _proof(found: WebSession) -> Any:
    """Return what binds a web session to its person's epoch; one of an older epoch is dead."""
    return SessionStore().decode(str(found.data)).get(HASH_SESSION_KEY)


class SessionStore(SessionBase):
    """A web session: 30 min idle, 12 h in all; once deleted it is never written again."""

    def load(self) -> dict[str, Any]:
        """Return the data of the living session, or begin an empty one."""
        found = WebSession.find(hash_session_key(self.session_key)) if self.session_key else None
        if found is None or not is_active(found, time.time()):
            self._session_key = None
            return {}
        self._touch(found)
        return self.decode(str(found.data))

    def _touch(self, found: WebSession) -> None:
        """Note the use, at most once a minute; a session deleted meanwhile stays deleted."""
        now = int(time.time())
        if now - float(found.touched_at) < TOUCH_EVERY:
            return
        try:
            WebSession._get_connection().update_item(
                found.key_hash,
                actions=[
                    WebSession.touched_at.set(now),
                    WebSession.expires.set(after(settings.COOPER_SESSION_IDLE)),
                ],
                condition=WebSession.key_hash.exists(),
            )
        except ConditionFailed:
            self._session_key = None

    def exists(self, session_key: str) -> bool:
        """Return whether the key is in use."""
        return WebSession.find(hash_session_key(session_key)) is not None

    def create(self) -> None:
        """Begin a session under a new random key."""
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Write the data; raise CreateError when the key is taken, UpdateError when the session was deleted."""
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        if must_create:
            self._put_new(data)
        else:
            self._replace(data)
        return None

    def _put_new(self, data: dict[str, Any]) -> None:
        """Write a session that must not exist."""
        now = int(time.time())
        made = WebSession(
            hash_session_key(self.session_key or ""),
            data=self.encode(data),
            person=data.get(SESSION_KEY),
            created_at=now,
            touched_at=now,
            ends_at=data.get(ENDS_AT),
            expires=after(settings.COOPER_SESSION_IDLE),
        )
        try:
            with transaction() as writes:
                writes.create(made)
        except AlreadyExists as error:
            raise CreateError from error

    def _replace(self, data: dict[str, Any]) -> None:
        """Write over a session that must exist; its beginning stays."""
        actions = [WebSession.data.set(self.encode(data))]
        if data.get(SESSION_KEY):
            actions.append(WebSession.person.set(data[SESSION_KEY]))
        if data.get(ENDS_AT):
            actions.append(WebSession.ends_at.set(data[ENDS_AT]))
        try:
            WebSession._get_connection().update_item(
                hash_session_key(self.session_key or ""),
                actions=actions,
                condition=WebSession.key_hash.exists(),
            )
        except ConditionFailed as error:
            raise UpdateError from error

    def delete(self, session_key: str | None = None) -> None:
        """End the session for good."""
        key = session_key or self.session_key
        if key:
            WebSession._get_connection().delete_item(hash_session_key(key))

    @classmethod
    def clear_expired(cls) -> None:
        """Leave it to DynamoDB's TTL; `load` judges the time itself."""
