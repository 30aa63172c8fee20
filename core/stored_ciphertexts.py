"""Ciphertexts where they stand in the tables, so that all of them can be listed and moved.

Whoever keeps a ciphertext also lists it here: `cooper_project.rewrap` has the sources.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.audit import AuditEvent
from core.dynamo import transaction
from core.errors import Conflict
from core.installation import Installation
from core.kms import Ciphertext

TABLES = "cooper:tables"
"""The entry of every encryption context that holds the prefix of the tables."""

Replace = Callable[[Ciphertext, AuditEvent], None]
"""Puts a new ciphertext in the place of the one that was listed, together with an event.

It raises Conflict when another one stands there meanwhile.
"""


@dataclass(frozen=True)
class StoredCiphertext:
    """A ciphertext, and the encryption context that its place in these tables demands."""

    place: str
    """For people: `one-time-code device of local:alice`."""

    ciphertext: Ciphertext
    context: dict[str, str]
    replace: Replace

    subject: str = ""
    """The target or person whose history tells of it, if any."""


def changed_meanwhile(place: str) -> Conflict:
    """Return the refusal of a write to a place where another ciphertext stands by now."""
    return Conflict("It was changed meanwhile.", f"changed: {place}")


def in_installation(name: str, noun: str, context: dict[str, str]) -> Iterator[StoredCiphertext]:
    """Yield the ciphertexts in the list that an item of the installation holds, if there is one."""
    item = Installation.find(name)
    if item is None:
        return

    for number, entry in enumerate(json.loads(item.value or "[]"), start=1):
        ciphertext = Ciphertext.from_json(entry)
        replace = partial(_replace_in_installation, name, ciphertext)
        yield StoredCiphertext(f"{noun} {number}", ciphertext, context, replace)


def _replace_in_installation(
    name: str, old: Ciphertext, new: Ciphertext, event: AuditEvent
) -> None:
    item = Installation.find(name)
    entries: list[dict[str, Any]] = json.loads(item.value or "[]") if item else []
    same = [entry for entry in entries if Ciphertext.from_json(entry) == old]
    if item is None or not same:
        raise changed_meanwhile(name)

    same[0].update(new.to_json())
    item.value = json.dumps(entries)
    with transaction() as writes:
        writes.save(item, refusal=changed_meanwhile(name))
        writes.create(event)
