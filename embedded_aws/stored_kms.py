"""KMS keys as JSON and back, with their material, so that ciphertexts open after a restart.

Symmetric keys, and the elliptic curve that signs.
"""

import base64
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import serialization
from moto.kms.models import Key, kms_backends

SPEC = "SYMMETRIC_DEFAULT"
SIGNING_SPEC = "ECC_NIST_P256"
_PLAIN_FIELDS = (
    "policy",
    "description",
    "enabled",
    "key_state",
    "creation_date",
    "key_rotation_status",
)


def dump() -> list[dict[str, Any]]:
    """Return the keys of all AWS accounts and regions."""
    keys = []
    for regions in list(kms_backends.values()):
        for backend in list(regions.values()):
            for key in backend.keys.values():
                # other keys would need their private parts written
                if key.key_spec in (SPEC, SIGNING_SPEC):
                    keys.append(_dump_key(key))  # noqa: PERF401 - four levels of comprehension
    return keys


def load(stored_keys: list[dict[str, Any]]) -> None:
    """Take back what `dump` returned."""
    for stored_key in stored_keys:
        _load_key(stored_key)


def _dump_key(key: Key) -> dict[str, Any]:
    fields = {name: getattr(key, name) for name in _PLAIN_FIELDS}
    deletion_date = None
    if key.deletion_date:
        deletion_date = key.deletion_date.isoformat()

    return {
        **fields,
        "account_id": key.account_id,
        "region": key.region,
        "id": key.id,
        "spec": key.key_spec,
        "usage": key.key_usage,
        "private_key": _private_pem(key),
        "material": base64.b64encode(key.key_material).decode(),
        "deletion_date": deletion_date,
        "aliases": list(key.aliases),
    }


def _signer(key: Key) -> Any:
    """Return moto's object around a private key."""
    return key.private_key


def _private_pem(key: Key) -> str:
    """Return the private half of a key that signs, "" for others."""
    if key.key_spec != SIGNING_SPEC:
        return ""

    pem: bytes = _signer(key).private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode()


def _load_key(stored_key: dict[str, Any]) -> None:
    backend = kms_backends[stored_key["account_id"]][stored_key["region"]]
    key = backend.create_key(
        stored_key["policy"],
        stored_key.get("usage", "ENCRYPT_DECRYPT"),
        stored_key.get("spec", SPEC),
        stored_key["description"],
        None,
    )
    rename_key(backend, key, stored_key["id"])
    if stored_key.get("private_key"):
        pem = stored_key["private_key"].encode()
        _signer(key).private_key = serialization.load_pem_private_key(pem, None)

    key.key_material = base64.b64decode(stored_key["material"])
    key.deletion_date = None
    if stored_key["deletion_date"]:
        key.deletion_date = datetime.fromisoformat(stored_key["deletion_date"])
    for name in _PLAIN_FIELDS:
        setattr(key, name, stored_key[name])

    for alias in stored_key["aliases"]:
        backend.create_alias(key.id, alias)


def rename_key(backend: Any, key: Key, key_id: str) -> None:
    """Give a key of moto's the id that it is to have; moto makes random ones."""
    del backend.keys[key.id]
    key.arn = key.arn.replace(key.id, key_id)
    key.id = key_id
    backend.keys[key_id] = key
