"""A file, read and planned against the current state; kept while its plan waits to be confirmed.

A wrong file is refused whole, with the place of every mistake.
"""

import base64
import hashlib
import json
import secrets
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from brokers import catalogue
from brokers.federation_keys import decrypt_keys
from brokers.import_export import yaml_reader
from brokers.import_export.complaints import Complaints, Place, Unusable
from brokers.import_export.current_state import current_state
from brokers.import_export.plan import Plan, Problem
from brokers.import_export.planner import plan
from brokers.import_export.snapshot import Contents, CurrentState, Values
from brokers.import_export.validation import read_contents
from brokers.import_export.yaml_reader import LARGEST
from brokers.models import ImportPart, Target
from brokers.nodes import Key, Node
from core import audit, aws
from core.audit import Event
from core.dynamo import after, transaction
from core.errors import Conflict, CooperError, Invalid, Unavailable

KEPT = 3600
"""Seconds that a file waits for its plan to be confirmed."""

PIECE = 300_000
"""Bytes of a file in one item at most (an item has 400 KB)."""


class FileRefused(Invalid):
    """The file cannot be imported; `lines` say what is wrong where."""

    def __init__(self, complaints: Complaints) -> None:
        first = complaints.in_order()[0]
        # audit log and log get no more than this: the file may have secrets where none belong
        detail = f"{complaints.count()} wrong, first at line {first.line}, column {first.column}"
        super().__init__("Nothing was imported: the file has errors.", detail, field="file")
        self.lines = complaints.lines()


@dataclass(frozen=True)
class Draft:
    """A file that may be imported: what it would do, and which file it is (SHA-256)."""

    plan: Plan
    file_digest: str
    prune: bool


# -- reading and planning --------------------------------------------------------------------------
def draft(data: bytes, *, prune: bool = False) -> Draft:
    """Return what importing a file would do now.

    Nothing is written, except that a refused file is put on the audit log. Raise FileRefused.
    """
    complaints = Complaints()
    file_digest = hashlib.sha256(data).hexdigest()

    try:
        file_plan = _plan_file(data, complaints, prune)
    except Unusable:
        file_plan = Plan()

    if complaints:
        refused = FileRefused(complaints)
        audit.record(Event.IMPORT_REFUSED, why=refused.detail, file=file_digest, size=len(data))
        raise refused
    return Draft(file_plan, file_digest, prune)


def _plan_file(data: bytes, complaints: Complaints, prune: bool) -> Plan:
    """Return the plan, of no use beside complaints; raise Unusable, having complained."""
    root = yaml_reader.read(data, complaints)
    contents = read_contents(root, complaints, aws.caller_identity().arn)
    if complaints:
        return Plan()

    current = current_state(catalogue.current())
    file_plan = plan(contents, current, audit.now(), prune=prune)
    for problem in [*file_plan.problems, *_key_problems(contents, current)]:
        # finding a place takes a while, and those that are only counted need none
        place = root if complaints.is_full() else _place_of(root, problem.path)
        complaints.add(place, problem.message)
    return file_plan


def _place_of(root: Node, path: tuple[str, ...]) -> Place:
    """Return the key that a path leads to, or the nearest one that the file has."""
    place: Place = root
    node = root
    for part in path:
        key = _find_key(node, part)
        if key is None:
            break
        place = key
        node = node.value[key]
    return place


def _find_key(node: Node, name: str) -> Key | None:
    if isinstance(node.value, dict):
        for key in node.value:
            if key == name:
                return key  # type: ignore[no-any-return]
    return None


def _key_problems(contents: Contents, current: CurrentState) -> Iterator[Problem]:
    """Yield Federation Keys that do not open here, or are others than the file says."""
    for name, in_file in contents.targets.items():
        ciphertext = in_file["federation_keys"]
        if not ciphertext:
            continue

        target = current.targets.get(name)
        is_known = target is not None and target["federation_keys"] == ciphertext
        if not is_known and not _keys_open(name, in_file):
            yield Problem(
                ("targets", name, "federation_keys"),
                "These Federation Keys do not open here: they are bound to their target, "
                "table prefix and KMS key. Leave them out, and paste them anew.",
            )


def _keys_open(name: str, in_file: Values) -> bool:
    """Return whether keys can be decrypted here and have the stated id; raise Unavailable."""
    target = Target(
        name,
        federation_keys=base64.b64decode(in_file["federation_keys"]),
        federation_keys_kms_arn=in_file["federation_keys_kms_arn"],
    )
    try:
        keys = decrypt_keys(target)
    except Unavailable:
        raise
    except CooperError:
        return False
    return bool(keys.access_key_id == in_file["access_key_id"])


# -- files that wait for their plan to be confirmed ------------------------------------------------
def save_file(data: bytes, person: str, *, prune: bool) -> str:
    """Keep a file for an hour, for the person to confirm its plan; return its token."""
    token = secrets.token_hex(20)
    packed = zlib.compress(data)
    pieces = [packed[start : start + PIECE] for start in range(0, len(packed), PIECE)]
    # the number of pieces tells a file that was saved to its end from one that was cut short
    head = {"person": person, "prune": prune, "pieces": len(pieces)}

    for number, body in enumerate([json.dumps(head).encode(), *pieces]):
        part = ImportPart(_batch(token), number, body=body, expires=after(KEPT))
        with transaction() as writes:
            writes.create(part)
    return token


def load_file(token: str, person: str) -> tuple[bytes, bool]:
    """Return a file that the person saved, and whether to prune.

    Raise Conflict when it is gone, or somebody else's.
    """
    gone = Conflict(
        "This plan has expired. Choose the file again.", "no such draft, or somebody else's"
    )
    # the token comes from a form, and | in it would lead to another item
    if not token.isalnum():
        raise gone
    parts = list(ImportPart.under(_batch(token)))
    if not parts:
        raise gone

    head = json.loads(bytes(parts[0].body))
    pieces = parts[1:]
    # DynamoDB deletes what has expired only after a while
    expired = parts[0].expires.timestamp() <= time.time()
    if expired or head["person"] != person or head["pieces"] != len(pieces):
        raise gone

    packed = b"".join(bytes(piece.body) for piece in pieces)
    # no more than a file can have, whatever the stored bytes unpack to
    data = zlib.decompressobj().decompress(packed, LARGEST + 1)
    return data, bool(head["prune"])


def _batch(token: str) -> str:
    return f"file-{token}"
