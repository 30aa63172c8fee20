"""A file, read and planned against what is held now; a wrong one is refused whole, with every complaint's place."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from brokers import catalogue
from brokers.federation_keys import keys_of
from brokers.import_export.complaints import Complaints, Unusable
from brokers.import_export.export import held
from brokers.import_export.plan import Plan, Problem
from brokers.import_export.planner import plan
from brokers.import_export.snapshot import Contents, CurrentState
from brokers.import_export.validation import read_contents
from brokers.import_export.yaml_reader import Key, Node, read
from brokers.models import Target
from core import audit, aws
from core.audit import Event
from core.errors import CooperError, Invalid, Unavailable


class FileRefused(Invalid):
    """The file cannot be imported; `lines` say what is wrong where."""

    def __init__(self, complaints: Complaints) -> None:
        """Keep all complaints; the record and the log get their number and first place alone."""
        first = complaints.in_order()[0]
        number = complaints.count()
        where = f"{number} wrong, first at line {first.line}, column {first.column}"
        super().__init__("Nothing was imported: the file is not right.", where, field="file")
        self.lines = complaints.lines()


@dataclass(frozen=True)
class Draft:
    """A file that may be imported: what it would do, and which file it is (SHA-256)."""

    plan: Plan
    file_digest: str
    prune: bool


def draft(data: bytes, *, prune: bool = False) -> Draft:
    """Return what importing a file would do now; raise FileRefused, which is recorded. Nothing else is written."""
    complaints, digest = Complaints(), hashlib.sha256(data).hexdigest()
    try:
        root = read(data, complaints)
        contents = read_contents(root, complaints, aws.caller_identity().arn)
        found = _planned(root, contents, complaints, prune)
    except Unusable:
        found = Plan()
    if complaints:
        refused = FileRefused(complaints)
        audit.record(Event.IMPORT_REFUSED, why=refused.detail, file=digest, size=len(data))
        raise refused
    return Draft(found, digest, prune)


def _planned(root: Node, contents: Contents, complaints: Complaints, prune: bool) -> Plan:
    """Return the plan; complain of what cannot be, where the file is right so far."""
    if complaints:
        return Plan()
    here = held(catalogue.current())
    found = plan(contents, here, audit.now(), prune=prune)
    for each in [*found.problems, *_foreign_keys(contents, here)]:
        place = root if complaints.is_full() else _place(root, each.path)
        complaints.add(place, each.message)
    return found


def _place(root: Node, path: tuple[str, ...]) -> Any:
    """Return the key or node that a path leads to, or as near as the file has it."""
    place: Any = root
    node = root
    for part in path:
        key = (
            next((each for each in node.value if each == part), None)
            if isinstance(node.value, dict)
            else None
        )
        if key is None:
            break
        node = node.value[key]
        place = key if isinstance(key, Key) else node
    return place


def _foreign_keys(contents: Contents, here: CurrentState) -> Iterator[Problem]:
    """Yield Federation Keys that do not open here, or are others than the file says; raise Unavailable."""
    for name, said in contents.targets.items():
        known = here.targets.get(name)
        if not said["federation_keys"] or (
            known is not None and known["federation_keys"] == said["federation_keys"]
        ):
            continue
        ciphertext = base64.b64decode(said["federation_keys"])
        carried = Target(
            name,
            federation_keys=ciphertext,
            federation_keys_kms_arn=said["federation_keys_kms_arn"],
        )
        try:
            right = keys_of(carried).access_key_id == said["access_key_id"]
        except Unavailable:
            raise
        except CooperError:
            right = False
        if not right:
            message = "These Federation Keys do not open here: they are bound to their target, table prefix and KMS key"
            yield Problem(
                ("targets", name, "federation_keys"),
                f"{message}. Leave them out, and paste them anew.",
            )
