"""Client registrations (RegisterClient): what a client says of itself, signed and given back.

Anybody may register, so nothing is stored, and what a client calls itself is never to be trusted.
Source: https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_RegisterClient.html
"""

import re
import secrets
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.utils.crypto import constant_time_compare

from sso_portal import registration_keys
from sso_portal.protocol_errors import OidcError, OidcRefusal
from sso_portal.registration_keys import RegistrationKey

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a grant type's name
GRANT_TYPES = frozenset({DEVICE_CODE, AUTHORIZATION_CODE, REFRESH_TOKEN})

NAME_LIMIT = 128
"""Characters of a client's name that are kept."""

MOST_REDIRECTS = 5
REDIRECT_LIMIT = 255
"""Characters."""

LOOPBACK = re.compile(
    r"http://(?P<host>127\.0\.0\.1|localhost|\[::1\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:%/-]*)",
    re.ASCII,
)
"""A redirect address: all of it, so that no reader takes another host from it than we do."""

LAST_PORT = 65_535

KEY_ID = re.compile(r"[0-9a-f]{8}")

UNKNOWN = (
    "This client is not registered here. Remove the folder ~/.aws/sso/cache and run "
    "`aws sso login` again."
)


@dataclass(frozen=True)
class Client:
    """A client as it has registered."""

    client_id: str
    name: str
    """As it calls itself: anybody may call themselves anything."""

    redirect_uris: tuple[str, ...]
    """Without ports, which are chosen anew for each time (RFC 8252, 7.3)."""

    expires_at: int
    """Seconds since the epoch."""

    def may_redirect_to(self, redirect_uri: str) -> bool:
        """Return whether a redirect address is one of the registered ones, on whatever port."""
        return _without_port(redirect_uri) in self.redirect_uris


# -- registering -----------------------------------------------------------------------------------
def register(name: str, grant_types: list[str], redirect_uris: list[str], now: int) -> Client:
    """Return a new registration; raise OidcRefusal for what cannot be registered."""
    if not GRANT_TYPES.issuperset(grant_types):
        raise OidcRefusal(OidcError.UNSUPPORTED_GRANT_TYPE, "This grant type is not supported.")
    if len(redirect_uris) > MOST_REDIRECTS:
        raise OidcRefusal(
            OidcError.INVALID_REDIRECT_URI, f"There are at most {MOST_REDIRECTS} redirect URIs."
        )

    portless = [_loopback(redirect_uri) for redirect_uri in redirect_uris]
    expires_at = now + int(registration_keys.LIFETIME.total_seconds())

    key = registration_keys.signing_key()
    content = {
        "name": _shown_name(name),
        "redirects": portless,
        "expires": expires_at,
        # two that say the same of themselves in the same second are two clients
        "nonce": secrets.token_urlsafe(12),
    }
    client_id = f"{key.id}.{_id_signer(key).sign_object(content)}"
    return _client(client_id, content)


def _shown_name(name: str) -> str:
    """Return as much of a client's name as a page can show as it is, on one line."""
    printable = (character for character in name if character.isprintable())
    return "".join(printable)[:NAME_LIMIT]


def secret_of(client: Client) -> str:
    """Return the secret of a client that was read; raise CooperError."""
    key = registration_keys.key_named(client.client_id.partition(".")[0])
    if key is None:
        raise OidcRefusal(OidcError.INVALID_CLIENT, UNKNOWN)
    return _secret(key, client.client_id)


def _loopback(redirect_uri: str) -> str:
    """Return a redirect address without its port; raise OidcRefusal for one that leads away.

    Native apps listen on the loopback interface: RFC 8252, 7.3.
    """
    portless = _without_port(redirect_uri)
    if not portless:
        raise OidcRefusal(
            OidcError.INVALID_REDIRECT_URI,
            "A redirect URI is http://127.0.0.1, http://[::1] or http://localhost, with a path.",
        )
    return portless


def _without_port(redirect_uri: str) -> str:
    """Return a loopback address without its port; "" for everything else."""
    match = LOOPBACK.fullmatch(redirect_uri)
    if not match or len(redirect_uri) > REDIRECT_LIMIT:
        return ""
    if int(match["port"] or 80) > LAST_PORT:
        return ""
    return f"http://{match['host']}{match['path']}"


# -- reading ---------------------------------------------------------------------------------------
def client_with(client_id: str, now: int) -> Client:
    """Return the client of an id, without its secret; raise OidcRefusal for an unknown one."""
    key_id, _, signed = client_id.partition(".")
    key = registration_keys.key_named(key_id) if KEY_ID.fullmatch(key_id) else None
    if key is None:
        raise OidcRefusal(OidcError.INVALID_CLIENT, UNKNOWN)
    try:
        content = _id_signer(key).unsign_object(signed)
    except signing.BadSignature as error:
        raise OidcRefusal(OidcError.INVALID_CLIENT, UNKNOWN) from error

    client = _client(client_id, content)
    if client.expires_at <= now:
        raise OidcRefusal(OidcError.INVALID_CLIENT, UNKNOWN)
    return client


def authenticated_client(client_id: str, client_secret: str, now: int) -> Client:
    """Return the client of an id and its secret; raise OidcRefusal unless both fit."""
    client = client_with(client_id, now)
    if not constant_time_compare(client_secret, secret_of(client)):
        raise OidcRefusal(OidcError.INVALID_CLIENT, UNKNOWN)
    return client


def _client(client_id: str, content: dict[str, Any]) -> Client:
    return Client(client_id, content["name"], tuple(content["redirects"]), int(content["expires"]))


def _id_signer(key: RegistrationKey) -> signing.Signer:
    return signing.Signer(key=key.secret, sep=".", salt="sso_portal.client-id")


def _secret(key: RegistrationKey, client_id: str) -> str:
    signer = signing.Signer(key=key.secret, salt="sso_portal.client-secret")
    return signer.signature(client_id)
