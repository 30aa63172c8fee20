"""Recognising restored tables, stopping all grants, and taking away what must not come back.

All of it comes before a server accepts the tables (`core.store_identity`). The stop comes first,
the identities of the tables last; in between each step is remembered, so that a run that was cut
off anywhere is simply run again.
"""

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from cooper_project.restore_steps import STEPS, Step
from core import audit, installation, store_identity
from core.audit import Event
from core.dynamo import TableIdentity, existing_tables, transaction
from core.dynamo.table_manager import TableManager
from core.emergency_stop import (
    HISTORY,
    REASON_LIMIT,
    put_release,
    put_stop_for_restore,
    stop_in,
)
from core.errors import Conflict
from core.installation import RESTORE_ITEM, STOP_SWITCH_ITEM, Installation
from core.store_identity import TABLES_ITEM

Say = Callable[[str], None]

REASON = "These tables were restored. It stays until what that undid was worked off"
BY = "cooper -setup"

NOT_ALL_RESTORED = (
    "These tables were restored, but without {names}. An empty table would allow what the lost one "
    "refused. Restore them to the same moment too; only where one is lost for good, run this with "
    "-make-missing. Nothing was changed."
)

NEXT = """
All grants are stopped. Before the stop can be lifted:
  1. where the prefix is another one now:  cooper -rewrap -from-prefix OLD
  2. list what the restore undid, from the files that cooper -ship delivered:
     cooper -audit since-restore FILE ...
  3. do each line again, then release the stop:
     cooper -audit since-restore FILE ... -release
  4. start the servers; an administrator lifts the stop, with a code."""


@dataclass
class Restore:
    """A restore that set-up has found, as the item holds it."""

    id: str
    found_at: str
    """ISO 8601, UTC."""
    restored_to: str
    """The oldest moment to which AWS restored one of the tables; "" where it does not say of each:
    one that was made anew has none."""
    tables: dict[str, str]
    """The identities of the tables, by their names without the prefix."""
    done: list[str] = field(default_factory=list)
    """The names of the steps that are done."""
    is_accepted: bool = False
    """Whether every step is done, and servers accept the tables."""
    worked_off_at: str = ""
    """When what it undid was worked off."""


def stored_restore() -> Restore | None:
    """Return the newest restore, or None when there was none; raise CooperError."""
    item = Installation.find(RESTORE_ITEM)
    if item is None:
        return None
    return Restore(**json.loads(str(item.value)))


def tables_now(say: Say) -> dict[str, TableIdentity]:
    """Return the tables that exist, by their names without the prefix; raise as set-up does."""
    return existing_tables(TableManager(say).describe)


def refuse_incomplete(say: Say, *, make_missing: bool) -> None:
    """Raise Conflict when some tables were restored and others are not there.

    With `make_missing` those that are lost for good may be made anew, empty.
    """
    tables = tables_now(say)
    if not tables or make_missing:
        return

    identities: dict[str, str] = {}
    if store_identity.TABLE in tables:
        identities = store_identity.known_tables()
    elif not any(table.restored_to for table in tables.values()):
        # an earlier run was cut off while it made them
        return

    missing = {*identities, store_identity.TABLE} - tables.keys()
    others = set(store_identity.others(identities, tables))
    if missing and (others - missing or not identities):
        raise Conflict(NOT_ALL_RESTORED.format(names=", ".join(sorted(missing))))


def begin(say: Say, *, is_declared: bool) -> Restore | None:
    """Stop all grants if the tables were restored; return the restore, or None.

    `is_declared` says that somebody knows that they were. Raise CooperError.
    """
    tables = tables_now(say)
    newest = stored_restore()
    identities = json.loads(store_identity.value_of(tables))
    if newest and not newest.is_accepted and newest.tables == identities:
        say("These tables were restored: going on where an earlier run stopped.")
        return newest

    names = sorted(tables) if is_declared else _restored(tables)
    if not names:
        return None

    restore = Restore(
        id=secrets.token_hex(4),
        found_at=audit.now().isoformat(timespec="seconds"),
        restored_to=_oldest_moment(tables[name] for name in names),
        tables=identities,
    )
    say(f"These tables were restored or made anew: {', '.join(names)}. Stopping all grants ...")
    _stop(restore, names)
    return restore


def _oldest_moment(tables: Iterable[TableIdentity]) -> str:
    moments = [table.restored_to for table in tables]
    return "" if "" in moments else min(moments)


def _restored(tables: dict[str, TableIdentity]) -> list[str]:
    """Return the names of the tables that are not those that set-up has seen."""
    identities = store_identity.known_tables()
    others = store_identity.others(identities, tables)
    # an earlier cooper kept no identities, but AWS says so by itself
    restored = [name for name, table in tables.items() if table.restored_to]
    return sorted({*others, *(set(restored) - identities.keys())})


def _stop(restore: Restore, names: list[str]) -> None:
    # where the item itself is lost there are no grants either
    installation.ensure(STOP_SWITCH_ITEM, stopped=True)
    earlier = stop_in(Installation.find(STOP_SWITCH_ITEM))
    reason = REASON
    if earlier and earlier.reason:
        reason = f"{REASON}. Stopped before that: {earlier.reason}"[:REASON_LIMIT]

    facts: dict[str, Any] = {"restore": restore.id, "restored_to": restore.restored_to}
    with transaction() as writes:
        put_stop_for_restore(writes, audit.now(), BY, reason, restore.id)
        writes.replace(_item(restore))
        writes.create(audit.event(Event.RESTORE_FOUND, tables=names, **facts))
        writes.create(
            audit.event(Event.STOP_SET, object="all grants", target=HISTORY, why=REASON, **facts)
        )


def finish(say: Say, restore: Restore) -> list[str]:
    """Take everything away that is left, then accept the tables; return what was done.

    Raise CooperError; what was done stays done, and the next run goes on from there.
    """
    steps = [step for step in STEPS if step.name not in restore.done]
    changed = [_take_away(say, restore, step) for step in steps]

    _accept(restore)
    say(NEXT)
    return changed


def _take_away(say: Say, restore: Restore, step: Step) -> str:
    say(f"{step.name} ...")
    count = step.run()

    restore.done.append(step.name)
    with transaction() as writes:
        writes.replace(_item(restore))
        writes.create(
            audit.event(Event.RESTORE_STEP_DONE, restore=restore.id, step=step.name, count=count)
        )
    line = f"{count:,} {step.words}"
    say(f"  {line}")
    return line


def _accept(restore: Restore) -> None:
    """Let servers accept the tables, which stand still until the stop is lifted."""
    restore.is_accepted = True
    # as they were found: others that take their place meanwhile are not accepted
    tables = Installation(TABLES_ITEM, value=json.dumps(restore.tables))
    with transaction() as writes:
        writes.replace(_item(restore))
        writes.replace(tables)
        writes.create(audit.event(Event.RESTORE_STEP_DONE, restore=restore.id, step="accept"))


def release(restore: Restore, **facts: Any) -> None:
    """Let the stop be lifted, since what the restore undid was worked off; `facts` say how.

    Raise Conflict when the stop is not about this restore.
    """
    restore.worked_off_at = audit.now().isoformat(timespec="seconds")
    with transaction() as writes:
        put_release(writes, restore.id, _value_of(restore))
        writes.create(audit.event(Event.RESTORE_WORKED_OFF, restore=restore.id, **facts))


def _item(restore: Restore) -> Installation:
    # no stop is lifted until it is released
    return Installation(RESTORE_ITEM, value=_value_of(restore), stopped_for_restore=restore.id)


def _value_of(restore: Restore) -> str:
    return json.dumps(asdict(restore))
