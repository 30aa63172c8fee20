"""What one installation is: its schema version, its shared secret keys, whether all grants are stopped."""

import base64
import json
import secrets
from typing import Any

from django.conf import settings
from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from core import audit, kms
from core.dynamo import AlreadyExists, Document, transaction
from core.errors import CooperError

SCHEMA = 1
"""The version of the tables that this cooper reads and writes."""

FALLBACKS = 2
"""Older secret keys that go on being accepted after a rotation."""


class Installation(Document):
    """A fact about the installation, by name."""

    purpose = "schema, secret key, stop switch"
    verbose_name = "stop switch"
    verbose_name_plural = "stop switches"

    class Meta:
        table = "installation"

    name = UnicodeAttribute(hash_key=True)
    value = UnicodeAttribute(null=True)
    stopped = BooleanAttribute(default=False)

    def __str__(self) -> str:
        """Name the fact."""
        return str(self.name)


GRANTS = "grants"
"""The item whose `stopped` stops all grants. It must exist: its absence stops them too."""


def _context() -> dict[str, str]:
    """Return the encryption context of the secret keys."""
    return {"cooper:purpose": "secret-key", "cooper:tables": settings.COOPER_TABLE_PREFIX}


def _sealed(secret: str) -> dict[str, str]:
    """Return a secret key as KMS ciphertext, ready for JSON."""
    sealed = kms.encrypt(secret.encode(), kms.key_arn(settings.COOPER_KMS_KEY), _context())
    return {"ciphertext": base64.b64encode(sealed.ciphertext).decode(), "key_arn": sealed.key_arn}


def _opened(stored: dict[str, str]) -> str:
    """Return the secret key behind a stored ciphertext."""
    sealed = kms.Ciphertext(base64.b64decode(stored["ciphertext"]), stored["key_arn"])
    return kms.decrypt(sealed, _context()).decode()


def ensure(name: str, **values: Any) -> bool:
    """Make the item unless it exists; return whether it was made now."""
    try:
        with transaction() as writes:
            writes.create(Installation(name, **values))
    except AlreadyExists:
        return False
    return True


def ensure_secret_key() -> bool:
    """Make the shared secret key unless there is one; return whether it was made now. For set-up alone."""
    if Installation.find("secret-keys"):
        return False
    return ensure("secret-keys", value=json.dumps([_sealed(secrets.token_urlsafe(64))]))


def rotate_secret_key() -> None:
    """Put a new secret key first and keep the last ones as fall-backs; running servers take it up when restarted."""
    found = _needed("secret-keys")
    keys = [_sealed(secrets.token_urlsafe(64)), *json.loads(found.value or "[]")][: 1 + FALLBACKS]
    found.value = json.dumps(keys)
    with transaction() as writes:
        writes.save(found)
        writes.create(audit.event(audit.Event.SECRET_KEY_ROTATED))


def secret_keys() -> list[str]:
    """Return the shared secret keys, the current one first; read-only. Raise CooperError when set-up has not run."""
    return [_opened(stored) for stored in json.loads(_needed("secret-keys").value or "[]")]


def use_secret_key() -> None:
    """Give Django the shared secret key; COOPER_SECRET_KEY wins over the stored one."""
    if not settings.COOPER_SECRET_KEY:
        settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS = secret_keys()


KMS_KEY = "kms-key"
"""The item that names the KMS key (its ARN) which set-up was last given."""

USUAL_KEY = "alias/cooper"
"""The KMS key of an installation that was never given another."""


def ensure_kms_key(key_arn: str) -> bool:
    """Keep the ARN of the KMS key for servers and commands that are given none; return whether it was new."""
    found = Installation.find(KMS_KEY)
    if found is None:
        return ensure(KMS_KEY, value=key_arn)
    if found.value == key_arn:
        return False
    found.value = key_arn
    with transaction() as writes:
        writes.save(found)
    return True


def use_kms_key() -> None:
    """Take the KMS key that set-up was given, unless COOPER_KMS_KEY names one; raise CooperError when there is none."""
    if not settings.COOPER_KMS_KEY:
        settings.COOPER_KMS_KEY = str(_needed(KMS_KEY).value)


def _needed(name: str) -> Installation:
    """Return an item that set-up has made; raise CooperError when it is not there."""
    found = Installation.find(name)
    if found is None:
        raise CooperError(
            "This installation is not set up yet. Run: manage.py cooper_setup", f"no item {name}"
        )
    return found


def schema_version() -> int:
    """Return the version of the stored tables."""
    return int(_needed("schema").value or 0)


def refuse_other_schema() -> None:
    """Raise CooperError when the tables are of another version than this cooper's."""
    stored = schema_version()
    if stored > SCHEMA:
        raise CooperError(
            f"The tables are of version {stored}, this cooper knows {SCHEMA}. Install the newer cooper."
        )
    if stored < SCHEMA:
        raise CooperError(
            f"The tables are of version {stored}, not {SCHEMA}. Run: manage.py cooper_setup"
        )


def is_demo() -> bool:
    """Return whether the store holds the demo's seed, which no real installation may serve."""
    return Installation.find("demo") is not None
