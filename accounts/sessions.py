"""Django's session framework on DynamoDB: `SESSION_ENGINE = "accounts.sessions"`."""

import hashlib
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.core import signing

from accounts import ended_sessions
from accounts.end_reasons import EndReason
from accounts.ended_sessions import FindMark
from accounts.models import Person, User, WebSession
from core import secret_keys
from core.audit import AuditEvent
from core.dynamo import AlreadyExists, ConditionFailed, after, transaction

ENDS_AT = "ends_at"
"""Where a web session keeps when it ends at the latest (seconds since the epoch), if at all."""

AUTHENTICATED_AT = "authenticated_at"
"""Where a web session keeps when the person last authenticated (ISO 8601)."""

SIGNED_IN_FROM = "signed_in_from"
"""Where a web session keeps the address and the browser of its sign-in."""

TOUCH_EVERY = 60
"""Seconds after which a request notes that the web session is in use."""

ENDED_KEPT = 86_400
"""Seconds that the table keeps an unused web session after its end.

A form that is sent then is kept for its person (`accounts.kept_forms`).
"""


def hash_session_key(session_key: str) -> str:
    """Return the table's key for a cookie value."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def idle_end(web_session: WebSession) -> float:
    """Return when a web session ends if it is not used any more (seconds since the epoch)."""
    return float(web_session.touched_at) + settings.COOPER_SESSION_IDLE


def absolute_end(web_session: WebSession) -> float:
    """Return when a web session ends however it is used (seconds since the epoch)."""
    end = float(web_session.created_at) + settings.SESSION_COOKIE_AGE
    if web_session.ends_at is not None:
        end = min(end, float(web_session.ends_at))
    return end


def is_active(web_session: WebSession, now: float) -> bool:
    """Return whether a web session is within its idle and absolute time at `now`.

    `now` is in seconds since the epoch.
    """
    return now < min(idle_end(web_session), absolute_end(web_session))


def person_of_ended(session_key: str) -> str:
    """Return whose web session a cookie's value stood for until it ended by its time, or "".

    One that was ended on purpose is gone, and one that still is active has not ended.
    """
    web_session = WebSession.find(hash_session_key(session_key)) if session_key else None
    if web_session is None or is_active(web_session, time.time()):
        return ""
    return str(web_session.person or "")


def is_of_epoch(web_session: WebSession, person: Person) -> bool:
    """Return whether a web session is of the person's epoch: others end at their next request."""
    data = SessionStore().decode(str(web_session.data))
    return bool(data.get(HASH_SESSION_KEY) == User.from_person(person).get_session_auth_hash())


class SessionStore(SessionBase):
    """A web session: 30 min idle, 12 h in all; once deleted it is never written again."""

    idle_end = 0.0
    """When it ends if it is not used any more (seconds since the epoch); 0 until it is loaded."""

    absolute_end = 0.0
    """When it ends however it is used."""

    missing_key = ""
    """The cookie's value when nobody is signed in by it, and the browser is to keep it.

    The table gave no item for it: such a session ended long ago, or was ended, or the answer was
    not whole. Or it is known to have ended: until the sign-in page has said why.
    """

    known_reason: EndReason | None = None
    """Why the session is known to have ended, by what was read with it."""

    def __init__(
        self,
        session_key: str | None = None,
        find: Callable[[str], WebSession | None] = WebSession.find,
    ) -> None:
        """Take the cookie's value, and what finds its item by the hash of it.

        A request's own store finds it in what the request has read.
        """
        super().__init__(session_key)
        self._find = find

    def load(self) -> dict[str, Any]:
        """Return the data of the active session, or begin an empty one."""
        session_key = self.session_key or ""
        web_session = self._find(hash_session_key(session_key))
        if web_session is None:
            self.missing_key = session_key
            self._session_key = None
            return {}

        now = time.time()
        if not is_active(web_session, now):
            self._keep_cookie_of(web_session, session_key, now)
            self._session_key = None
            return {}
        if not _touch(web_session, now):
            # deleted meanwhile, perhaps with a mark that says why
            self.missing_key = session_key
            self._session_key = None
            return {}

        self.idle_end = idle_end(web_session)
        self.absolute_end = absolute_end(web_session)
        return self.decode(str(web_session.data))

    def _keep_cookie_of(self, web_session: WebSession, session_key: str, now: float) -> None:
        """Let the browser keep the cookie of somebody whose session ended by its time."""
        # one that nobody signed in to ends unseen
        if not web_session.person:
            return
        self.missing_key = session_key
        is_longest = now >= absolute_end(web_session)
        self.known_reason = EndReason.LONGEST if is_longest else EndReason.IDLE

    def end(self, reason: EndReason | None) -> None:
        """End the session for good, and let the sign-in page say why, where that is known."""
        session_key = self.session_key or ""
        self.flush()
        if reason:
            ended_sessions.mark_now(hash_session_key(session_key), reason)
            self.missing_key = session_key
            # there is nothing to store: the cookie stays as it is
            self.modified = False

    def end_with(self, event: AuditEvent) -> None:
        """End the session and write the event that says so, both or neither; raise CooperError."""
        with transaction() as writes:
            writes.delete_key(WebSession, hash_session_key(self.session_key or ""))
            writes.create(event)

        # it has gone: `flush` has nothing left to delete
        self._session_key = None

    def end_reason(self, find: FindMark) -> EndReason | None:
        """Return why the session that the cookie stands for ended, where that is known."""
        if not self.missing_key:
            return None
        return self.known_reason or ended_sessions.reason_of(
            hash_session_key(self.missing_key), find
        )

    def forget_ended(self) -> None:
        """Let the browser forget the cookie of a session that has ended."""
        self.missing_key = ""

    def is_empty(self) -> bool:
        """Return whether the browser may forget its cookie: Django's middleware asks this."""
        return super().is_empty() and not self.missing_key

    def exists(self, session_key: str) -> bool:
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

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Return the data; {} when no secret key of the installation signed it.

        Raise CooperError when that cannot be told.
        """
        try:
            # the table has text; bytes are what Django's base class takes too
            signing.TimestampSigner(salt=self.key_salt).unsign(str(session_data))
        except signing.BadSignature:
            # another server may sign with a key that is still unknown here
            secret_keys.use()
        return super().decode(session_data)

    def save(self, must_create: bool = False) -> None:
        """Write the data.

        Raise CreateError when the key is taken, UpdateError when the session was deleted.
        """
        if self.session_key is None:
            self.create()
            return

        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        if must_create:
            self._insert(data)
        else:
            self._update(data)

    def _insert(self, data: dict[str, Any]) -> None:
        now = int(time.time())
        web_session = WebSession(
            hash_session_key(self.session_key or ""),
            data=self.encode(data),
            person=data.get(SESSION_KEY),
            created_at=now,
            touched_at=now,
            ends_at=data.get(ENDS_AT),
            expires=after(settings.COOPER_SESSION_IDLE + ENDED_KEPT),
        )
        try:
            with transaction() as writes:
                writes.create(web_session)
        except AlreadyExists as error:
            raise CreateError from error

    def _update(self, data: dict[str, Any]) -> None:
        """Write over a session that must exist; the time of its creation stays."""
        actions = [WebSession.data.set(self.encode(data))]
        if data.get(SESSION_KEY):
            actions.append(WebSession.person.set(data[SESSION_KEY]))
        if data.get(ENDS_AT):
            actions.append(WebSession.ends_at.set(data[ENDS_AT]))

        # the condition: a session that somebody ended meanwhile must not come back
        try:
            WebSession.update_item(
                hash_session_key(self.session_key or ""),
                actions=actions,
                condition=WebSession.key_hash.exists(),
            )
        except ConditionFailed as error:
            raise UpdateError from error

    def cycle_key(self) -> None:
        """Go on under a new key: somebody signs in. The session of before ends in any case."""
        missing_key = self.missing_key
        super().cycle_key()
        if missing_key:
            self.delete(missing_key)

    def delete(self, session_key: str | None = None) -> None:
        """End the session for good, even if the table seemed not to have it."""
        key = session_key or self.session_key or self.missing_key
        if not key:
            return

        WebSession.delete_item(hash_session_key(key))
        if key == self.missing_key:
            self.missing_key = ""

    @classmethod
    def clear_expired(cls) -> None:
        """Leave it to DynamoDB's TTL; `load` looks at the time itself."""


def _touch(web_session: WebSession, now: float) -> bool:
    """Note the use, at most once a minute; return False when the session was deleted meanwhile."""
    if now - float(web_session.touched_at) < TOUCH_EVERY:
        return True

    try:
        WebSession.update_item(
            web_session.key_hash,
            actions=[
                WebSession.touched_at.set(int(now)),
                WebSession.expires.set(after(settings.COOPER_SESSION_IDLE + ENDED_KEPT)),
            ],
            condition=WebSession.key_hash.exists(),
        )
    except ConditionFailed:
        return False

    web_session.touched_at = int(now)
    return True
