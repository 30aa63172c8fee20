"""`cooper -audit since-restore`: what a restore undid, as a list to work off, and its end."""

import argparse
import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from cooper_project import since_restore, undone_topics
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand, UsageError
from cooper_project.restored_store import Restore, release, stored_restore
from cooper_project.shipped_files import ShippedFiles, read_files
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

ACCEPTED_NAMED = 500
"""Accepted lines that stand on the audit log one by one; an event has room for no more."""

ADDED_SHOWN = 20
"""Lost additions that are listed; the files have all."""


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
    if paths:
        _refuse_too_old(files, restore)
    found_at = datetime.fromisoformat(restore.found_at)
    report = since_restore.compare(files, restore.restored_to, found_at)

    _say_report(command, report, files, restore, accepted)
    if options["release"]:
        grounds = Grounds(report, files.until, facts_of_files(paths), accepted, why)
        _release(command, restore, grounds)


def _restore() -> Restore:
    restore = stored_restore()
    if restore is None:
        raise CooperError(NO_RESTORE)
    if not restore.is_accepted:
        raise CooperError(NOT_SEEN_TO)
    return restore


def facts_of_files(paths: list[Path]) -> dict[str, Any]:
    """Return how many files there are, and the SHA-256 of the list that `sha256sum` prints of them.

    Their own digests would be too many for an event.
    """
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}\n" for path in paths]
    return {"count": len(paths), "sha256sum": hashlib.sha256("".join(lines).encode()).hexdigest()}


def _refuse_too_old(files: ShippedFiles, restore: Restore) -> None:
    """Raise Invalid when the files end before the restore point: an empty list would be no news."""
    if files.until and files.until >= restore.restored_to:
        return
    raise Invalid(TOO_OLD.format(until=files.until or "nothing", restored_to=restore.restored_to))


# -- the list --------------------------------------------------------------------------------------
def _say_report(
    command: CooperCommand,
    report: Report,
    files: ShippedFiles,
    restore: Restore,
    accepted: list[str],
) -> None:
    command.say(
        f"Restored to {restore.restored_to or '?'}, found by set-up at {restore.found_at}. "
        f"The files have {len(files.events):,} events, and end at {files.until or '-'}: "
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
        topic = undone_topics.TOPIC_OF[event["event"]]
        command.say(f"    {event['event']}: {undone_topics.subject_of(topic, event)}")
    if len(report.added) > ADDED_SHOWN:
        command.say(f"    ... and {len(report.added) - ADDED_SHOWN:,} more")


# -- its end ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Grounds:
    """On which grounds somebody releases the stop."""

    report: Report
    until: str
    """How far the files reach, "" without any."""
    files: dict[str, Any]
    accepted: list[str]
    why: str


def _release(command: CooperCommand, restore: Restore, grounds: Grounds) -> None:
    report = grounds.report
    if not restore.restored_to and not grounds.why:
        raise CooperError(UNKNOWN_POINT.format(until=grounds.until))

    open_lines = report.open_lines(grounds.accepted)
    if open_lines:
        ids = ",".join(line.id for line in open_lines)
        raise CooperError(OPEN.format(count=len(open_lines), ids=ids))

    accepted = [f"{line.words}: {line.subject}" for line in report.lines if not line.done_at]
    with operators.acting():
        release(
            restore,
            why=grounds.why or None,
            files=grounds.files,
            until=grounds.until or None,
            missing=report.missing,
            lines=len(report.lines),
            accepted=accepted[:ACCEPTED_NAMED],
            accepted_count=len(accepted),
            nothing_shipped=not grounds.files["count"] or None,
        )
    command.say(RELEASED)
