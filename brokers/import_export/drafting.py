"""Files that wait for an administrator to confirm their plan, for an hour, for that administrator alone."""

import json
import secrets
import time
import zlib

from brokers.import_export.yaml_reader import LARGEST
from brokers.models import ImportPart
from core.dynamo import after, transaction
from core.errors import Conflict

KEPT = 3600
PIECE = 300_000
"""Bytes of a file in one item at most (an item has 400 KB)."""


def keep(data: bytes, person: str, *, prune: bool) -> str:
    """Keep a file for the person to confirm; return the token that names it."""
    token, packed = secrets.token_hex(20), zlib.compress(data)
    pieces = [packed[start : start + PIECE] for start in range(0, len(packed), PIECE)]
    head = json.dumps({"person": person, "prune": prune, "pieces": len(pieces)}).encode()
    for number, body in enumerate([head, *pieces]):
        with transaction() as writes:
            writes.create(ImportPart(f"file-{token}", number, body=body, expires=after(KEPT)))
    return token


def kept(token: str, person: str) -> tuple[bytes, bool]:
    """Return the file that the person was shown the plan of, and whether to prune; raise Conflict when it is gone."""
    parts = list(ImportPart.under(f"file-{token}")) if token.isalnum() else []
    head = json.loads(bytes(parts[0].body)) if parts else {}
    fresh = bool(parts) and parts[0].expires.timestamp() > time.time()
    if not fresh or head["person"] != person or head["pieces"] != len(parts) - 1:
        raise Conflict(
            "This plan is no longer kept. Choose the file again.",
            "no such draft, or somebody else's",
        )
    packed = b"".join(bytes(part.body) for part in parts[1:])
    return zlib.decompressobj().decompress(packed, LARGEST + 1), bool(head["prune"])
