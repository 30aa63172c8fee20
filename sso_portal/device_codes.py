"""Signing in on a host without a browser: a code that its person types at cooper (RFC 8628).

Whoever can make somebody type a code gets that person's command line: this is how the protocol is
abused most. So it is off unless groups are named, no address that is printed has the code, it takes
a sign-in of the last minutes, and what it gives is short and reaches no sensitive target.
"""

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from django.conf import settings

from accounts import announcements, throttle
from accounts.announcements import Announcement, Happening
from accounts.command_lines import Way
from accounts.identity import Identity, parse_groups
from accounts.models import Person
from brokers.errors import TooMany
from core import audit
from core.audit import Event
from core.dynamo import Stale, transaction
from core.errors import Invalid, Refused
from core.typed_text import plain
from sso_portal import signing_in, tokens
from sso_portal.models import Token
from sso_portal.protocol_errors import OidcError, OidcRefusal
from sso_portal.registrations import Client
from sso_portal.signing_in import Tokens
from sso_portal.tokens import Kind

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Of codes that people type: no vowels, so no words, and nothing that looks like a digit.

RFC 8628, 6.1.
"""

LENGTH = 8
"""Letters of such a code: 20 ** 8 of them."""

SECONDS = 600
"""How long a code waits for its person."""

INTERVAL = 2
"""Seconds that clients wait between two polls."""

POLLS_PER_MINUTE = 40
"""Polls for one code: the AWS CLI's first two come at once."""

STARTS_PER_MINUTE = 30
"""Codes that one source may ask for."""

GUESSES = 20
"""Codes that one person may type in ten minutes, right ones too."""

GUESSES_OF_ADDRESS = 100
"""The same for one source: a company may have one address."""

OFF = (
    "This cooper lets nobody sign in by a device code: COOPER_DEVICE_CODE names no group. Run "
    "`aws sso login` without --use-device-code, on a computer with a browser."
)
OFF_FOR_PEOPLE = "This cooper lets nobody sign in by a device code."
NOT_YOU = "Signing in by a device code is for members of some groups, and you are in none of them."
NO_SUCH_CODE = (
    "No command line waits for this code. Codes last 10 minutes and are good for one decision: "
    "look at what the tool shows now."
)
NOT_A_CODE = f"A code has {LENGTH} letters, as in BCDF-GHJK."


class TooManyGuesses(Refused):
    """Too many codes were typed by this person, or from their network address."""

    status = 429  # type: ignore[assignment]


class Decision(StrEnum):
    """What a person has said."""

    WAITING = "waiting"
    ALLOWED = "allowed"
    DENIED = "denied"


@dataclass(frozen=True)
class Started:
    """What a tool gets: the code that it polls with, and the one that its person types."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)


@dataclass(frozen=True)
class Waiting:
    """A tool that waits for its person's decision."""

    user_code: str = field(repr=False)
    device: Token
    pointer: Token

    @property
    def client_name(self) -> str:
        """What the tool calls itself: anybody may call themselves anything."""
        return str(self.device.client_name)

    @property
    def address(self) -> str:
        """From where it asks."""
        return str(self.device.asked_from or "")

    @property
    def since(self) -> datetime:
        return datetime.fromtimestamp(float(self.device.ends_at) - SECONDS, UTC)


# -- whether it is on, and for whom ----------------------------------------------------------------
def is_for(identity: Identity) -> bool:
    """Return whether this person may allow command lines by a code."""
    return not identity.groups.isdisjoint(parse_groups(settings.COOPER_DEVICE_CODE))


def why_not_for(identity: Identity) -> str:
    """Return why this person may not, "" when they may."""
    if not settings.COOPER_DEVICE_CODE:
        return OFF_FOR_PEOPLE
    return "" if is_for(identity) else NOT_YOU


def _demand_on() -> None:
    if not settings.COOPER_DEVICE_CODE:
        raise OidcRefusal(OidcError.UNAUTHORIZED_CLIENT, OFF)


# -- the tool: starting, polling -------------------------------------------------------------------
def start(client: Client, address: str) -> Started:
    """Let a tool wait for its person; raise OidcRefusal where that is off, and TooMany."""
    _demand_on()
    if throttle.count(f"device-code#{throttle.source_of(address)}", 60) > STARTS_PER_MINUTE:
        seconds = throttle.seconds_left(60)
        message = f"Too many codes from your network address. Try again in {seconds} seconds."
        raise TooMany(message, "device codes of an address", retry_after=seconds)

    letters = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    started = Started(tokens.new_token(Kind.DEVICE), letters)
    ends_at = time.time() + SECONDS
    facts = {"session_id": secrets.token_hex(16)}
    with transaction() as writes:
        tokens.write(
            writes,
            started.device_code,
            Kind.DEVICE,
            client,
            ends_at,
            client_name=client.name,
            asked_from=address or None,
            decision=str(Decision.WAITING),
            **facts,
        )
        tokens.write(
            writes,
            _token_of(letters),
            Kind.USER_CODE,
            client,
            ends_at,
            device_hash=tokens.token_hash(started.device_code),
            **facts,
        )
    return started


def poll(client: Client, device_code: str) -> Tokens:
    """Begin the command line that a person has allowed; raise OidcRefusal, also while they think.

    Of several that poll at once, one gets it.
    """
    _demand_on()
    stored = tokens.find(device_code, Kind.DEVICE)
    if stored is None or stored.spent or not tokens.is_of_client(stored, client):
        raise OidcRefusal(OidcError.INVALID_GRANT, signing_in.NO_LONGER_GOOD)
    if stored.decision == Decision.DENIED:
        raise OidcRefusal(OidcError.ACCESS_DENIED, "Its person did not allow it.")
    if not tokens.is_good(stored, time.time()):
        raise OidcRefusal(OidcError.EXPIRED_TOKEN, "The code is over. Run `aws sso login` again.")
    if stored.decision != Decision.ALLOWED:
        raise _pending(stored)

    _demand_member(stored)
    # from where its person saw it ask: a use from anywhere else is told of
    return signing_in.begin(client, stored, str(stored.asked_from or ""))


def _pending(stored: Token) -> OidcRefusal:
    if throttle.count(f"device-poll#{stored.token_hash}", 60) > POLLS_PER_MINUTE:
        return OidcRefusal(OidcError.SLOW_DOWN, "Ask less often.")
    return OidcRefusal(OidcError.AUTHORIZATION_PENDING, "Its person has not decided yet.")


def _demand_member(stored: Token) -> None:
    """Demand that the person may still allow it; whoever is gone or disabled is refused later."""
    person = Person.find(str(stored.person))
    if person and not is_for(person.identity()):
        raise OidcRefusal(OidcError.ACCESS_DENIED, NOT_YOU)


# -- the person: looking at it, deciding -----------------------------------------------------------
def find_waiting(typed: str, identity: Identity, address: str) -> Waiting:
    """Return the tool that waits for a code, as typed by this person at this address.

    Each one counts as a guess. Raise Invalid, on the field `user_code`, and TooManyGuesses.
    """
    letters = plain(typed).upper().replace("-", "").replace(" ", "")
    if len(letters) != LENGTH or not set(LETTERS).issuperset(letters):
        raise Invalid(NOT_A_CODE, "not a code", field="user_code")

    _count_guess(identity, address)
    waiting = _find(letters)
    if not waiting:
        audit.record(Event.COMMAND_LINE_REFUSED, target=identity.person, why="no such code")
        raise Invalid(NO_SUCH_CODE, "no such code", field="user_code")
    return waiting


def decide(
    waiting: Waiting,
    identity: Identity,
    *,
    is_allowed: bool,
    web_session: str,
    authenticated_at: datetime,
    address: str,
) -> None:
    """Write the person's one decision, with its event; raise Invalid when there was one before.

    `web_session` is the one that asks, by the hash of its key; `address` is the browser's.
    """
    device = waiting.device
    if is_allowed:
        # first: nothing is allowed of which its person is not told
        announcement = Announcement(
            Happening.DEVICE_CODE, waiting.client_name, waiting.address, id=str(device.session_id)
        )
        announcements.announce(identity.person, announcement)

    device.decision = str(Decision.ALLOWED if is_allowed else Decision.DENIED)
    device.person = identity.person
    device.epoch = identity.epoch
    device.web_session = web_session
    device.authenticated_at = authenticated_at
    device.address = address or None
    event = Event.COMMAND_LINE_ALLOWED if is_allowed else Event.COMMAND_LINE_DENIED
    try:
        with transaction() as writes:
            writes.save(device)
            writes.delete(waiting.pointer)
            writes.create(
                audit.event(
                    event,
                    target=identity.person,
                    command_line=str(device.session_id),
                    client=waiting.client_name,
                    way=str(Way.DEVICE_CODE),
                    asked_from=waiting.address or None,
                    why=None if is_allowed else "denied by the person",
                )
            )
    except Stale as error:
        raise Invalid(NO_SUCH_CODE, "decided meanwhile", field="user_code") from error


def _count_guess(identity: Identity, address: str) -> None:
    limits = {
        f"device-guess#{identity.person}": GUESSES,
        f"device-guess-from#{throttle.source_of(address)}": GUESSES_OF_ADDRESS,
    }
    for what, limit in limits.items():
        if throttle.count(what, SECONDS) > limit:
            minutes = throttle.seconds_left(SECONDS) // 60 + 1
            raise TooManyGuesses(
                f"Too many codes were typed. Try again in {minutes} minutes.", "too many guesses"
            )


def _find(letters: str) -> Waiting | None:
    pointer = tokens.find(_token_of(letters), Kind.USER_CODE)
    if not pointer or not tokens.is_good(pointer, time.time()):
        return None
    device = Token.find(str(pointer.device_hash))
    if not device or device.decision != Decision.WAITING:
        return None
    return Waiting(shown(letters), device, pointer)


def _token_of(letters: str) -> str:
    return Kind.USER_CODE.beginning + letters


def shown(letters: str) -> str:
    """Return a code as people read it, in two halves."""
    return f"{letters[: LENGTH // 2]}-{letters[LENGTH // 2 :]}"
