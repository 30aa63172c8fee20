"""The secret keys that all servers of an installation share, kept as KMS ciphertexts.

A new key is introduced, used, and in the end the one before it retired, each at a moment that is
stored with the key: servers learn it while they run, and all of them accept it before the first one
signs with it. So a rotation signs nobody out.
"""

import json
import logging
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from core import audit, aws, installation, kms
from core.audit import Event
from core.dynamo import transaction
from core.errors import CooperError, Invalid
from core.installation import Beside, Installation, nothing_beside
from core.stored_ciphertexts import StoredCiphertext, in_installation

logger = logging.getLogger(__name__)

ITEM = "secret-keys"
"""The item of the installation that holds them: JSON, the newest one first."""

LOOK_EVERY = 60.0
"""Seconds after which a server that is asked something reads the stored keys again."""

LOOK_WITHIN = 2.0
"""Seconds that a look takes at most from a request, which goes on without it."""

LEAD = timedelta(minutes=15)
"""Time from a key's introduction to its first use.

Long enough for LOOK_EVERY, and for two clocks that are both as wrong as AWS bears: it refuses
requests that are 5 minutes off.
"""

KEPT = timedelta(seconds=settings.SESSION_COOKIE_AGE, hours=1)
"""Time from a key's first use to the end of the one before: web sessions signed by it are over."""

UNREADABLE = (
    "The stored secret keys cannot be read. Restore the item of the installation's table, "
    "or delete it and run cooper -setup: everybody signs in again."
)

ALWAYS = datetime.min.replace(tzinfo=UTC)
"""When keys that carry no moment of their own began to sign."""

StoredKey = dict[str, str]
"""`ciphertext` (base64), `key_arn` (of the KMS key), `signs_from` (ISO 8601; ALWAYS if missing)."""


@dataclass(frozen=True)
class SecretKey:
    """A secret key in the clear, and when servers begin to sign with it."""

    text: str
    signs_from: datetime

    def __repr__(self) -> str:
        return f"SecretKey(***, {self.signs_from})"


class Loaded:
    """The keys that this process has read."""

    def __init__(self) -> None:
        self.stored_keys: list[StoredKey] = []
        self.keys: list[SecretKey] = []
        """The same, in the clear."""
        self.read_at = float("-inf")
        """In seconds of the monotonic clock."""
        self.lock = threading.Lock()


loaded = Loaded()


# -- for set-up ------------------------------------------------------------------------------------
def ensure(write_beside: Beside = nothing_beside) -> bool:
    """Make the first one unless there is one; return whether it was made now."""
    if Installation.find(ITEM):
        return False
    return installation.ensure(ITEM, write_beside, value=json.dumps([_new_key()]))


def rotate() -> datetime:
    """Introduce a new secret key; return when servers begin to sign with it.

    Raise Invalid while an earlier new one waits to be used.
    """
    item = installation.set_up_item(ITEM)
    stored_keys = _stored_in(item)
    now = audit.now()

    newest_signs_from = _signs_from(stored_keys[0])
    if newest_signs_from > now:
        raise Invalid(
            "A new secret key was introduced already and is used from "
            f"{newest_signs_from:%Y-%m-%d %H:%M} UTC. Nothing was changed."
        )

    signs_from = now + LEAD
    new_key = {**_new_key(), "signs_from": signs_from.isoformat()}
    item.value = json.dumps([new_key, *_not_retired(stored_keys, now)])

    with transaction() as writes:
        writes.save(item)
        writes.create(audit.event(Event.SECRET_KEY_ROTATED, signs_from=signs_from))
    return signs_from


def drop_retired() -> int:
    """Delete the ciphertexts of retired keys, which count for nothing; return how many."""
    item = installation.set_up_item(ITEM)
    stored_keys = _stored_in(item)
    kept_keys = _not_retired(stored_keys, audit.now())
    retired = len(stored_keys) - len(kept_keys)
    if not retired:
        return 0

    item.value = json.dumps(kept_keys)
    with transaction() as writes:
        writes.save(item)
        writes.create(audit.event(Event.SECRET_KEY_RETIRED, keys=retired))
    return retired


# -- for servers -----------------------------------------------------------------------------------
def use() -> None:
    """Give Django the secret keys as they are stored now; COOPER_SECRET_KEY wins over them.

    Raise CooperError when set-up has not run, and when DynamoDB or KMS does not answer.
    """
    if settings.COOPER_SECRET_KEY:
        return

    with loaded.lock:
        stored_keys = _stored_in(installation.set_up_item(ITEM))
        if stored_keys != loaded.stored_keys:
            loaded.keys = [_decrypt(stored_key) for stored_key in stored_keys]
            loaded.stored_keys = stored_keys
        loaded.read_at = time.monotonic()
    _give_to_django()


def keep_up() -> None:
    """Learn of new keys, once in LOOK_EVERY; for the beginning of every request.

    Raise CooperError before the first keys were read. Later on a process whose DynamoDB or KMS does
    not answer goes on with the keys that it has.
    """
    if settings.COOPER_SECRET_KEY:
        return

    if time.monotonic() - loaded.read_at >= LOOK_EVERY:
        _look_again()
    _give_to_django()


def _look_again() -> None:
    if not loaded.keys:
        use()
        return

    # meanwhile, and until the next look in an outage, other requests go on with the known keys
    loaded.read_at = time.monotonic()
    try:
        with aws.deadline(LOOK_WITHIN):
            use()
    except CooperError as error:
        logger.warning("the secret keys could not be read again: %s", error.detail)


def _give_to_django() -> None:
    now = audit.now()
    keys = loaded.keys[: _count_of_active([key.signs_from for key in loaded.keys], now)]
    texts = [key.text for key in keys]
    signing_text = next(key.text for key in keys if key.signs_from <= now)

    # another thread may sign between the two: whatever the first one is, it is accepted
    if texts != settings.SECRET_KEY_FALLBACKS:
        settings.SECRET_KEY_FALLBACKS = texts
    settings.SECRET_KEY = signing_text


# -- as they are stored ----------------------------------------------------------------------------
def decrypt_stored() -> list[str]:
    """Return all stored keys, the newest one first; raise CooperError when set-up has not run."""
    stored_keys = _stored_in(installation.set_up_item(ITEM))
    return [_decrypt(stored_key).text for stored_key in stored_keys]


def stored_ciphertexts() -> Iterator[StoredCiphertext]:
    """Yield the secret keys' ciphertexts; raise CooperError when there are none."""
    installation.set_up_item(ITEM)
    return in_installation(ITEM, "secret key", _encryption_context())


def _stored_in(item: Installation) -> list[StoredKey]:
    try:
        stored_keys: list[StoredKey] = json.loads(item.value or "[]")
        for stored_key in stored_keys:
            kms.Ciphertext.from_json(stored_key)
    except (ValueError, TypeError, KeyError) as error:
        raise CooperError(UNREADABLE, f"item {ITEM}: {error!r}") from error

    if not stored_keys:
        raise CooperError("No secret key is stored. Run: cooper -setup", "no secret key")
    return stored_keys


def _signs_from(stored_key: StoredKey) -> datetime:
    text = stored_key.get("signs_from")
    return datetime.fromisoformat(text) if text else ALWAYS


def _not_retired(stored_keys: list[StoredKey], now: datetime) -> list[StoredKey]:
    moments = [_signs_from(stored_key) for stored_key in stored_keys]
    return stored_keys[: _count_of_active(moments, now)]


def _count_of_active(moments: list[datetime], now: datetime) -> int:
    """Return how many keys, the newest first, are accepted; `moments` are their first uses."""
    for index, signs_from in enumerate(moments):
        # nobody knows when a key without a moment succeeded the ones behind it: they stay
        if signs_from != ALWAYS and signs_from + KEPT <= now:
            return index + 1
    return len(moments)


def _encryption_context() -> dict[str, str]:
    return {"cooper:purpose": "secret-key", "cooper:tables": settings.COOPER_TABLE_PREFIX}


def _new_key() -> StoredKey:
    plaintext = secrets.token_urlsafe(64).encode()
    return kms.encrypt_with_own_key(plaintext, _encryption_context()).to_json()


def _decrypt(stored_key: dict[str, Any]) -> SecretKey:
    ciphertext = kms.Ciphertext.from_json(stored_key)
    plaintext = kms.decrypt(ciphertext, _encryption_context())
    return SecretKey(plaintext.decode(), _signs_from(stored_key))
