"""`cooper -audit since-restore`: what a restore undid, as a list to work off, and its end."""

import argparse
import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from cooper_project import since_restore
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand, UsageError
from cooper_project.restored_store import Restore, release, stored_restore
from cooper_project.shipped_files import read_files
from cooper_project.since_restore import Line, Report
from core.errors import CooperError, Invalid

VERB = "since-restore"

NO_RESTORE = (
    "Set-up has found no restore of these tables. Run: cooper -setup. Where they were restored, "
    "and AWS does not say so: cooper -setup -restored"
)
NOT_SEEN_TO = "Set-up has not ended yet. Run cooper -setup again, then this."

TOO_OLD = (
    "The files end at {until}, before the moment that the tables were restored to ({restored_to}): "
    "they say nothing of what was undone. Fetch newer ones; where nothing was shipped, say so with "
    "-nothing-shipped -why TEXT."
)

UNKNOWN_POINT = (
    "AWS does not say to which moment these tables were restored: nobody can tell whether the "
    "files, which end at {until}, reach beyond it. Say with -why TEXT how you know that they do. "
    "Nothing was released."
)

OPEN = (
    "{count} lines are open. Do them again, or accept them: -accept {ids} -why TEXT. "
    "Nothing was released."
)

RELEASED = (
    "Released. The stop of all grants is still on: start the servers, and an administrator lifts "
    "it under Administration, Emergency stop, with a code."
)

ADDED_SHOWN = 20
"""Lost additions that are listed; the files have all."""


@dataclass(frozen=True)
class Shipped:
    """The files that were given."""

    digests: dict[str, str]
    """SHA-256 by file name."""
    until: str
    """When their newest event happened, "" without any."""
    events: int


def add_to(verbs: "argparse._SubParsersAction[CommandParser]") -> None:
    """Add the verb to the command line of `cooper -audit`."""
    verb = verbs.add_parser(
        VERB, help="list what a restore undid, from shipped files; release the stop at the end"
    )
    verb.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="JSON Lines that cooper -ship delivered"
    )
    verb.add_argument(
        "--release",
        action="store_true",
        help="when each line was done again or is accepted: let the stop be lifted",
    )
    verb.add_argument("--accept", default="", metavar="ID,ID", help="lines that stay undone")
    verb.add_argument("--why", default="", help="why they do; it stands on the audit log")
    verb.add_argument(
        "--nothing-shipped",
        action="store_true",
        help="no event was ever shipped: nobody can tell what was undone",
    )


def run(command: CooperCommand, options: dict[str, Any]) -> None:
    """List, and release if asked to; raise CooperError or UsageError."""
    paths: list[Path] = options["files"]
    accepted = [id_ for id_ in options["accept"].split(",") if id_]
    why = options["why"].strip()
    if not paths and not options["nothing_shipped"]:
        raise UsageError("Name the files that cooper -ship delivered, or say -nothing-shipped.")
    if (accepted or options["nothing_shipped"]) and not why:
        raise UsageError("Say with -why TEXT why that is accepted.")

    restore = _restore()
    files = read_files(paths)
    shipped = _shipped(paths, [str(event["at"]) for event in files.events.values()])
    if paths:
        _refuse_too_old(shipped, restore)
    found_at = datetime.fromisoformat(restore.found_at)
    report = since_restore.compare(files, restore.restored_to, found_at)

    _say_report(command, report, shipped, restore, accepted)
    if options["release"]:
        _release(command, restore, report, shipped, accepted, why)


def _restore() -> Restore:
    restore = stored_restore()
    if restore is None:
        raise CooperError(NO_RESTORE)
    if not restore.is_accepted:
        raise CooperError(NOT_SEEN_TO)
    return restore


def _shipped(paths: list[Path], moments: list[str]) -> Shipped:
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    return Shipped(digests, max(moments, default=""), len(moments))


def _refuse_too_old(shipped: Shipped, restore: Restore) -> None:
    """Raise Invalid when the files end before the restore point: an empty list would be no news."""
    if shipped.until and shipped.until >= restore.restored_to:
        return
    raise Invalid(TOO_OLD.format(until=shipped.until or "nothing", restored_to=restore.restored_to))


# -- the list --------------------------------------------------------------------------------------
def _say_report(
    command: CooperCommand,
    report: Report,
    shipped: Shipped,
    restore: Restore,
    accepted: list[str],
) -> None:
    command.say(
        f"Restored to {restore.restored_to or '?'}, found by set-up at {restore.found_at}. "
        f"The files have {shipped.events:,} events, the newest of {shipped.until or '-'}: "
        "what happened after that is not listed."
    )
    command.say(f"{report.missing:,} of them are not in the table: the log itself lost them.")
    _say_others(command, report)

    command.say("")
    if not report.lines:
        command.say("Nothing was taken away since: there is nothing to do again.")
    for line in report.lines:
        _say_line(command, line, is_accepted=line.id in accepted)
    count = len(report.open_lines(accepted))
    command.say(f"\n{len(report.lines)} lines, {count} open.")


def _say_line(command: CooperCommand, line: Line, *, is_accepted: bool) -> None:
    state = "OPEN"
    if is_accepted:
        state = "accepted"
    if line.done_at:
        state = f"done {line.done_at}"

    command.say(f"[{line.id}] {state}: {line.at} {line.by} {line.words}: {line.subject}")
    if line.details:
        command.say(f"    {line.details}")
    if not line.done_at:
        command.say(f"    again: {line.again}")


def _say_others(command: CooperCommand, report: Report) -> None:
    """Say what needs nobody's hand, or will be asked for by whoever misses it."""
    now = datetime.now(UTC).isoformat()
    active = [event for event in report.issued if event["details"].get("expires_at", "") > now]
    if report.issued:
        command.say(
            f"{len(report.issued):,} of these are of grants; {len(active)} AWS sessions that the "
            "table does not know are active still."
        )
    for event in active:
        until = event["details"]["expires_at"]
        command.say(f"    {event.get('person')} is {event.get('target')} until {until[:19]}")

    counts = Counter(event["event"] for event in report.added)
    if counts:
        command.say("Lost as well, to be set up again by whoever misses it:")
    for event in report.added[:ADDED_SHOWN]:
        topic = since_restore.TOPIC_OF[event["event"]]
        command.say(f"    {event['event']}: {since_restore.subject_of(topic, event)}")
    if len(report.added) > ADDED_SHOWN:
        command.say(f"    ... and {len(report.added) - ADDED_SHOWN:,} more")


# -- its end ---------------------------------------------------------------------------------------
def _release(
    command: CooperCommand,
    restore: Restore,
    report: Report,
    shipped: Shipped,
    accepted: list[str],
    why: str,
) -> None:
    if not restore.restored_to and not why:
        raise CooperError(UNKNOWN_POINT.format(until=shipped.until))

    open_lines = report.open_lines(accepted)
    if open_lines:
        ids = ",".join(line.id for line in open_lines)
        raise CooperError(OPEN.format(count=len(open_lines), ids=ids))

    facts: dict[str, Any] = {
        "files": shipped.digests,
        "until": shipped.until or None,
        "missing": report.missing,
        "lines": len(report.lines),
        "accepted": [f"{line.words}: {line.subject}" for line in report.lines if not line.done_at],
        "nothing_shipped": not shipped.digests or None,
    }
    with operators.acting():
        release(restore, why=why or None, **facts)
    command.say(RELEASED)
