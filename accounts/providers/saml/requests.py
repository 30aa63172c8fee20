"""A browser's requests to identity providers, and the records that make a response count once.

Each request is a signed cookie of its own in the browser: tabs that begin at once, as after a
browser's restart, do not overwrite each other's.
"""

import hashlib
import secrets
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from accounts.models import OnceRecord
from accounts.providers.base import SignInRefused
from core.dynamo import AlreadyExists, transaction

REQUEST_SECONDS = 900
"""How long a request waits for its response."""

REQUESTS_LIMIT = 10
"""Requests that a browser may have open; with more, the oldest is forgotten."""

COOKIES_LIMIT = 4_000
"""Characters of all their cookies. Servers take 8 KB of cookies or so, and there are others."""

SIGNING_SALT = "accounts.providers.saml.requests"

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
    """Return this browser's requests that may be answered, by ID, oldest first.

    One that was answered is among them still: `use_once` refuses its second response.
    """
    requests = []
    for cookie_name in _cookie_names(request):
        try:
            signed = signing.loads(
                request.COOKIES[cookie_name], salt=SIGNING_SALT, max_age=REQUEST_SECONDS
            )
        except signing.BadSignature:
            continue
        request_id = signed.pop("id")
        if cookie_name == _cookie_name(request_id):
            requests.append((request_id, AuthnRequest(**signed)))

    requests.sort(key=lambda pair: pair[1].at)
    return dict(requests)


def remember(
    request: HttpRequest, response: HttpResponse, request_id: str, authn_request: AuthnRequest
) -> None:
    """Give the browser a request to keep; its oldest ones make room for it."""
    value = signing.dumps(
        {"id": request_id, **asdict(authn_request)}, salt=SIGNING_SALT, compress=True
    )
    # other sites' posts carry it (an identity provider's response), so SameSite=None, and with it
    # Secure: browsers take that from https and from localhost
    response.set_cookie(
        _cookie_name(request_id),
        value,
        max_age=REQUEST_SECONDS,
        secure=True,
        httponly=True,
        samesite="None",
    )
    _make_room(request, response, len(value))


def _make_room(request: HttpRequest, response: HttpResponse, size: int) -> None:
    """Let the browser drop what is not good any more, and then its oldest requests."""
    good = [_cookie_name(request_id) for request_id in pending(request)]
    for cookie_name in _cookie_names(request):
        if cookie_name not in good:
            _delete_cookie(response, cookie_name)

    sizes = {name: len(name) + len(request.COOKIES[name]) for name in good}
    own_size = size + max(map(len, good), default=0)
    while sizes and (
        len(sizes) >= REQUESTS_LIMIT or sum(sizes.values()) + own_size > COOKIES_LIMIT
    ):
        oldest = next(iter(sizes))
        del sizes[oldest]
        _delete_cookie(response, oldest)


def _delete_cookie(response: HttpResponse, cookie_name: str) -> None:
    response.delete_cookie(cookie_name, samesite="None")


def _cookie_names(request: HttpRequest) -> list[str]:
    prefix = f"{settings.SAML_REQUEST_COOKIE_NAME}-"
    return [name for name in request.COOKIES if name.startswith(prefix)]


def _cookie_name(request_id: str) -> str:
    digest = hashlib.sha256(request_id.encode()).hexdigest()[:16]
    return f"{settings.SAML_REQUEST_COOKIE_NAME}-{digest}"


# -- single use --


def use_once(provider: str, request_id: str, assertion_id: str, next_page: str = "") -> None:
    """Use up a request and an assertion, for all processes (SAML Profiles 4.1.4.5).

    Raise SignInRefused if either was used before: it leads whoever is signed in to `next_page`.
    """
    expires = datetime.now(UTC) + USED_FOR
    try:
        with transaction() as writes:
            for used in (f"request:{request_id}", f"assertion:{provider}:{assertion_id}"):
                digest = hashlib.sha256(used.encode()).hexdigest()
                writes.create(OnceRecord(f"saml:{digest}", expires=expires))
    except AlreadyExists as error:
        raise SignInRefused(
            "This sign-in was already used. Sign in again.",
            "replay: used before",
            signed_in_page=next_page,
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
