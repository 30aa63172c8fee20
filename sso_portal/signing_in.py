"""From a person's yes in the browser to the tokens of a command line.

A yes makes a code, good for a minute and once. The code makes the command line and its tokens, in
one transaction with the event on the audit log.
"""

import base64
import hashlib
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.utils.crypto import constant_time_compare

from accounts import announcements, command_lines
from accounts.announcements import Announcement, Happening
from accounts.command_lines import CommandLine, Way
from accounts.identity import Identity
from accounts.models import Person, WebSession
from core import audit
from core.audit import Event
from core.dynamo import Stale, Transaction, transaction
from sso_portal import addresses, tokens
from sso_portal.addresses import OtherAddress
from sso_portal.models import Token
from sso_portal.protocol_errors import OidcError, OidcRefusal
from sso_portal.registrations import Client
from sso_portal.tokens import Kind

VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
"""A code verifier (RFC 7636, 4.1)."""

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
"""A code challenge by S256 (RFC 7636, 4.2)."""

NO_LONGER_GOOD = "This code or token is not good any more. Run `aws sso login` again."


@dataclass(frozen=True)
class Authorization:
    """What a client asks a person to allow."""

    client: Client
    redirect_uri: str
    challenge: str


@dataclass(frozen=True)
class Tokens:
    """What a client gets; `expires_in` is the access token's, in seconds.

    `refresh` is "" where there is no refresh token.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in: int


DEVICE_CODE_SECONDS = 3_600
"""The longest that a command line lives which was allowed by a device code."""


def end_for(authenticated_at: datetime) -> float:
    """Return when a command line ends whose person last authenticated then (since the epoch)."""
    return authenticated_at.timestamp() + float(settings.COOPER_COMMAND_LINE_SECONDS)


# -- the person's yes ------------------------------------------------------------------------------
def allow(
    authorization: Authorization,
    identity: Identity,
    web_session: str,
    authenticated_at: datetime,
    address: str,
) -> str:
    """Return the code that lets the client begin a command line of this person."""
    code = tokens.new_token(Kind.CODE)
    session_id = secrets.token_hex(16)

    with transaction() as writes:
        tokens.write(
            writes,
            code,
            Kind.CODE,
            authorization.client,
            time.time() + tokens.CODE_SECONDS,
            session_id=session_id,
            person=identity.person,
            epoch=identity.epoch,
            web_session=web_session,
            authenticated_at=authenticated_at,
            address=address or None,
            redirect_uri=authorization.redirect_uri,
            challenge=authorization.challenge,
        )
        writes.create(
            audit.event(
                Event.COMMAND_LINE_ALLOWED,
                target=identity.person,
                command_line=session_id,
                client=authorization.client.name,
            )
        )
    return code


# -- code for tokens -------------------------------------------------------------------------------
def exchange_code(
    client: Client, code: str, verifier: str, redirect_uri: str, address: str
) -> Tokens:
    """Begin the command line that a code stands for; raise OidcRefusal.

    The second use of a code ends what came of the first: one of the two was not its owner.
    """
    stored = tokens.find(code, Kind.CODE)
    if stored is None or not tokens.is_of_client(stored, client):
        raise _invalid_grant()

    if stored.spent:
        with audit.acting(person=str(stored.person)):
            command_lines.end(str(stored.session_id), why="its code was used twice")
        raise _invalid_grant()

    is_right = (
        tokens.is_good(stored, time.time())
        and constant_time_compare(str(stored.redirect_uri), redirect_uri)
        and constant_time_compare(str(stored.challenge), challenge_of(verifier))
    )
    if not is_right:
        raise _invalid_grant()
    return begin(client, stored, address)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier, "" for what is none (RFC 7636, 4.2)."""
    if not VERIFIER.fullmatch(verifier):
        return ""

    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def begin(client: Client, code: Token, address: str) -> Tokens:
    """Begin the command line that a person's yes stands for, and use that up; raise OidcRefusal.

    `code` is one by redirect, or a device code that was allowed: that gets no refresh token.
    """
    now = time.time()
    _demand_person(code)
    _demand_web_session(code)
    command_line = _command_line(client, code, address, now)
    new_tokens = _new_tokens(command_line, now)

    if command_line.is_from_browser:
        # first: no command line of which its person is not told; of a device code they are already
        announcements.announce(
            str(code.person),
            Announcement(Happening.COMMAND_LINE, client.name, address, id=str(code.session_id)),
        )
    code.spent = True
    try:
        with transaction() as writes:
            writes.save(code)
            writes.create(command_line)
            _write_tokens(writes, client, command_line, new_tokens, now)
            writes.create(
                audit.event(
                    Event.COMMAND_LINE_BEGUN,
                    person=str(code.person),
                    target=str(code.person),
                    command_line=str(code.session_id),
                    client=client.name,
                    browser_address=code.address,
                    way=str(command_line.way),
                )
            )
    except Stale as error:
        # somebody else was first with the same code
        raise _invalid_grant() from error
    return new_tokens


def _demand_person(code: Token) -> None:
    person = Person.find(str(code.person))
    if person is None or person.disabled is not False or person.epoch != code.epoch:
        raise _invalid_grant()


def _demand_web_session(code: Token) -> None:
    """Refuse what was allowed in a web session that was signed out since, as with what it began."""
    ends_with_it = settings.COOPER_SIGN_OUT_ENDS_COMMAND_LINES
    if ends_with_it and not WebSession.find(str(code.web_session)):
        raise _invalid_grant()


def _command_line(client: Client, code: Token, address: str, now: float) -> CommandLine:
    authenticated_at: datetime = code.authenticated_at
    ends_at = end_for(authenticated_at)
    way = Way.BROWSER if code.kind == Kind.CODE else Way.DEVICE_CODE
    if way == Way.DEVICE_CODE:
        ends_at = min(ends_at, now + DEVICE_CODE_SECONDS)

    return CommandLine(
        str(code.session_id),
        person=str(code.person),
        epoch=int(code.epoch),
        client=client.name,
        address=address or None,
        web_session=str(code.web_session),
        authenticated_at=authenticated_at,
        created_at=int(now),
        touched_at=int(now),
        ends_at=int(ends_at),
        way=str(way),
        expires=datetime.fromtimestamp(ends_at + tokens.KEPT, UTC),
    )


def _write_tokens(
    writes: Transaction, client: Client, command_line: CommandLine, new: Tokens, now: float
) -> None:
    session_id = str(command_line.session_id)
    access_end = now + new.expires_in
    tokens.write(writes, new.access, Kind.ACCESS, client, access_end, session_id=session_id)
    if new.refresh:
        refresh_end = float(command_line.ends_at)
        tokens.write(writes, new.refresh, Kind.REFRESH, client, refresh_end, session_id=session_id)


def _new_tokens(command_line: CommandLine, now: float) -> Tokens:
    expires_in = _access_seconds(float(command_line.ends_at) - now)
    refresh_token = tokens.new_token(Kind.REFRESH) if command_line.is_from_browser else ""
    return Tokens(tokens.new_token(Kind.ACCESS), refresh_token, expires_in)


def _access_seconds(seconds_left: float) -> int:
    """Return how long an access token is good whose command line ends in so many seconds."""
    seconds = int(min(tokens.ACCESS_SECONDS, seconds_left))
    if seconds <= 0:
        raise _invalid_grant()
    return seconds


# -- refreshing ------------------------------------------------------------------------------------
def refresh(client: Client, refresh_token: str, address: str) -> Tokens:
    """Return a new access token, and the refresh token as it was; raise OidcRefusal.

    `address` is where the request came from: see `sso_portal.addresses`.

    It is not replaced: programs that refresh at the same moment would put each other out.
    """
    now = time.time()
    stored = tokens.find(refresh_token, Kind.REFRESH)
    if stored is None or not tokens.is_of_client(stored, client) or not tokens.is_good(stored, now):
        raise _invalid_grant()

    active = command_lines.find_active(str(stored.session_id), now)
    if active is None:
        raise _invalid_grant()

    try:
        addresses.demand_place(active.command_line, address)
    except OtherAddress as refusal:
        raise OidcRefusal(OidcError.INVALID_GRANT, refusal.message) from refusal

    access = tokens.new_token(Kind.ACCESS)
    expires_in = _access_seconds(float(active.command_line.ends_at) - now)

    with transaction() as writes:
        tokens.write(
            writes,
            access,
            Kind.ACCESS,
            client,
            now + expires_in,
            session_id=str(stored.session_id),
        )
    return Tokens(access, refresh_token, expires_in)


def _invalid_grant() -> OidcRefusal:
    return OidcRefusal(OidcError.INVALID_GRANT, NO_LONGER_GOOD)
