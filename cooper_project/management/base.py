"""What cooper's commands share: an example in the help, `--region`, errors as one line.

Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import logging
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)

from core import aws
from core.errors import CooperError

logger = logging.getLogger(__name__)


class _HelpFormatter(DjangoHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of the examples."""


class UsageError(CommandError):
    """The command line cannot be understood; exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=2)


class CooperCommand(BaseCommand):
    """A command: subclasses define `help`, `example` and `run_command`."""

    example: ClassVar[str] = ""
    requires_system_checks: ClassVar[list[str]] = ["cooper"]  # type: ignore[misc]

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        example_lines = "\n".join(f"  {line}" for line in self.example.splitlines())
        kwargs.setdefault("formatter_class", _HelpFormatter)
        kwargs["epilog"] = f"example:\n{example_lines}"
        return super().create_parser(prog_name, subcommand, **kwargs)

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
        self.stdout.write(text)

    def warn(self, text: str) -> None:
        """Write a warning to stderr: stdout may carry the result."""
        self.stderr.write(text, style_func=self.style.WARNING)
