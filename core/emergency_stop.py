"""The emergency stop of all grants: whether it is on, since when, by whom and why."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from core.dynamo import Transaction
from core.errors import Conflict
from core.installation import NOT_SET_UP, RESTORE_ITEM, STOP_SWITCH_ITEM, Installation

HISTORY = "cooper:emergency-stop"
"""The target that its events name, so that they are found together. No real one is called so."""

REASON_LIMIT = 200
"""Characters of a reason: it stands on every page."""

STAYS_FOR_RESTORE = (
    "This stop stays until what the restore undid was worked off: on the host, "
    "cooper -audit since-restore lists it (docs/restore.md). Nothing was done."
)


@dataclass(frozen=True)
class EmergencyStop:
    """That all grants are stopped. One that an earlier cooper set says nothing more."""

    since: datetime | None = None
    by: str = ""
    reason: str = ""
    is_for_restore: bool = False
    """Whether it stays until what a restore undid was worked off."""

    def facts(self, now: datetime) -> str:
        """Return what goes on behind "stopped", such as " since 13:05 UTC: key leak", or ""."""
        facts = ""
        if self.since:
            facts = f" since {in_words(self.since, now)}"
        if self.reason:
            facts += f": {self.reason.rstrip('.')}"
        return facts


def in_words(moment: datetime, now: datetime) -> str:
    """Return a moment in UTC, with its day unless that is today."""
    in_utc = moment.astimezone(UTC)
    if in_utc.date() == now.astimezone(UTC).date():
        return f"{in_utc:%H:%M} UTC"
    return f"{in_utc:%Y-%m-%d %H:%M} UTC"


def stop_in(switch: Installation | None) -> EmergencyStop | None:
    """Return the stop that a switch says is on; None while it says that grants run.

    As a grant has it: a switch that is not there, or says neither, stops all of them.
    """
    if not switch:
        return EmergencyStop()
    if switch.stopped is False:
        return None
    return EmergencyStop(
        since=switch.stopped_since,
        by=str(switch.stopped_by or ""),
        reason=str(switch.stop_reason or ""),
        is_for_restore=bool(switch.stopped_for_restore),
    )


def put_stop(writes: Transaction, now: datetime, by: str, reason: str) -> None:
    """Put a stop into a transaction, whatever else of its item changed meanwhile.

    `reason` may be "". The transaction raises Conflict where set-up has not run: then nothing is
    granted anyway.
    """
    _put(writes, _stopped(now, by, reason))


def put_stop_for_restore(
    writes: Transaction, now: datetime, by: str, reason: str, restore: str
) -> None:
    """Put a stop into a transaction as `put_stop` does, that nobody lifts before `put_release`.

    `restore` is the id of the restore that it is about.
    """
    _put(writes, [*_stopped(now, by, reason), Installation.stopped_for_restore.set(restore)])


def _stopped(now: datetime, by: str, reason: str) -> list[Action]:
    stop_reason = Installation.stop_reason
    return [
        Installation.stopped.set(True),
        Installation.stopped_since.set(now),
        Installation.stopped_by.set(by),
        stop_reason.set(reason) if reason else stop_reason.remove(),
    ]


def _put(writes: Transaction, actions: list[Action]) -> None:
    writes.update(
        Installation,
        STOP_SWITCH_ITEM,
        actions=actions,
        condition=Installation.name.exists(),
        refusal=Conflict(NOT_SET_UP),
    )


def put_release(writes: Transaction, restore: str, value: str) -> None:
    """Put into a transaction that the stop for a restore may be lifted; the stop stays on.

    `value` is what the restore's item says from then on. The transaction raises Conflict when
    another restore was found meanwhile.
    """
    mark = Installation.stopped_for_restore
    writes.update(
        Installation,
        RESTORE_ITEM,
        actions=[Installation.value.set(value), mark.remove()],
        condition=mark == restore,
        refusal=Conflict("Another restore was found meanwhile. Run this again."),
    )
    writes.update(
        Installation,
        STOP_SWITCH_ITEM,
        actions=[mark.remove()],
        condition=Installation.name.exists(),
        refusal=Conflict(NOT_SET_UP),
    )


def put_lift(writes: Transaction, since: datetime | None) -> None:
    """Put into a transaction the end of the stop that is on `since` then (None: nobody knows).

    The transaction raises Conflict when another one was set meanwhile, and for one that is for a
    restore. That is said by the restore's own item, which the server's policy lets nobody write.
    """
    writes.check(
        Installation,
        RESTORE_ITEM,
        condition=Installation.stopped_for_restore.does_not_exist(),
        refusal=Conflict(STAYS_FOR_RESTORE),
    )
    stopped_since = Installation.stopped_since
    is_same: Condition = stopped_since.does_not_exist()
    if since:
        is_same = stopped_since == since
    writes.update(
        Installation,
        STOP_SWITCH_ITEM,
        actions=[
            Installation.stopped.set(False),
            stopped_since.remove(),
            Installation.stopped_by.remove(),
            Installation.stop_reason.remove(),
            Installation.stopped_for_restore.remove(),
        ],
        condition=Installation.name.exists() & is_same,
        refusal=Conflict("Somebody else stopped all grants anew. Look at it again."),
    )
