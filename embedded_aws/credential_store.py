"""Credentials that the embedded AWS has issued: every call's own, each with its holder and its end."""

import base64
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_KEPT_SECONDS = 36 * 3600
"""For so long after their end AWS's word for credentials is "expired"; afterwards they are forgotten."""


class Kind(StrEnum):
    """What a caller is, named by what made its credentials."""

    ROOT = "root"
    USER = "IAM user"
    ROLE = "AssumeRole"
    FEDERATED_USER = "GetFederationToken"
    USER_SESSION = "GetSessionToken"
    INSTANCE = "instance profile"


class Record(NamedTuple):
    """What is known of issued credentials; no secret. `expiry` is in UTC."""

    access_key_id: str
    arn: str
    kind: Kind
    session_name: str
    expiry: datetime
    caller_arn: str
    source_identity: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Issued:
    """Temporary credentials, and whose they are; times in seconds since 1970.

    `principal_arn` is what policies call the holder (a role's ARN with its path), `arn` what it calls itself.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    kind: Kind
    arn: str
    principal_arn: str
    account_id: str
    user_id: str
    session_name: str
    expires_at: float
    caller_arn: str
    chained: bool = False
    source_identity: str = ""
    session_policies: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()

    @property
    def record(self) -> Record:
        """Return what may be shown."""
        expiry = datetime.fromtimestamp(self.expires_at, UTC)
        return Record(
            self.access_key_id,
            self.arn,
            self.kind,
            self.session_name,
            expiry,
            self.caller_arn,
            self.source_identity,
            dict(self.tags),
        )


def random_id(prefix: str) -> str:
    """Return an id in AWS's form: four letters and 16 random ones."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(16))


def random_secret() -> str:
    """Return a secret access key: 40 characters, 240 random bits."""
    return base64.b64encode(secrets.token_bytes(30)).decode()


def random_token() -> str:
    """Return a session token; their size varies, as AWS warns."""
    size = 300 + secrets.randbelow(300)
    return "IQoJb3JpZ2luX2Vj" + base64.b64encode(secrets.token_bytes(size)).decode()


class CredentialStore:
    """All issued credentials by access key id, and the clock by which they end."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.ahead = 0.0
        self._issued: dict[str, Issued] = {}
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return this AWS's time in seconds since 1970; tests put it ahead."""
        return time.time() + self.ahead

    def issue(self, seconds: int, **facts: Any) -> Issued:
        """Make credentials of their own for one call."""
        made = Issued(
            random_id("ASIA"),
            random_secret(),
            random_token(),
            expires_at=int(self.now()) + seconds,
            **facts,
        )
        with self._lock:
            self._issued[made.access_key_id] = made
        return made

    def find(self, access_key_id: str) -> Issued | None:
        """Return issued credentials, ended ones too."""
        return self._issued.get(access_key_id)

    def has_ended(self, issued: Issued) -> bool:
        """Return whether credentials are past their end."""
        return self.now() >= issued.expires_at

    def __iter__(self) -> Iterator[Issued]:
        """Go through all credentials in the order in which they were issued."""
        with self._lock:
            return iter(list(self._issued.values()))

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._issued.clear()
        self.ahead = 0.0

    def dump(self) -> list[dict[str, Any]]:
        """Return what has to be stored, without what ended long ago."""
        return [asdict(each) for each in self if each.expires_at > time.time() - _KEPT_SECONDS]

    def load(self, stored: list[dict[str, Any]]) -> None:
        """Take back what was stored."""
        for each in stored:
            sequences = {
                "session_policies": tuple(each["session_policies"]),
                "transitive": tuple(each["transitive"]),
            }
            made = Issued(**{**each, **sequences, "kind": Kind(each["kind"])})
            self._issued[made.access_key_id] = made
