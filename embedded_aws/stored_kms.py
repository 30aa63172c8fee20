"""KMS keys as JSON and back, with their material, so that ciphertexts open after a restart. Symmetric keys alone."""

import base64
from datetime import datetime
from typing import Any

from moto.kms.models import Key, kms_backends

_AS_IS = ("policy", "description", "enabled", "key_state", "creation_date", "key_rotation_status")


def dump() -> list[dict[str, Any]]:
    """Return all keys."""
    return [
        _dumped(key)
        for regions in list(kms_backends.values())
        for backend in list(regions.values())
        for key in backend.keys.values()
        if key.key_spec == "SYMMETRIC_DEFAULT"
    ]


def load(stored: list[dict[str, Any]]) -> None:
    """Take back the keys."""
    for each in stored:
        keys = kms_backends[each["account_id"]][each["region"]]
        made = keys.create_key(
            each["policy"], "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", each["description"], None
        )
        del keys.keys[made.id]
        made.arn = made.arn.replace(made.id, each["id"])
        made.id = each["id"]
        made.key_material = base64.b64decode(each["material"])
        made.deletion_date = (
            datetime.fromisoformat(each["deletion_date"]) if each["deletion_date"] else None
        )
        for name in _AS_IS:
            setattr(made, name, each[name])
        keys.keys[made.id] = made
        for alias in each["aliases"]:
            keys.create_alias(made.id, alias)


def _dumped(key: Key) -> dict[str, Any]:
    """Return a key."""
    return {
        **{name: getattr(key, name) for name in _AS_IS},
        "account_id": key.account_id,
        "region": key.region,
        "id": key.id,
        "material": base64.b64encode(key.key_material).decode(),
        "deletion_date": key.deletion_date.isoformat() if key.deletion_date else None,
        "aliases": list(key.aliases),
    }
