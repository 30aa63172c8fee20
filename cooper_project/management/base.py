"""What cooper's commands share: an example in the help, `--region`, errors as one line and an exit code.

Exit codes: 0 done, 1 could not, 2 wrong usage.
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


class _Help(DjangoHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the examples as they are."""


class Usage(CommandError):
    """The command was called in a way that it does not understand."""

    def __init__(self, message: str) -> None:
        """Exit with 2."""
        super().__init__(message, returncode=2)


class CooperCommand(BaseCommand):
    """A command: subclasses say `help`, `example` and `deed`."""

    example: ClassVar[str] = ""
    requires_system_checks: ClassVar[list[str]] = ["cooper"]  # type: ignore[misc]

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Show the example below the options."""
        lines = "\n".join(f"  {line}" for line in self.example.splitlines())
        kwargs.setdefault("formatter_class", _Help)
        return super().create_parser(prog_name, subcommand, epilog=f"example:\n{lines}", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Every command takes a region."""
        parser.add_argument(
            "--region", default="", help="cooper's AWS region (instead of COOPER_REGION)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the deed; turn a CooperError into its one line and exit code 1."""
        if options["region"]:
            settings.COOPER_REGION = options["region"]
            aws.forget_clients()
        try:
            self.deed(**options)
        except CooperError as error:
            logger.debug("%s: %s", type(error).__name__, error.detail)
            raise CommandError(said(error)) from error

    def deed(self, **options: Any) -> None:
        """Do what the command is for; raise CooperError or Usage."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Tell the person at the terminal, on stderr where stdout carries the result."""
        self.stdout.write(text)

    def warn(self, text: str) -> None:
        """Warn the person at the terminal."""
        self.stderr.write(text, style_func=self.style.WARNING)


def said(error: CooperError) -> str:
    """Return the error for somebody who runs cooper: the message, and AWS's own words where they add to it."""
    return (
        error.message
        if error.detail in ("", error.message)
        else f"{error.message} [{error.detail}]"
    )
