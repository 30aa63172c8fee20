"""`cooper -import`: shows what a file would change, asks, and applies it in numbered steps that each hold."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from brokers.admin import impact
from brokers.import_export import jobs, summary
from brokers.import_export.drafts import Draft, FileRefused, draft
from brokers.import_export.yaml_reader import LARGEST
from brokers.models import Import
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand, UsageError
from core import installation
from core.errors import CooperError, Refused

PENDING = "Targets that are pending now are enabled by a try, on their pages in the administration."


class Command(CooperCommand):
    """Plans, asks, applies; goes on with an import that was cut short, or gives it up."""

    help = (
        "Imports targets, associations and AWS accounts' names from a file that cooper_export wrote, or you. Shows the "
        "plan and asks. Exit codes: 0 done or nothing to do, 1 refused or not finished, 2 wrong usage."
    )
    example = (
        "manage.py cooper_import --dry-run targets.yaml    (shows the plan, changes nothing)\n"
        "manage.py cooper_import targets.yaml              (shows the plan and asks)\n"
        "manage.py cooper_import --yes --prune targets.yaml    (removes what the file lacks)\n"
        "manage.py cooper_import --resume                  (goes on with one that was cut short)"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a file, or what to do with an unfinished import."""
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
        parser.add_argument(
            "--resume", action="store_true", help="go on with the unfinished import"
        )
        parser.add_argument(
            "--give-up",
            action="store_true",
            help="end the unfinished import; what is applied stays",
        )

    def run_command(self, **options: Any) -> None:
        """Do one of the three."""
        chosen = [bool(options["file"]), options["resume"], options["give_up"]]
        if sum(chosen) != 1:
            raise UsageError("Give a file, or --resume, or --give-up.")
        installation.refuse_other_schema()
        installation.use_kms_key()
        with operators.acting() as known:
            if options["give_up"]:
                self.say(f"Given up. {jobs.progress(jobs.give_up())}")
            elif options["resume"]:
                self._resume()
            else:
                self._import(options, f"{known['os_user']}@{known['host']}")

    def _resume(self) -> None:
        """Go on with the unfinished import."""
        found = jobs.unfinished()
        if found is None:
            self.say("Nothing to do: no import is unfinished.")
            return
        self.say(jobs.progress(found))
        self._go_on()

    def _import(self, options: dict[str, Any], person: str) -> None:
        """Plan, show, ask, apply."""
        found = jobs.unfinished()
        if found is not None and not options["dry_run"]:
            raise CooperError(f"{jobs.Unfinished(found).message} (--resume, --give-up)")
        planned = self._planned(options)
        for each in summary.told(planned.plan, impact.crowd()):
            self.say(each.head)
            for line in each.lines:
                self.say(f"    {line}")
        if not planned.plan:
            self.say("Nothing to do: everything is as the file says.")
            return
        self.say(summary.summed_up(planned.plan))
        if options["dry_run"]:
            self.say("Nothing was changed. Next: the same without --dry-run.")
            return
        if not options["yes"]:
            self._ask(options["file"])
            if self._planned(options).plan.digest() != planned.plan.digest():
                raise Refused(
                    "Targets were changed while you looked. Nothing was imported; look at the plan again."
                )
        jobs.begin(planned, person)
        self._go_on()

    def _planned(self, options: dict[str, Any]) -> Draft:
        """Return what importing the file would do; say all that is wrong with it."""
        data = _read(options["file"])
        try:
            return draft(data, prune=options["prune"])
        except FileRefused as refused:
            for line in refused.lines:
                self.stderr.write(f"{options['file']}: {line}")
            raise CooperError(refused.message) from refused

    def _ask(self, file: str) -> None:
        """Ask at the terminal; raise Refused unless the answer is yes, UsageError without a terminal."""
        if file == "-" or not sys.stdin.isatty():
            raise UsageError("There is no terminal to ask at. Look at --dry-run, then give --yes.")
        self.stdout.write("Import this? [yes/no] ", ending="")
        self.stdout.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Refused("Nothing was changed.")

    def _go_on(self) -> None:
        """Apply what is left, saying each step once it holds."""
        done = jobs.go_on(told=self._tell)
        if done.state != jobs.DONE:
            raise Refused(f"Not finished. {jobs.progress(done)}")
        self.say(f"Done. {PENDING}")

    def _tell(self, found: Import) -> None:
        """Say how far it is."""
        self.say(f"{found.applied} of {found.total} steps applied")
        self.stdout.flush()


def _read(file: str) -> bytes:
    """Return a file's bytes, one more than may be at most; raise CooperError."""
    if file == "-":
        return sys.stdin.buffer.read(LARGEST + 1)
    try:
        with Path(file).open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as error:
        raise CooperError(f"{file} could not be read: {error.strerror}.") from error
