"""Grants as a view asks for them, for tests that call `grant` itself."""

import secrets
import time
from datetime import UTC, datetime
from typing import Any

from accounts.identity import Identity
from accounts.models import WebSession
from accounts.sessions import hash_session_key
from brokers import catalogue
from brokers.catalogue_state import Catalogue
from brokers.grants import Delivery, GrantRequest, IssuedGrant, grant
from core.dynamo import after, transaction


def web_session_of(identity: Identity) -> str:
    """Begin a web session of the identity; return the hash of its key."""
    key_hash = hash_session_key(secrets.token_hex(16))
    now = int(time.time())
    web_session = WebSession(
        key_hash,
        data="",
        person=identity.person,
        created_at=now,
        touched_at=now,
        expires=after(3600),
    )
    with transaction() as writes:
        writes.create(web_session)
    return key_hash


def request_of(
    identity: Identity,
    target: str = "dev-read",
    seconds: int = 900,
    delivery: Delivery = Delivery.CREDENTIALS,
    **more: Any,
) -> GrantRequest:
    """Return what the identity asks for, in a web session of its own unless one is given."""
    more.setdefault("web_session", web_session_of(identity))
    return GrantRequest(target, seconds, delivery, **more)


def become(
    identity: Identity,
    target: str = "dev-read",
    *,
    catalogue_now: Catalogue | None = None,
    **more: Any,
) -> IssuedGrant:
    """Let the identity become a target, by a fresh catalogue unless one is given."""
    request = request_of(identity, target, **more)
    return grant(identity, request, datetime.now(UTC), catalogue_now or catalogue.current())
