"""The keys that sign client registrations: nothing is stored for a client, and none is lost.

Clients keep a registration until its end and never register anew by themselves. So a key goes on
verifying until every registration that it has signed is over, also once it has a successor. Servers
learn of a new key within a minute, and at once when a registration names it.
"""

import json
import logging
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from core import audit, installation, kms
from core.audit import Event
from core.dynamo import transaction
from core.errors import CooperError
from core.installation import Beside, Installation, nothing_beside
from core.stored_ciphertexts import StoredCiphertext, in_installation

ITEM = "registration-keys"
"""The item of the installation that holds them: JSON, the newest one first."""

LIFETIME = timedelta(days=90)
"""How long a registration is good."""

LOOK_EVERY = 60.0
"""Seconds after which a server that registers a client reads the stored keys again."""

GRACE = timedelta(days=1)
"""How much longer a key verifies: servers sign with it until they have heard of its successor."""

LOOK_AGAIN_AFTER = 10.0
"""Seconds between two readings that an unknown key's name causes: strangers may make names up."""

logger = logging.getLogger(__name__)

StoredKey = dict[str, str]
"""`id`, `made_at` (ISO 8601), `ciphertext` (base64) and `key_arn` (of the KMS key)."""


@dataclass(frozen=True)
class RegistrationKey:
    """A key in the clear."""

    id: str
    secret: str = field(repr=False)


class _Loaded:
    """The keys that this process has read."""

    def __init__(self) -> None:
        self.keys: dict[str, RegistrationKey] = {}
        """By id, the newest one first."""
        self.read_at = float("-inf")
        """In seconds of the monotonic clock."""
        self.lock = threading.Lock()


_loaded = _Loaded()


def forget() -> None:
    """Read the keys again when one is needed next."""
    _loaded.keys = {}
    _loaded.read_at = float("-inf")


# -- for set-up ------------------------------------------------------------------------------------
def ensure(write_beside: Beside = nothing_beside) -> bool:
    """Make the first one unless there is one; return whether it was made now."""
    if Installation.find(ITEM):
        return False
    return installation.ensure(ITEM, write_beside, value=json.dumps([_new_key()]))


@dataclass(frozen=True)
class KeyInfo:
    """What is known of a stored key without opening it."""

    id: str
    made_at: datetime
    verifies_until: datetime | None
    """None for the newest one, which signs."""


def list_stored() -> list[KeyInfo]:
    """Return what there is of keys, the newest one first; raise CooperError when there is none."""
    infos = []
    succeeded_at = None
    for stored_key in _stored_in(installation.set_up_item(ITEM)):
        made_at = datetime.fromisoformat(stored_key["made_at"])
        infos.append(KeyInfo(stored_key["id"], made_at, _end_of(succeeded_at)))
        succeeded_at = made_at
    return infos


def rotate() -> int:
    """Let a new key sign from now on, and drop those whose registrations are all over.

    Return how many were dropped. Raise CooperError when there is none to rotate.
    """
    item = installation.set_up_item(ITEM)
    stored_keys = _stored_in(item)
    kept_keys = _verifying(stored_keys, audit.now())
    item.value = json.dumps([_new_key(), *kept_keys])

    with transaction() as writes:
        writes.save(item)
        writes.create(audit.event(Event.REGISTRATION_KEY_ROTATED))
    return len(stored_keys) - len(kept_keys)


def _verifying(stored_keys: list[StoredKey], now: datetime) -> list[StoredKey]:
    """Return the keys that still verify something once the first one gets a successor `now`."""
    kept_keys = []
    succeeded_at = now
    for stored_key in stored_keys:
        if succeeded_at + LIFETIME + GRACE > now:
            kept_keys.append(stored_key)
        succeeded_at = datetime.fromisoformat(stored_key["made_at"])
    return kept_keys


def _end_of(succeeded_at: datetime | None) -> datetime | None:
    return succeeded_at + LIFETIME + GRACE if succeeded_at else None


def _stored_in(item: Installation) -> list[StoredKey]:
    stored_keys: list[StoredKey] = json.loads(item.value or "[]")
    if not stored_keys:
        raise CooperError(installation.NOT_SET_UP, "no registration key")
    return stored_keys


def stored_ciphertexts() -> Iterator[StoredCiphertext]:
    """Yield the keys' ciphertexts; raise CooperError when there are none."""
    installation.set_up_item(ITEM)
    return in_installation(ITEM, "registration key", _encryption_context())


def _new_key() -> StoredKey:
    plaintext = secrets.token_urlsafe(48).encode()
    ciphertext = kms.encrypt_with_own_key(plaintext, _encryption_context())
    return {
        "id": secrets.token_hex(4),
        "made_at": audit.now().isoformat(),
        **ciphertext.to_json(),
    }


def _encryption_context() -> dict[str, str]:
    return {"cooper:purpose": "registration-key", "cooper:tables": settings.COOPER_TABLE_PREFIX}


# -- for servers -----------------------------------------------------------------------------------
def signing_key() -> RegistrationKey:
    """Return the newest key, as of a minute ago at most; raise CooperError when there is none.

    A process whose DynamoDB or KMS does not answer goes on with the keys that it has.
    """
    if not _loaded.keys:
        _read()
    elif time.monotonic() >= _loaded.read_at + LOOK_EVERY:
        _look_again()
    return next(iter(_loaded.keys.values()))


def key_named(key_id: str) -> RegistrationKey | None:
    """Return the key of this id, None when the installation has none; raise CooperError."""
    if key_id not in _loaded.keys and time.monotonic() >= _loaded.read_at + LOOK_AGAIN_AFTER:
        _read()
    return _loaded.keys.get(key_id)


def _look_again() -> None:
    # meanwhile, and until the next look in an outage, other requests go on with the known keys
    _loaded.read_at = time.monotonic()
    try:
        _read()
    except CooperError as error:
        logger.warning("the registration keys could not be read again: %s", error.detail)


def _read() -> None:
    with _loaded.lock:
        keys = {}
        for stored_key in _stored_in(installation.set_up_item(ITEM)):
            key_id = stored_key["id"]
            keys[key_id] = _loaded.keys.get(key_id) or _decrypt(stored_key)

        _loaded.keys = keys
        _loaded.read_at = time.monotonic()


def _decrypt(stored_key: StoredKey) -> RegistrationKey:
    plaintext = kms.decrypt(kms.Ciphertext.from_json(stored_key), _encryption_context())
    return RegistrationKey(stored_key["id"], plaintext.decode())
