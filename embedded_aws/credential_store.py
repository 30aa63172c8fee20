"""Temporary credentials that the embedded AWS has issued: every call's own, each with its end."""

import base64
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

_TOKEN_PREFIX = "IQoJb3JpZ2luX2Vj"  # noqa: S105 - how AWS's session tokens begin, no secret

_KEPT_SECONDS = 36 * 3600
"""For so long after their end credentials are called expired; then they are forgotten."""


class PrincipalType(StrEnum):
    """What a caller is, named by what made its credentials."""

    ROOT = "root"
    USER = "IAM user"
    ROLE = "AssumeRole"
    FEDERATED_USER = "GetFederationToken"
    USER_SESSION = "GetSessionToken"
    INSTANCE = "instance profile"


class IssuedCredentials(NamedTuple):
    """What may be shown of temporary credentials: no secret. `expiry` is in UTC."""

    access_key_id: str
    arn: str
    kind: PrincipalType
    session_name: str
    expiry: datetime
    caller_arn: str
    source_identity: str
    tags: dict[str, str]


@dataclass(frozen=True)
class TemporaryCredentials:
    """Temporary credentials and whose they are.

    `issued_at` and `expires_at` are in seconds since 1970.

    `principal_arn` is what policies call their principal (a role's ARN with its path), `arn` what
    GetCallerIdentity says. `chained`: they came by role chaining. `transitive` are the keys of
    the tags that roles assumed with these credentials inherit.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    kind: PrincipalType
    arn: str
    principal_arn: str
    account_id: str
    user_id: str
    session_name: str
    expires_at: float
    caller_arn: str
    chained: bool = False
    source_identity: str = ""
    issued_at: float = 0
    session_policies: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()

    @property
    def without_secrets(self) -> IssuedCredentials:
        """What may be shown."""
        return IssuedCredentials(
            access_key_id=self.access_key_id,
            arn=self.arn,
            kind=self.kind,
            session_name=self.session_name,
            expiry=datetime.fromtimestamp(self.expires_at, UTC),
            caller_arn=self.caller_arn,
            source_identity=self.source_identity,
            tags=dict(self.tags),
        )


def random_id(prefix: str) -> str:
    """Return an id in AWS's form: a prefix of four letters and 16 random characters."""
    return prefix + "".join(secrets.choice(_ID_ALPHABET) for _ in range(16))


def random_secret() -> str:
    """Return a secret access key: 40 characters, 240 random bits."""
    return base64.b64encode(secrets.token_bytes(30)).decode()


def random_token() -> str:
    """Return a session token of varying size: AWS warns that the size is not fixed."""
    size = 300 + secrets.randbelow(300)
    return _TOKEN_PREFIX + base64.b64encode(secrets.token_bytes(size)).decode()


class CredentialStore:
    """All temporary credentials by access key id, and the clock by which they end.

    `clock_offset` (seconds) puts that clock ahead, for tests.
    """

    def __init__(self) -> None:
        self.clock_offset = 0.0
        self._credentials: dict[str, TemporaryCredentials] = {}
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return this AWS's time in seconds since 1970."""
        return time.time() + self.clock_offset

    def issue(self, seconds: int, **facts: Any) -> TemporaryCredentials:
        """Make new credentials for one call; `facts` are further fields of the credentials."""
        # whole seconds: Expiration has no fractions
        issued_at = int(self.now())
        expires_at = issued_at + seconds
        credentials = TemporaryCredentials(
            random_id("ASIA"),
            random_secret(),
            random_token(),
            expires_at=expires_at,
            issued_at=issued_at,
            **facts,
        )
        with self._lock:
            self._credentials[credentials.access_key_id] = credentials
        return credentials

    def find(self, access_key_id: str) -> TemporaryCredentials | None:
        """Return issued credentials, expired ones too."""
        return self._credentials.get(access_key_id)

    def has_expired(self, credentials: TemporaryCredentials) -> bool:
        """Return whether credentials are past their end."""
        return self.now() >= credentials.expires_at

    def __iter__(self) -> Iterator[TemporaryCredentials]:
        """Go through all credentials in the order in which they were issued."""
        # a copy: other threads issue meanwhile
        with self._lock:
            return iter(list(self._credentials.values()))

    def clear(self) -> None:
        """Forget all credentials, and set the clock right."""
        with self._lock:
            self._credentials.clear()
        self.clock_offset = 0.0

    def dump(self) -> list[dict[str, Any]]:
        """Return what has to be stored, without what expired long ago."""
        oldest = time.time() - _KEPT_SECONDS
        return [asdict(credentials) for credentials in self if credentials.expires_at > oldest]

    def load(self, stored: list[dict[str, Any]]) -> None:
        """Take back what `dump` returned."""
        for fields in stored:
            credentials = TemporaryCredentials(
                **{
                    **fields,
                    "kind": PrincipalType(fields["kind"]),
                    # JSON knows lists alone
                    "session_policies": tuple(fields["session_policies"]),
                    "transitive": tuple(fields["transitive"]),
                }
            )
            self._credentials[credentials.access_key_id] = credentials
