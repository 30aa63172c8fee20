"""What cooper's commands share: an example in the help, `--region`, errors as one line.

Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)

from cooper_project import setting_checks
from core import aws
from core.errors import CooperError
from core.log_lines import visible

logger = logging.getLogger(__name__)


class _HelpFormatter(DjangoHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of the examples."""


DJANGO_OPTIONS = {
    "--version",
    "--verbosity",
    "--settings",
    "--pythonpath",
    "--traceback",
    "--no-color",
    "--force-color",
    "--skip-checks",
}
"""What Django lets every command take; of no use to whoever operates cooper, so not in the help."""

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of the signal, as shells have it."""

BROKEN_PIPE = 141
"""Exit code when whoever read the output has gone, as in `| head`."""


class UsageError(CommandError):
    """The command line cannot be understood; exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=2)


class CooperCommand(BaseCommand):
    """A command: subclasses define `help`, `example` and `run_command`."""

    example: ClassVar[str] = ""
    requires_system_checks: ClassVar[list[str]] = ["cooper"]  # type: ignore[misc]
    suppressed_base_arguments = DJANGO_OPTIONS

    _prog = ""
    """What the command was called as, if it was by a command line."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        example_lines = "\n".join(f"  {line}" for line in self.example.splitlines())
        kwargs.setdefault("formatter_class", _HelpFormatter)
        kwargs["epilog"] = f"example:\n{example_lines}"
        parser = super().create_parser(prog_name, _name_as_called(prog_name, subcommand), **kwargs)
        for action in parser._actions:
            # Django adds this one in another way than the others
            if "--skip-checks" in action.option_strings:
                action.help = argparse.SUPPRESS
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """Run for a command line: errors are one line, and interruptions are quiet."""
        self._prog = " ".join([Path(argv[0]).name, _name_as_called(argv[0], argv[1])])
        try:
            super().run_from_argv(argv)
            sys.stdout.flush()
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            # Python would try to write the rest when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(BROKEN_PIPE)

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            if not self._prog:
                raise
            # Django would begin the line with the exception's name
            self.stderr.write(f"{self._prog}: {_visible_lines(str(error))}")
            sys.exit(error.returncode)

    def check(self, *_: Any, **__: Any) -> None:
        """Write what the settings' checks warn of; raise CommandError for what they refuse."""
        for line in setting_checks.warnings(serving=False):
            self.warn(f"warning: {line}")
        errors = setting_checks.errors(serving=False)
        if errors:
            raise CommandError("\n".join(errors))

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--region", default="", help="cooper's AWS region (instead of COOPER_REGION)"
        )

    def add_region_to(self, verbs: "argparse._SubParsersAction[CommandParser]") -> None:
        """Let the region be given after a verb too."""
        for parser in verbs.choices.values():
            # left out there, it must not undo the one before the verb
            parser.add_argument("--region", default=argparse.SUPPRESS, help="cooper's AWS region")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["region"]:
            settings.COOPER_REGION = options["region"]
            # those that the system checks made are of the region in the environment
            aws.forget_clients()

        try:
            self.run_command(**options)
        except CooperError as error:
            logger.debug("%s: %s", type(error).__name__, error.detail)
            raise CommandError(error.line) from error

    def run_command(self, **options: Any) -> None:
        """Do what the command is for; raise CooperError or UsageError."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Write a line for the person at the terminal."""
        self.stdout.write(_visible_lines(text))

    def warn(self, text: str) -> None:
        """Write a warning to stderr: stdout may carry the result."""
        self.stderr.write(_visible_lines(text), style_func=self.style.WARNING)


def _name_as_called(prog_name: str, subcommand: str) -> str:
    """Return how the command was called: `-user` of `cooper`, `cooper_user` of `manage.py`."""
    if Path(prog_name).name == "cooper":
        return subcommand.replace("cooper_", "-", 1)
    return subcommand


def _visible_lines(text: str) -> str:
    """Return a text that does nothing to the terminal; its line breaks stay."""
    return "\n".join(visible(line) for line in text.split("\n"))
