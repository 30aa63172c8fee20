"""`cooper -import`: shows what a file would change, asks, and applies it in numbered steps."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from brokers.admin import impact
from brokers.grants.events import GrantScope
from brokers.import_export import jobs, summary
from brokers.import_export.awaited import grants_awaited
from brokers.import_export.drafts import Draft, FileRefused, draft
from brokers.import_export.yaml_reader import LARGEST
from brokers.models import Import
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand, UsageError
from cooper_project.management.grants_awaited import warn_of
from core import installation
from core.errors import CooperError, Refused

NEXT = "Next: test the pending targets, on their pages in the administration. That enables them."


class Command(CooperCommand):
    """Plans, asks, applies; resumes an import that was cut short, or gives it up."""

    help = (
        "Imports targets, associations and AWS accounts' names from a file that cooper -export "
        "wrote, or you. Shows the plan and asks. "
        "Exit codes: 0 done or nothing to do, 1 refused or not finished, 2 wrong usage."
    )
    example = (
        "cooper -import --dry-run targets.yaml    (shows the plan, changes nothing)\n"
        "cooper -import targets.yaml              (shows the plan and asks)\n"
        "cooper -import --yes --prune targets.yaml    (removes what the file lacks)\n"
        "cooper -import --resume                  (resumes one that was cut short)"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", nargs="?", help="the file; - for stdin")
        parser.add_argument(
            "--prune",
            action="store_true",
            help="remove targets and associations that the file lacks",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show the plan and change nothing"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--resume", action="store_true", help="resume the unfinished import")
        parser.add_argument(
            "--give-up",
            action="store_true",
            help="end the unfinished import; what is applied stays",
        )

    def run_command(self, **options: Any) -> None:
        chosen = [bool(options["file"]), options["resume"], options["give_up"]]
        if sum(chosen) != 1:
            raise UsageError("Give a file, or --resume, or --give-up.")

        installation.refuse_other_schema()
        installation.use_kms_key()
        with operators.acting() as operator:
            if options["give_up"]:
                self._give_up()
            elif options["resume"]:
                self._resume()
            else:
                self._import(options, f"{operator.os_user}@{operator.host}")

    def _give_up(self) -> None:
        job = jobs.give_up()
        self.say(f"Given up. {jobs.progress(job)}")

    def _resume(self) -> None:
        job = jobs.unfinished()
        if job is None:
            self.say("Nothing to do: no import is unfinished.")
            return
        self.say(jobs.progress(job))
        self._apply_steps()

    def _import(self, options: dict[str, Any], person: str) -> None:
        """Plan, show, ask, apply."""
        job = jobs.unfinished()
        if job is not None and not options["dry_run"]:
            raise CooperError(f"{jobs.ImportUnfinished(job).message} (--resume, --give-up)")

        planned = self._plan(options)
        self._show(planned)
        if not planned.plan:
            self.say("Nothing to do: everything is as the file says.")
            return

        self.say(summary.count_changes(planned.plan))
        if options["dry_run"]:
            self.say("Nothing was changed. Next: the same without --dry-run.")
            return

        if not options["yes"]:
            self._ask(options["file"])
            self._check_unchanged(planned, options)
        jobs.begin(planned, person)
        self._apply_steps()

    def _plan(self, options: dict[str, Any]) -> Draft:
        """Return what importing the file would do; say all that is wrong with it."""
        data = _read(options["file"])
        try:
            return draft(data, prune=options["prune"])
        except FileRefused as refused:
            for line in refused.lines:
                self.stderr.write(f"{options['file']}: {line}")
            raise CooperError(refused.message) from refused

    def _show(self, planned: Draft) -> None:
        for change in summary.describe(planned.plan, impact.all_people()):
            self.say(change.head)
            for line in change.lines:
                self.say(f"    {line}")

    def _ask(self, file: str) -> None:
        """Raise Refused unless the answer is yes, UsageError without a terminal to ask at."""
        if file == "-" or not sys.stdin.isatty():
            raise UsageError("There is no terminal to ask at. Look at --dry-run, then give --yes.")

        self.stdout.write("Import this? [yes/no] ", ending="")
        self.stdout.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Refused("Nothing was changed.")

    def _check_unchanged(self, shown: Draft, options: dict[str, Any]) -> None:
        """Raise Refused when the file would no longer do what was shown."""
        if self._plan(options).plan.digest() != shown.plan.digest():
            raise Refused(
                "Targets were changed while you looked. Nothing was imported; "
                "look at the plan again."
            )

    def _apply_steps(self) -> None:
        with grants_awaited(partial(warn_of, self)) as note:

            def on_step(job: Import, scope: GrantScope) -> None:
                note(job, scope)
                self._say_step(job)

            job = jobs.resume(on_step=on_step)
        if job.state != jobs.DONE:
            raise Refused(f"Not finished. {jobs.progress(job)}")
        self.say(f"Done. {NEXT}")

    def _say_step(self, job: Import) -> None:
        self.say(f"{job.applied} of {job.total} steps applied")
        self.stdout.flush()


def _read(path: str) -> bytes:
    """Return a file's bytes, one more than there may be at most; raise CooperError."""
    if path == "-":
        return sys.stdin.buffer.read(LARGEST + 1)

    try:
        with Path(path).open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise CooperError(f"{path} could not be read: {error.strerror}.") from error
