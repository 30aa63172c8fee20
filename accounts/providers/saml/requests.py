"""A browser's requests to identity providers, and the records that make a response count once."""

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

SESSION_KEY = "saml_requests"

REQUEST_SECONDS = 900
"""How long a request waits for its response."""

REQUESTS_LIMIT = 10
"""Requests that a browser may have open; with more, the oldest is forgotten."""

USED_FOR = timedelta(days=2)
"""How long an assertion is remembered as used. One issued 11 minutes ago is refused anyway."""

TEST_SECONDS = 1_800
"""How long the link of a test sign-in works."""


@dataclass(frozen=True)
class AuthnRequest:
    """A request to an identity provider, as the web session keeps it."""

    provider: str
    next: str = ""
    """The page to go on to."""

    fresh: bool = False
    """Whether it asks for a fresh authentication (ForceAuthn)."""

    bounced: bool = False
    """Whether it follows an unsolicited response (SAML Profiles 4.1.5)."""

    trying: bool = False
    """Whether it is a test, which shows the assertion and signs nobody in."""

    at: float = field(default_factory=time.time)
    """Seconds since the epoch."""


# -- requests of this browser --


def pending(request: HttpRequest) -> dict[str, AuthnRequest]:
    """Return this browser's requests that wait for a response, by ID, oldest first."""
    requests = {}
    for request_id, values in _saml_session(request).get(SESSION_KEY, {}).items():
        authn_request = AuthnRequest(**values)
        if 0 <= time.time() - authn_request.at <= REQUEST_SECONDS:
            requests[request_id] = authn_request
    return requests


def remember(request: HttpRequest, request_id: str, authn_request: AuthnRequest) -> None:
    """Note a request; the oldest ones make room for it."""
    requests = [*pending(request).items(), (request_id, authn_request)]
    _save(request, dict(requests[-REQUESTS_LIMIT:]))


def forget(request: HttpRequest, request_id: str) -> None:
    """Drop a request that was answered."""
    requests = pending(request)
    requests.pop(request_id, None)
    _save(request, requests)


def _save(request: HttpRequest, requests: dict[str, AuthnRequest]) -> None:
    _saml_session(request)[SESSION_KEY] = {
        request_id: asdict(authn_request) for request_id, authn_request in requests.items()
    }


def _saml_session(request: HttpRequest) -> Any:
    """Return the web session whose cookie other sites' posts carry (SamlSessionMiddleware)."""
    return request.saml_session  # type: ignore[attr-defined]


# -- single use --


def use_once(provider: str, request_id: str, assertion_id: str) -> None:
    """Use up a request and an assertion, for all processes (SAML Profiles 4.1.4.5).

    Raise SignInRefused if either was used before.
    """
    expires = datetime.now(UTC) + USED_FOR
    try:
        with transaction() as writes:
            for used in (f"request:{request_id}", f"assertion:{provider}:{assertion_id}"):
                digest = hashlib.sha256(used.encode()).hexdigest()
                writes.create(OnceRecord(f"saml:{digest}", expires=expires))
    except AlreadyExists as error:
        raise SignInRefused(
            "This sign-in was already used. Sign in again.", "replay: used before"
        ) from error


# -- test sign-ins --


def create_test(provider: str) -> str:
    """Return a secret that lets whoever has it test an identity provider, for half an hour."""
    secret = secrets.token_urlsafe(24)
    expires = datetime.now(UTC) + timedelta(seconds=TEST_SECONDS)
    with transaction() as writes:
        writes.create(OnceRecord(_test_key(provider, secret), expires=expires))
    return secret


def may_test(provider: str, secret: str) -> bool:
    """Return whether the secret is one of `create_test` for this provider, and still good."""
    record = OnceRecord.find(_test_key(provider, secret))
    return record is not None and record.expires > datetime.now(UTC)


def _test_key(provider: str, secret: str) -> str:
    """Return the key of a test's record: the secret itself is stored nowhere."""
    return "saml-try:" + hashlib.sha256(f"{provider}\n{secret}".encode()).hexdigest()
