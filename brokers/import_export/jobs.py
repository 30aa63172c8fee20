"""One import: begun with its steps stored, applied step by step, each once and wholly.

A step is one transaction with its events and the import's progress. So an import that was cut
short tells truly how far it is, and whoever resumes it goes on from there.
"""

import json
import secrets
import time
import zlib
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any

from brokers import aws_accounts, catalogue
from brokers.grants.events import GrantScope
from brokers.import_export.apply import write_step
from brokers.import_export.drafts import Draft
from brokers.import_export.plan import ChangeKind, Plan
from brokers.import_export.steps import Step, steps_of
from brokers.import_export.taken_away import grants_concerned
from brokers.models import Import, ImportPart
from core import audit
from core.audit import Event
from core.dynamo import Transaction, after, transaction
from core.errors import Conflict, CooperError, Invalid

SLOT = "catalogue"
"""The key of the one import's item."""

RUNNING = "running"
DONE = "done"
GIVEN_UP = "given up"

KEPT = 90 * 86_400
"""Seconds that the steps of an import are kept."""

NO_LIMIT = float("inf")

OnStep = Callable[[Import, GrantScope], None]
"""Called after each step that is applied, with the grants from which it takes something away.

None of them where somebody else applied it.
"""


class ImportUnfinished(Conflict):
    """There is an import that is not finished."""

    def __init__(self, job: Import) -> None:
        super().__init__(
            f"Another import is unfinished. {progress(job)} Resume it or give it up first."
        )


# -- the newest import -----------------------------------------------------------------------------
def newest() -> Import | None:
    """Return the newest import, as it is now."""
    return Import.find(SLOT)


def unfinished() -> Import | None:
    """Return the import that is not finished, if there is one."""
    job = newest()
    if job is None or job.state != RUNNING:
        return None
    return job


def progress(job: Import) -> str:
    """Say how far an import is."""
    return (
        f"Import {job.number} by {job.person}, begun {job.begun:%Y-%m-%d %H:%M} UTC: "
        f"{job.applied} of {job.total} steps applied."
    )


# -- beginning -------------------------------------------------------------------------------------
def begin(draft: Draft, person: str, own_groups: Collection[str] = ()) -> Import:
    """Store the steps of a plan and make it the one import.

    `person` is who imports; `own_groups` are their groups, for the audit log to say where they
    entitle themself. Raise ImportUnfinished while there is another one.
    """
    previous = newest()
    if previous is not None and previous.state == RUNNING:
        raise ImportUnfinished(previous)
    if not draft.plan:
        raise Invalid("Nothing to do: everything is as the file says.")

    # one by one: all of them together may be larger than a transaction
    number = secrets.token_hex(6)
    steps = steps_of(_with_external_ids(draft.plan))
    for place, step in enumerate(steps, 1):
        _store_step(number, place, step, own_groups)

    job = Import(
        SLOT,
        number=number,
        state=RUNNING,
        person=person,
        file_digest=draft.file_digest,
        plan_digest=draft.plan.digest(),
        total=len(steps),
        applied=0,
        begun=audit.now(),
    )
    # from here on it is the one import; steps that no import points to expire
    with transaction() as writes:
        if previous is None:
            writes.create(job)
        else:
            # of two that begin at once, one wins
            job.version = previous.version
            writes.save(job)
        writes.create(_begun_event(job, draft))
    return job


def _begun_event(job: Import, draft: Draft) -> audit.AuditEvent:
    counts = {name: count for name, count in draft.plan.counts().items() if count}
    facts: dict[str, Any] = {
        "imported": job.number,
        "file": job.file_digest,
        "plan": job.plan_digest,
        "steps": job.total,
        "prune": draft.prune or None,
        "counts": counts,
    }
    return audit.event(Event.IMPORT_BEGUN, **facts)


def _with_external_ids(plan: Plan) -> Plan:
    """Return the plan with an ExternalId for each new AWS account for which the file has none."""
    accounts = []
    for account in plan.accounts:
        if account.how == ChangeKind.ADD:
            values = {"external_id": aws_accounts.new_external_id(), **account.values}
            accounts.append(replace(account, values=values))
        else:
            accounts.append(account)
    return replace(plan, accounts=accounts)


def _store_step(number: str, place: int, step: Step, own_groups: Collection[str]) -> None:
    for target in step["targets"]:
        rules = target["rules"]
        entitled = {*rules["added"], *rules["changed"]}
        target["self_entitled"] = sorted(entitled.intersection(own_groups))

    body = zlib.compress(json.dumps(step).encode())
    with transaction() as writes:
        writes.create(ImportPart(number, place, body=body, expires=after(KEPT)))


# -- applying --------------------------------------------------------------------------------------
def resume(seconds: float = NO_LIMIT, on_step: OnStep | None = None) -> Import:
    """Apply the steps of the unfinished import that are left, for so many seconds.

    Return the import as it is then. Raise Conflict when somebody changed what a step builds on.
    """
    deadline = time.monotonic() + seconds
    job = _existing()

    while job.state == RUNNING and time.monotonic() < deadline:
        scope = GrantScope()
        try:
            scope = _apply_next_step(job)
        except Conflict:
            job_now = _existing()
            if _progress_key(job_now) == _progress_key(job):
                raise
            # another process applied this step, or gave the import up
            job = job_now
        else:
            job = _existing()
        if on_step is not None:
            on_step(job, scope)
    return job


def _existing() -> Import:
    job = newest()
    if job is None:
        raise CooperError("There is no import.", "no import item")
    return job


def _progress_key(job: Import) -> tuple[str, str, int]:
    return str(job.number), str(job.state), int(job.applied)


def _apply_next_step(job: Import) -> GrantScope:
    """Apply one step, its events and the progress, in one transaction.

    Return the grants from which it takes something away.
    """
    place = int(job.applied) + 1
    part = ImportPart.find(str(job.number), place)
    if part is None:
        raise CooperError(
            "A step of this import is missing. Give it up, and import the file again.",
            f"no step {place}",
        )

    step: Step = json.loads(zlib.decompress(bytes(part.body)))
    targets = [entry["name"] for entry in step["targets"]]
    accounts = [entry["account_id"] for entry in step["accounts"]]
    # it also notes in the change log what every process has to read again
    catalogue.edit(partial(_write, job, place, step), *targets, accounts=accounts)
    return grants_concerned(step)


def _write(job: Import, place: int, step: Step, writes: Transaction) -> None:
    """Put a step into a transaction, on condition that it is the next one."""
    facts = {"imported": str(job.number), "step": f"{place} of {job.total}"}
    write_step(step, facts, writes)

    is_last = place == job.total
    actions = [Import.applied.set(place)]
    if is_last:
        actions.append(Import.state.set(DONE))

    is_next = (
        (Import.number == job.number) & (Import.state == RUNNING) & (Import.applied == place - 1)
    )
    overtaken = Conflict("Somebody else resumed this import, or gave it up.", "step overtaken")
    writes.update(Import, SLOT, actions=actions, condition=is_next, refusal=overtaken)

    if is_last:
        writes.create(audit.event(Event.IMPORT_DONE, imported=job.number, steps=job.total))


# -- giving up -------------------------------------------------------------------------------------
def give_up() -> Import:
    """Give the unfinished import up: what was applied stays. Raise Conflict when there is none."""
    job = unfinished()
    if job is None:
        raise Conflict("There is no unfinished import.")

    job.state = GIVEN_UP
    facts: dict[str, Any] = {
        "imported": job.number,
        "applied": job.applied,
        "steps": job.total,
    }
    with transaction() as writes:
        writes.save(job)
        writes.create(audit.event(Event.IMPORT_GIVEN_UP, **facts))
    return job
