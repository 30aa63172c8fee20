"""The secret keys that all servers of an installation share, kept as KMS ciphertexts."""

import json
import secrets

from django.conf import settings

from core import audit, installation, kms
from core.dynamo import transaction
from core.installation import Installation

ITEM = "secret-keys"
"""The item of the installation that holds them."""

FALLBACKS = 2
"""Older secret keys that go on being accepted after a rotation."""


def ensure() -> bool:
    """Make the first one unless there is one; return whether it was made now.

    For set-up alone.
    """
    if Installation.find(ITEM):
        return False
    return installation.ensure(ITEM, value=json.dumps([_new_key()]))


def rotate() -> None:
    """Put a new secret key first and keep the last ones as fall-backs.

    Running servers use it when they are restarted.
    """
    item = installation.set_up_item(ITEM)
    old_keys = json.loads(item.value or "[]")
    item.value = json.dumps([_new_key(), *old_keys[:FALLBACKS]])

    with transaction() as writes:
        writes.save(item)
        writes.create(audit.event(audit.Event.SECRET_KEY_ROTATED))


def decrypt_stored() -> list[str]:
    """Return the secret keys, the current one first.

    Writes nothing. Raise CooperError when set-up has not run.
    """
    stored_keys = json.loads(installation.set_up_item(ITEM).value or "[]")
    return [_decrypt(stored) for stored in stored_keys]


def use() -> None:
    """Give Django the shared secret key; COOPER_SECRET_KEY wins over the stored one."""
    if settings.COOPER_SECRET_KEY:
        return

    # a session or token that an older key signed stays valid after a rotation
    current, *fallbacks = decrypt_stored()
    settings.SECRET_KEY = current
    settings.SECRET_KEY_FALLBACKS = fallbacks


def _encryption_context() -> dict[str, str]:
    return {"cooper:purpose": "secret-key", "cooper:tables": settings.COOPER_TABLE_PREFIX}


def _new_key() -> dict[str, str]:
    """Return a new secret key as KMS ciphertext, ready for JSON."""
    plaintext = secrets.token_urlsafe(64).encode()
    return kms.encrypt_with_own_key(plaintext, _encryption_context()).to_json()


def _decrypt(stored: dict[str, str]) -> str:
    ciphertext = kms.Ciphertext.from_json(stored)
    return kms.decrypt(ciphertext, _encryption_context()).decode()
