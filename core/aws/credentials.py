"""The credentials that calls are signed with: cooper's own, or keys lent for a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import boto3
import botocore.session
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    ReadOnlyCredentials,
    RefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError

EXPIRED_CODES = {"ExpiredToken", "ExpiredTokenException"}


class Keys(NamedTuple):
    """An access key as plain text, held only while it is used; its repr shows the id alone."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"Keys({self.access_key_id!r}, ...)"


_keys: ContextVar[Keys | None] = ContextVar("keys", default=None)


@contextmanager
def using(keys: Keys) -> Iterator[None]:
    """Let clients made with `borrowed=True` sign with `keys` within the block."""
    token = _keys.set(keys)
    try:
        yield
    finally:
        _keys.reset(token)


class _BorrowedKeys(Credentials):
    """Credentials read from the context.

    One warm client serves every key pair: making a new one for each costs six times the CPU.
    """

    def __init__(self) -> None:
        super().__init__("from-context", "from-context")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        keys = _keys.get()
        if keys is None:
            raise NoCredentialsError
        return ReadOnlyCredentials(keys.access_key_id, keys.secret_access_key, keys.session_token)


class _BorrowedKeysProvider(CredentialProvider):
    METHOD = "cooper-borrowed-keys"

    def load(self) -> Credentials:
        return _BorrowedKeys()


@cache
def own_session() -> boto3.Session:
    """Return the session with cooper's own credentials: environment, profile or instance role."""
    return boto3.Session()


def borrowing_session() -> boto3.Session:
    """Return a session whose clients sign with the keys of `using`, and with nothing else."""
    session = botocore.session.get_session()
    resolver = CredentialResolver([_BorrowedKeysProvider()])
    # instead of botocore's chain: without lent keys a call must fail, not use cooper's own
    session.register_component("credential_provider", resolver)
    return boto3.Session(botocore_session=session)


def renew_expired(response: Any, attempts: int, session: boto3.Session, **_: Any) -> int | None:
    """Fetch credentials anew when AWS says that they have expired; return 0 to try at once again.

    A handler of botocore's event `needs-retry`. botocore stretches an instance's credentials that
    are near their end when the instance metadata service fails, so they may be dead before botocore
    renews them.
    """
    code = response[1].get("Error", {}).get("Code") if response else None
    if code not in EXPIRED_CODES or attempts > 1:
        return None

    credentials: Any = session.get_credentials()
    if not isinstance(credentials, RefreshableCredentials):
        return None
    # botocore has no public way to say "refresh now"; a test notices when this name goes
    credentials._expiry_time = datetime.now(UTC)  # type: ignore[attr-defined]
    return 0
