"""The credentials that calls are signed with: cooper's own, or keys lent for a moment."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple, NoReturn

import boto3
import botocore.session
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    ReadOnlyCredentials,
)
from botocore.exceptions import NoCredentialsError
from botocore.loaders import Loader, create_loader

from core.aws.credential_errors import (
    CredentialsFailed,
    MfaDemanded,
    UnusableCharacters,
    credentials_failed,
)
from core.aws.errors import BAD_CREDENTIAL_CODES
from core.aws.moments import parse_moment

FAILURE_SECONDS = 2.0
"""How long a failure to find credentials is taken for granted: a search may take a second."""


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


class _OwnCredentials(Credentials):
    """cooper's own credentials, looked for where AWS's tools look when a call needs them.

    What failed is looked for again, with AWS's files read anew: whoever mends them need not restart
    the server. Any failure, whatever its exception, becomes CredentialsFailed.
    """

    def __init__(self) -> None:
        super().__init__("own", "own")
        self._search_lock = threading.Lock()
        self._credentials: Credentials | None = None
        self._failure = ""
        self._failed_at = 0.0

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        with self._search_lock:
            if self._credentials is None:
                self._credentials = self._search()
            credentials = self._credentials

        try:
            # may fetch them anew, by a program or a call
            frozen: ReadOnlyCredentials = credentials.get_frozen_credentials()
            _refuse_unusable(frozen)
        except Exception as error:  # noqa: BLE001 - programs and files fail in many ways
            self.forget()
            # botocore's error may quote a line of a file
            raise credentials_failed(error) from None
        return frozen

    def origin(self) -> str:
        """Return where the credentials came from, in botocore's word; raise CredentialsFailed."""
        self.get_frozen_credentials()
        return str(getattr(self._credentials, "method", ""))

    def forget(self) -> None:
        """Look for the credentials again before the next call is signed."""
        self._credentials = None
        self._failed_at = 0.0

    def _search(self) -> Credentials:
        if self._failed_at and time.monotonic() - self._failed_at < FAILURE_SECONDS:
            raise CredentialsFailed(self._failure)

        try:
            return _find_credentials()
        except Exception as error:  # noqa: BLE001 - programs and files fail in many ways
            failure = credentials_failed(error)
            self._failure = failure.detail
            self._failed_at = time.monotonic()
            raise failure from None


def _find_credentials() -> Credentials:
    """Go through AWS's places: environment, profile, instance role; raise whatever went wrong."""
    # a new session, since one keeps the files as it first read them
    resolver = botocore.session.get_session().get_component("credential_provider")
    # botocore has no public way to keep a profile from asking at the terminal; a test notices
    # when this name goes
    resolver.get_provider("assume-role")._prompter = _refuse_mfa

    credentials: Credentials | None = resolver.load_credentials()
    if credentials is None:
        raise NoCredentialsError
    return credentials


def _refuse_mfa(prompt: str) -> NoReturn:
    raise MfaDemanded


def _refuse_unusable(frozen: ReadOnlyCredentials) -> None:
    """Raise UnusableCharacters unless a request's headers can carry the credentials."""
    for text in (frozen.access_key, frozen.secret_key, frozen.token or "-"):
        if not isinstance(text, str) or not re.fullmatch(r"[!-~]+", text):
            raise UnusableCharacters


_own = _OwnCredentials()


def own_origin() -> str:
    """Return where cooper's own credentials came from: `iam-role`, `env`, `assume-role`, ...

    In botocore's words (botocore.credentials, METHOD). Raise CooperError when there are none.
    """
    return _own.origin()


class _OnlyProvider(CredentialProvider):
    """A chain of one: clients of its session sign with these credentials and with nothing else."""

    METHOD = "cooper"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials


@cache
def own_session() -> boto3.Session:
    """Return the session whose clients sign with cooper's own credentials."""
    return _session_with(_own)


def forget_own_credentials() -> None:
    """Read AWS's files and environment anew before the next call."""
    own_session.cache_clear()
    _own.forget()


def borrowing_session() -> boto3.Session:
    """Return a session whose clients sign with the keys of `using`, and with nothing else."""
    return _session_with(_BorrowedKeys())


def _session_with(credentials: Credentials) -> boto3.Session:
    session = botocore.session.get_session()
    resolver = CredentialResolver([_OnlyProvider(credentials)])
    # instead of botocore's chain: without lent keys a call must fail, not use cooper's own
    session.register_component("credential_provider", resolver)
    # the global endpoint's tokens are not accepted in opt-in regions, whatever a setting says
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html
    session.set_config_variable("sts_regional_endpoints", "regional")
    session.register_component("data_loader", _models())
    parsers = session.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=parse_moment)
    return boto3.Session(botocore_session=session)


@cache
def _models() -> Loader:
    """Return the models of AWS's services.

    Each session would read them from the disk anew, which is nine tenths of making a client.
    """
    return create_loader(botocore.session.get_session().get_config_variable("data_path"))


def retry_rules() -> dict[str, Any]:
    """Return botocore's rules of what is tried again, and when."""
    rules: dict[str, Any] = _models().load_data("_retry")
    return rules


def look_again(response: Any, attempts: int, **_: Any) -> int | None:
    """Look for credentials again when AWS does not accept them; return 0 to try at once again.

    A handler of botocore's event `needs-retry`. They may have been replaced meanwhile, in a file or
    by the instance metadata service, whose outage lets botocore use them beyond their end.
    """
    code = response[1].get("Error", {}).get("Code") if response else None
    if code not in BAD_CREDENTIAL_CODES or attempts > 1:
        return None

    _own.forget()
    return 0
