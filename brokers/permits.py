"""Permits: by a link that a command line prints, its person lets it become a target once.

A command line asks, its person gives the permit in the portal, and it is spent with the intent of
one grant. There is one for each command line, target and address, so that asking again stores
nothing more, and so that a permit is of no use from any other address.
"""

import hashlib
import secrets
import time
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
)

from accounts.command_lines import CommandLine
from brokers.catalogue_rows import CatalogueTarget
from brokers.errors import PermitNotGood
from core import audit
from core.audit import Event
from core.dynamo import Document, Stale, Transaction, transaction
from core.retry import retry

ASKED_SECONDS = 600
"""How long a link is good."""

GIVEN_SECONDS = 120
"""How long a permit is good, from when it is given."""

KEPT = 86_400
"""Seconds that the table keeps a permit after its end."""

KEY_LENGTH = 24
ASKING_LENGTH = 16
"""Letters of the two parts of a link's id."""

TRIES = 5


class PermitState(StrEnum):
    """What has become of an asking."""

    ASKED = "asked"
    GIVEN = "given"
    SPENT = "spent"


class Permit(Document):
    """What a command line asked for last, for one target and from one address.

    `asking` tells this asking from those before it; `ends_at`, in seconds since the epoch, is the
    end of the link while it is asked, and that of the permit once it is given.
    """

    purpose = "what command lines ask their people to permit"

    class Meta:
        table = "permits"

    permit_key = UnicodeAttribute(hash_key=True)
    asking = UnicodeAttribute()
    state = UnicodeAttribute()
    person = UnicodeAttribute()
    command_line = UnicodeAttribute()
    target = UnicodeAttribute()
    address = UnicodeAttribute()
    ends_at = NumberAttribute()
    browser_address = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    code_given = BooleanAttribute(null=True)
    expires = TTLAttribute()

    @property
    def link_id(self) -> str:
        """What the link names: this very asking."""
        return f"{self.permit_key}{self.asking}"

    def is_of_link(self, link_id: str) -> bool:
        """Return whether the link is of this asking, and of none before it."""
        return bool(self.link_id == link_id)

    def is_now(self, state: PermitState, now: float) -> bool:
        """Return whether it is in a state that is not over at `now` (since the epoch)."""
        return self.state == state and now < float(self.ends_at)


def permit_of_link(link_id: str) -> Permit | None:
    """Return what was asked for last where a link's id asked, None where nothing was.

    Raise CooperError. Whether the link is of this very asking is for the caller to look at.
    """
    if len(link_id) != KEY_LENGTH + ASKING_LENGTH:
        return None
    return Permit.find(link_id[:KEY_LENGTH])


# -- asking ----------------------------------------------------------------------------------------
def ask(command_line: CommandLine, target: CatalogueTarget, address: str) -> Permit:
    """Return what the command line asks its person for; it is on the audit log once."""
    return retry(partial(_ask_once, command_line, target, address), on=Stale, tries=TRIES)


def _ask_once(command_line: CommandLine, target: CatalogueTarget, address: str) -> Permit:
    now = time.time()
    key = _key(command_line, target, address)
    stored = Permit.find(key)
    if stored and stored.is_now(PermitState.ASKED, now):
        return stored

    permit = _asked(key, command_line, target, address, now)
    if stored:
        # it takes the place of the one before, unless somebody else was first
        permit.version = stored.version
    with transaction() as writes:
        writes.save(permit)
        writes.create(
            audit.event(
                Event.PERMIT_ASKED,
                person=str(command_line.person),
                target=target.name,
                aws_account=target.aws_account,
                command_line=str(command_line.session_id),
                client=str(command_line.client),
                permit=permit.link_id,
            )
        )
    return permit


def _asked(
    key: str, command_line: CommandLine, target: CatalogueTarget, address: str, now: float
) -> Permit:
    return Permit(
        key,
        asking=secrets.token_hex(ASKING_LENGTH // 2),
        state=str(PermitState.ASKED),
        person=str(command_line.person),
        command_line=str(command_line.session_id),
        target=target.name,
        address=address,
        ends_at=int(now) + ASKED_SECONDS,
        expires=_kept_until(now + ASKED_SECONDS),
    )


def _key(command_line: CommandLine, target: CatalogueTarget, address: str) -> str:
    parts = f"{command_line.session_id}|{target.name}|{address}"
    return hashlib.sha256(parts.encode()).hexdigest()[:KEY_LENGTH]


def _kept_until(ends_at: float) -> datetime:
    return datetime.fromtimestamp(ends_at + KEPT, UTC)


# -- giving ----------------------------------------------------------------------------------------
def give(permit: Permit, reason: str, *, code_given: bool, browser_address: str) -> None:
    """Let the command line that asked become its target once; raise PermitNotGood.

    `code_given` says that its person's one-time code was used up for it.
    """
    now = time.time()
    if not permit.is_now(PermitState.ASKED, now):
        raise PermitNotGood("not asked for any more")

    permit.state = str(PermitState.GIVEN)
    permit.ends_at = int(now) + GIVEN_SECONDS
    permit.expires = _kept_until(now + GIVEN_SECONDS)
    permit.reason = reason or None
    permit.code_given = code_given
    permit.browser_address = browser_address or None
    with transaction() as writes:
        writes.save(permit, refusal=PermitNotGood("given at the same moment"))
        writes.create(
            audit.event(
                Event.PERMIT_GIVEN,
                person=str(permit.person),
                target=str(permit.target),
                command_line=str(permit.command_line),
                asking_address=str(permit.address),
                reason=reason or None,
                permit=permit.link_id,
            )
        )


# -- spending --------------------------------------------------------------------------------------
def given_permit(command_line: CommandLine, target: CatalogueTarget, address: str) -> Permit | None:
    """Return the permit that the command line may spend now, None without one."""
    permit = Permit.find(_key(command_line, target, address))
    return permit if permit and permit.is_now(PermitState.GIVEN, time.time()) else None


def demand_fits(
    permit: Permit, *, person: str, command_line: str, target: str, takes_code: bool
) -> None:
    """Raise PermitNotGood unless it was given for this, and with a code where one is taken."""
    is_for_this = (
        permit.person == person
        and permit.command_line == command_line
        and permit.target == target
        and permit.is_now(PermitState.GIVEN, time.time())
    )
    if not is_for_this:
        raise PermitNotGood("for something else, or over")
    if takes_code and permit.code_given is not True:
        raise PermitNotGood("given without a code")


def spend(writes: Transaction, permit: Permit) -> None:
    """Let a transaction use the permit up; it raises PermitNotGood where another one was first."""
    writes.update(
        Permit,
        str(permit.permit_key),
        actions=[Permit.state.set(str(PermitState.SPENT))],
        condition=(Permit.asking == permit.asking)
        & (Permit.state == str(PermitState.GIVEN))
        & (Permit.ends_at > int(time.time())),
        refusal=PermitNotGood("spent by another grant"),
    )
