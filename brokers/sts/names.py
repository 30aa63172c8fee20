r"""Names in AWS, made by cooper alone: no two people share one, whatever they are called.

Limits: STS API reference - RoleSessionName and SourceIdentity 2-64, federated Name 2-32, all of
`[\w+=,.@-]` (ASCII); tag values at most 256 characters of letters, digits, blanks and
`_.:/=+-@`.
"""

import base64
import hashlib
import re
import secrets
import string
import unicodedata

from accounts.identity import Identity

SESSION_LIMIT = 64
FEDERATED_LIMIT = 32
TAG_LIMIT = 256

_DIGEST_LENGTH = 16
"""Characters of a person's digest: 80 bits in base32."""

_TAG_SAFE = frozenset(string.ascii_letters + string.digits + "_.:/+-@ ")
"""What stands for itself in a tag; `=` does not, since it begins an escape."""


def new_grant_id() -> str:
    """Return 20 characters of base32 (96 random bits), fit for every name in AWS."""
    return base64.b32encode(secrets.token_bytes(12)).decode().rstrip("=").lower()


def readable(text: str) -> str:
    """Return the text in the characters that STS takes, for people's eyes alone."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_+=,.@-]+", "-", ascii_text).strip("-")


def digest(text: str) -> str:
    """Return 16 characters of base32 that differ for different texts."""
    sha256 = hashlib.sha256(text.encode()).digest()
    return base64.b32encode(sha256).decode().lower()[:_DIGEST_LENGTH]


def session_name(identity: Identity, grant_id: str) -> str:
    """Return RoleSessionName.

    As much of the person as fits, and the whole grant id, which is unique.
    """
    return _join(identity, grant_id, SESSION_LIMIT)


def source_identity(identity: Identity) -> str:
    """Return SourceIdentity.

    The person's lasting name in AWS, told apart by a digest of provider and subject.
    """
    return _join(identity, digest(identity.person), SESSION_LIMIT)


def federated_name(identity: Identity) -> str:
    """Return the federated user's Name.

    The same for a person every time, so that resource policies may name it.
    """
    return _join(identity, digest(identity.person), FEDERATED_LIMIT)


def _join(identity: Identity, unique: str, limit: int) -> str:
    """Return a readable beginning and the unique end within `limit` characters."""
    room = limit - len(unique) - 1
    beginning = readable(identity.subject)[:room]
    return f"{beginning}.{unique}".lstrip(".")


def tag_value(text: str) -> str:
    """Return a text as a tag's value, each its own.

    `=` and hexadecimal bytes stand for what AWS refuses.
    """
    escaped = "".join(_escape(character) for character in text)
    if len(escaped) <= TAG_LIMIT:
        return escaped

    # no text that fits has "=." in it
    room = TAG_LIMIT - _DIGEST_LENGTH - 2
    return f"{escaped[:room]}=.{digest(text)}"


def _escape(character: str) -> str:
    if character in _TAG_SAFE:
        return character
    return "".join(f"={byte:02X}" for byte in character.encode())
