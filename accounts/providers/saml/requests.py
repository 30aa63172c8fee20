"""What this browser asked of identity providers, and the records that make an answer count once."""

import hashlib
import secrets
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest

from accounts.models import OnceRecord
from accounts.providers.base import SignInRefused
from core.dynamo import AlreadyExists, transaction

PENDING = "saml_requests"
LIVES = 900
"""Seconds in which a request is to be answered."""

AT_ONCE = 10
"""Requests that a browser may have open; more, and the oldest is forgotten."""

ONCE_KEPT = timedelta(days=2)
"""How long an assertion is remembered as used; one that was issued 11 minutes ago is refused anyway."""

TRY_LIVES = 1_800
"""Seconds in which the address of a try can be opened."""


@dataclass(frozen=True)
class Request:
    """One request to an identity provider; `at` in seconds since the epoch."""

    provider: str
    next: str = ""
    fresh: bool = False
    bounced: bool = False
    trying: bool = False
    at: float = field(default_factory=time.time)


def session_of(request: HttpRequest) -> Any:
    """Return the web session that other sites' posts carry (SamlSessionMiddleware)."""
    return request.saml_session  # type: ignore[attr-defined]


def pending(request: HttpRequest) -> dict[str, Request]:
    """Return this browser's requests that still wait for their answer, oldest first."""
    found = session_of(request).get(PENDING, {})
    made = {key: Request(**value) for key, value in found.items()}
    return {key: each for key, each in made.items() if 0 <= time.time() - each.at <= LIVES}


def remember(request: HttpRequest, request_id: str, asked: Request) -> None:
    """Note a request; the oldest ones make room."""
    kept = [*pending(request).items(), (request_id, asked)][-AT_ONCE:]
    session_of(request)[PENDING] = {key: asdict(each) for key, each in kept}


def forget(request: HttpRequest, request_id: str) -> None:
    """Drop a request that was answered."""
    kept = {key: asdict(each) for key, each in pending(request).items() if key != request_id}
    session_of(request)[PENDING] = kept


def use_up(provider: str, request_id: str, assertion_id: str) -> None:
    """Let a request and an assertion count once, over all processes; raise SignInRefused the second time."""
    expires = datetime.now(UTC) + ONCE_KEPT
    try:
        with transaction() as writes:
            for what in (f"request:{request_id}", f"assertion:{provider}:{assertion_id}"):
                writes.create(
                    OnceRecord(f"saml:{hashlib.sha256(what.encode()).hexdigest()}", expires=expires)
                )
    except AlreadyExists as error:
        raise SignInRefused(
            "This sign-in was used already. Sign in again.", "replay: used before"
        ) from error


def new_try(provider: str) -> str:
    """Return a secret that lets one browser try an identity provider, for half an hour."""
    secret = secrets.token_urlsafe(24)
    expires = datetime.now(UTC) + timedelta(seconds=TRY_LIVES)
    with transaction() as writes:
        writes.create(OnceRecord(_try_key(provider, secret), expires=expires))
    return secret


def may_try(provider: str, secret: str) -> bool:
    """Return whether the secret lets somebody try this identity provider now."""
    found = OnceRecord.find(_try_key(provider, secret))
    return found is not None and found.expires > datetime.now(UTC)


def _try_key(provider: str, secret: str) -> str:
    """Return the key under which a try's secret is known: the secret itself is stored nowhere."""
    return "saml-try:" + hashlib.sha256(f"{provider}\n{secret}".encode()).hexdigest()
