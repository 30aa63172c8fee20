"""Tokens of programs that may disable people, and do nothing else: for off-boarding.

Made on the host, where each is shown once; stored is its SHA-256 alone, with a name, who made it
and its end. It is 256 random bits, so that a plain hash keeps it. The server reads them and cannot
write them (docs/iam/serve.json).
"""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from core import audit, installation
from core.audit import Event
from core.dynamo import transaction
from core.errors import Conflict, Invalid
from core.installation import Installation

ITEM = "service-tokens"
"""The item of the installation that holds them: JSON, the oldest first."""

BEGINNING = "cooper_service_"

OF_ONE_NAME = 2
"""Tokens of one name at a time: a new one is put in place before the old one goes."""

MOST = 20

LONGEST_DAYS = 400

LONGEST_NAME = 60


@dataclass(frozen=True)
class ServiceToken:
    """A token as it is stored; times are ISO 8601."""

    id: str
    """What it is called by when it is revoked; no secret."""

    name: str
    digest: str
    """SHA-256 of the token, in hex."""

    made_by: str
    made_at: str
    ends_at: str

    @property
    def is_over(self) -> bool:
        return datetime.fromisoformat(self.ends_at) <= audit.now()


def everything() -> list[ServiceToken]:
    """Return all that are stored, those that are over too; the oldest first."""
    item = Installation.find(ITEM)
    return _tokens_in(item) if item else []


def holder_of(token: str) -> ServiceToken | None:
    """Return which token this is, None for one that there is not or that is over."""
    digest = _digest(token)
    # each is compared, so that the time tells nothing of which there are
    matching = [one for one in everything() if compare_digest(one.digest, digest)]
    good = [one for one in matching if not one.is_over]
    return good[0] if good else None


def add(name: str, days: int, made_by: str) -> str:
    """Make a token and return it: it is shown this once. Raise Invalid or Conflict."""
    if not name.isprintable() or not 0 < len(name.strip()) <= LONGEST_NAME:
        raise Invalid(f"A token's name has 1 to {LONGEST_NAME} characters.", field="name")
    if not 0 < days <= LONGEST_DAYS:
        raise Invalid(f"A token is good for 1 to {LONGEST_DAYS} days.", field="days")

    # set-up makes none: most installations need none
    installation.ensure(ITEM, value="[]")
    item = installation.set_up_item(ITEM)
    # those that are over go with the next one that is made
    tokens = [one for one in _tokens_in(item) if not one.is_over]
    _refuse_too_many(tokens, name)

    text = BEGINNING + secrets.token_urlsafe(32)
    moment = audit.now()
    ends_at = moment + timedelta(days=days)
    token = ServiceToken(
        id=secrets.token_hex(4),
        name=name,
        digest=_digest(text),
        made_by=made_by,
        made_at=moment.isoformat(timespec="seconds"),
        ends_at=ends_at.isoformat(timespec="seconds"),
    )
    _save(item, [*tokens, token], Event.SERVICE_TOKEN_MADE, token)
    return text


def revoke(token_id: str) -> ServiceToken:
    """Let a token be good for nothing from now on, and return it; raise Invalid or Conflict."""
    item = Installation.find(ITEM)
    tokens = _tokens_in(item) if item else []
    revoked = [one for one in tokens if one.id == token_id]
    if item is None or not revoked:
        raise Invalid(f"There is no service token {token_id}: cooper -tokens list", field="id")

    kept = [one for one in tokens if one.id != token_id]
    _save(item, kept, Event.SERVICE_TOKEN_REVOKED, revoked[0])
    return revoked[0]


def _refuse_too_many(tokens: list[ServiceToken], name: str) -> None:
    if sum(one.name == name for one in tokens) >= OF_ONE_NAME:
        raise Conflict(f"There are {OF_ONE_NAME} tokens {name} already: revoke one of them first.")
    if len(tokens) >= MOST:
        raise Conflict(f"There are {MOST} tokens already: revoke some first.")


def _save(
    item: Installation, tokens: list[ServiceToken], event: Event, token: ServiceToken
) -> None:
    item.value = json.dumps([asdict(one) for one in tokens])
    with transaction() as writes:
        writes.save(item)
        writes.create(
            audit.event(event, object=token.name, token_id=token.id, ends_at=token.ends_at)
        )


def _tokens_in(item: Installation) -> list[ServiceToken]:
    return [ServiceToken(**stored) for stored in json.loads(item.value or "[]")]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
