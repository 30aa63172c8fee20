r"""Names in AWS, made by cooper alone: no two people share one, whatever they are called.

Limits: STS API reference - RoleSessionName and SourceIdentity 2-64, federated Name 2-32, all of `[\w+=,.@-]` (ASCII);
tag values at most 256 characters of letters, digits, blanks and `_.:/=+-@`.
"""

import base64
import hashlib
import re
import secrets
import unicodedata

from accounts.identity import Identity

SESSION_LIMIT, FEDERATED_LIMIT, TAG_LIMIT = 64, 32, 256
_DIGEST = 16
"""Characters of a person's digest: 80 bits in base32."""

_TAG_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/+-@ ")


def new_grant_id() -> str:
    """Return 20 characters of base32 (100 bits of which 96 are random), fit for every name in AWS."""
    return base64.b32encode(secrets.token_bytes(12)).decode().rstrip("=").lower()


def readable(text: str) -> str:
    """Return the text in the characters that STS takes, for people's eyes alone."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_+=,.@-]+", "-", plain).strip("-")


def digest(text: str) -> str:
    """Return 16 characters of base32 that differ for different texts."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:_DIGEST]


def session_name(identity: Identity, grant_id: str) -> str:
    """Return RoleSessionName: as much of the person as fits, and the whole grant id, which is unique."""
    return f"{readable(identity.subject)[: SESSION_LIMIT - len(grant_id) - 1]}.{grant_id}".lstrip(
        "."
    )


def source_identity(identity: Identity) -> str:
    """Return SourceIdentity: the person's lasting name in AWS, told apart by a digest of provider and subject."""
    return _lasting(identity, SESSION_LIMIT)


def federated_name(identity: Identity) -> str:
    """Return the federated user's Name: the same for a person every time, so that resource policies may name it."""
    return _lasting(identity, FEDERATED_LIMIT)


def _lasting(identity: Identity, limit: int) -> str:
    """Return a readable beginning and the person's digest within `limit` characters."""
    return f"{readable(identity.subject)[: limit - _DIGEST - 1]}.{digest(identity.person)}".lstrip(
        "."
    )


def tag_value(text: str) -> str:
    """Return a text as a tag's value, each its own: `=` and hexadecimal bytes stand for what AWS refuses."""
    coded = "".join(
        c if c in _TAG_SAFE else "".join(f"={byte:02X}" for byte in c.encode()) for c in text
    )
    return (
        coded if len(coded) <= TAG_LIMIT else f"{coded[: TAG_LIMIT - _DIGEST - 2]}=.{digest(text)}"
    )
