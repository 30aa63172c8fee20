"""Tokens and codes: made, found and used up. Only their SHA-256 is stored.

They are 256 random bits, so that a hash needs no salt. Their beginning says what they are, for
scanners that look for secrets in places where none should be.
"""

import hashlib
import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from core.dynamo import Transaction
from sso_portal.models import Token
from sso_portal.registrations import Client

ACCESS_SECONDS = 3_600
"""How long an access token is good: clients refresh it from 15 minutes before its end."""

CODE_SECONDS = 60

KEPT = 86_400
"""Seconds that the table keeps a token after its end."""


class Kind(StrEnum):
    """What a token is for."""

    CODE = "code"
    ACCESS = "access"
    REFRESH = "refresh"
    DEVICE = "device"
    USER_CODE = "user-code"

    @property
    def beginning(self) -> str:
        """How each such token begins."""
        return f"cooper_{self}_"


def token_hash(token: str) -> str:
    """Return the table's key for a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token(kind: Kind) -> str:
    """Return a new random token."""
    return kind.beginning + secrets.token_urlsafe(32)


def write(
    writes: Transaction, token: str, kind: Kind, client: Client, ends_at: float, **facts: Any
) -> None:
    """Let a transaction keep a token that is good until `ends_at` (seconds since the epoch)."""
    writes.create(
        Token(
            token_hash(token),
            kind=kind,
            client_id_hash=token_hash(client.client_id),
            ends_at=int(ends_at),
            expires=datetime.fromtimestamp(ends_at + KEPT, UTC),
            **facts,
        )
    )


def find(token: str, kind: Kind) -> Token | None:
    """Return a token of this kind as stored, whether or not it is over; raise CooperError."""
    if not token.startswith(kind.beginning):
        return None

    stored = Token.find(token_hash(token))
    if stored is None or stored.kind != kind:
        return None
    return stored


def is_good(token: Token, now: float) -> bool:
    """Return whether a token's time is not over at `now` (seconds since the epoch)."""
    return now < float(token.ends_at)


def is_of_client(token: Token, client: Client) -> bool:
    """Return whether a token was given to this client."""
    return bool(token.client_id_hash == token_hash(client.client_id))
