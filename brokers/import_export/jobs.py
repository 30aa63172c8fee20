"""One import: begun with its steps laid down, applied step by step, each once and wholly, whoever goes on with it.

A step is one transaction with its events and the import's progress, so that an import that was cut short says truly how
far it is, and the next process goes on from there.
"""

import json
import secrets
import time
import zlib
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any

from brokers import catalogue
from brokers.import_export import applying
from brokers.import_export.drafts import Draft
from brokers.import_export.plan import ChangeKind, Plan
from brokers.import_export.steps import Step, steps_of
from brokers.models import Import, ImportPart
from core import audit
from core.audit import Event
from core.dynamo import Transaction, after, transaction
from core.errors import Conflict, CooperError, Invalid

SLOT = "catalogue"
RUNNING, DONE, GIVEN_UP = "running", "done", "given up"

KEPT = 90 * 86_400
"""Seconds that the steps of an import are kept."""


class Unfinished(Conflict):
    """There is an import that is not finished."""

    def __init__(self, found: Import) -> None:
        """Say whose it is and how far."""
        super().__init__(
            f"An import is unfinished, and there is one at a time. {progress(found)} Go on or give it up."
        )


def newest() -> Import | None:
    """Return the newest import, as it is now."""
    return Import.find(SLOT)


def unfinished() -> Import | None:
    """Return the import that is not finished, if there is one."""
    found = newest()
    return found if found is not None and found.state == RUNNING else None


def progress(found: Import) -> str:
    """Say how far an import is."""
    begun = f"{found.begun:%Y-%m-%d %H:%M} UTC"
    return f"Import {found.number} of {found.person}, begun {begun}: {found.applied} of {found.total} steps applied."


def begin(draft: Draft, person: str, mine: Collection[str] = ()) -> Import:
    """Lay down the steps of a plan and make it the one import; raise Unfinished while there is another.

    `person` is who imports; `mine` the groups they are in, for the record to say that they entitle themselves.
    """
    found = newest()
    if found is not None and found.state == RUNNING:
        raise Unfinished(found)
    if not draft.plan:
        raise Invalid("Nothing to do: everything is as the file says.")
    number, steps = secrets.token_hex(6), steps_of(_with_external_ids(draft.plan))
    for place, step in enumerate(steps, 1):
        _lay_down(number, place, step, mine)
    made = found or Import(SLOT)
    made.number, made.state, made.person = number, RUNNING, person
    made.file_digest, made.plan_digest = draft.file_digest, draft.plan.digest()
    made.total, made.applied, made.begun = len(steps), 0, audit.now()
    facts: dict[str, Any] = {
        "imported": number,
        "file": draft.file_digest,
        "plan": made.plan_digest,
    }
    with transaction() as writes:
        if found is None:
            writes.create(made)
        else:
            writes.save(made)
        counts = {name: count for name, count in draft.plan.counts().items() if count}
        begun = audit.event(
            Event.IMPORT_BEGUN, **facts, steps=len(steps), prune=draft.prune or None, counts=counts
        )
        writes.create(begun)
    return made


def _with_external_ids(plan: Plan) -> Plan:
    """Return the plan with an ExternalId for each new AWS account for which the file has none."""
    made = [
        replace(each, values={"external_id": catalogue.new_external_id()} | each.values)
        if each.how == ChangeKind.ADD
        else each
        for each in plan.accounts
    ]
    return replace(plan, accounts=made)


def _lay_down(number: str, place: int, step: Step, mine: Collection[str]) -> None:
    """Keep a step, with the groups by which the person entitles themself."""
    for each in step["targets"]:
        each["self_entitled"] = sorted(
            {*each["rules"]["added"], *each["rules"]["changed"]} & set(mine)
        )
    body = zlib.compress(json.dumps(step).encode())
    with transaction() as writes:
        writes.create(ImportPart(number, place, body=body, expires=after(KEPT)))


def go_on(
    seconds: float = float("inf"), told: Callable[[Import], None] = lambda found: None
) -> Import:
    """Apply the steps of the unfinished import that are left, for so many seconds; return how far it is.

    `told` hears of each step that is applied. Raise Conflict when somebody changed what a step builds on.
    """
    end, found = time.monotonic() + seconds, _existing()
    while found.state == RUNNING and time.monotonic() < end:
        number, place = str(found.number), int(found.applied) + 1
        try:
            _apply(found, place)
        except Conflict:
            found = _existing()
            if (found.number, found.state, found.applied) == (number, RUNNING, place - 1):
                raise
        else:
            found = _existing()
        told(found)
    return found


def _existing() -> Import:
    """Return the newest import; raise CooperError when there never was one."""
    found = newest()
    if found is None:
        raise CooperError("There is no import.", "no import item")
    return found


def _apply(found: Import, place: int) -> None:
    """Apply one step, its events and the progress, in one transaction."""
    part = ImportPart.find(str(found.number), place)
    if part is None:
        raise CooperError(
            "A step of this import is gone. Give it up, and import the file again.",
            f"no step {place}",
        )
    step: Step = json.loads(zlib.decompress(bytes(part.body)))
    said: dict[str, Any] = {"imported": str(found.number), "step": f"{place} of {found.total}"}
    names = [each["name"] for each in step["targets"]]
    accounts = [each["account_id"] for each in step["accounts"]]
    catalogue.edit(partial(_put, found, place, step, said), *names, accounts=accounts)


def _put(found: Import, place: int, step: Step, said: dict[str, Any], writes: Transaction) -> None:
    """Put a step into a transaction, on condition that it is the next one."""
    applying.put(step, said, writes)
    last = place == found.total
    actions = [Import.applied.set(place), *([Import.state.set(DONE)] if last else [])]
    here = (
        (Import.number == found.number) & (Import.state == RUNNING) & (Import.applied == place - 1)
    )
    overtaken = Conflict("Somebody else goes on with this import, or gave it up.", "step overtaken")
    writes.update(Import, SLOT, actions=actions, condition=here, refusal=overtaken)
    if last:
        writes.create(audit.event(Event.IMPORT_DONE, imported=found.number, steps=found.total))


def give_up() -> Import:
    """Give the unfinished import up: what was applied stays. Raise Conflict when there is none."""
    found = unfinished()
    if found is None:
        raise Conflict("There is no unfinished import.")
    found.state = GIVEN_UP
    with transaction() as writes:
        writes.save(found)
        facts: dict[str, Any] = {
            "imported": found.number,
            "applied": found.applied,
            "steps": found.total,
        }
        writes.create(audit.event(Event.IMPORT_GIVEN_UP, **facts))
    return found
