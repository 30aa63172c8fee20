"""`cooper`: serves. Refuses to start with a configuration that is not safe."""

from contextlib import suppress
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import CommandParser

from cooper_project import start_event
from cooper_project.checkup import startup
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand
from cooper_project.serving import gunicorn, metrics_folder, open_files, static
from core import __version__
from core.checks import serves_metrics
from core.errors import CooperError


class Command(CooperCommand):
    """Serves with gunicorn and gevent workers."""

    help = (
        "Serves cooper with gunicorn (COOPER_WORKERS workers on COOPER_BIND). "
        "Run cooper -setup first."
    )
    example = (
        "cooper --region eu-west-1\n"
        "COOPER_PUBLIC_URL=https://cooper.example.com cooper --bind 0.0.0.0:8000"
    )
    # checkup.startup runs them, with those for production, and reports each in one line
    requires_system_checks: ClassVar[list[str]] = []  # type: ignore[misc]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--bind", default="", help="ADDRESS:PORT to listen on (instead of COOPER_BIND)"
        )
        parser.add_argument(
            "--port", type=int, default=0, help="the port alone, at the address of COOPER_BIND"
        )
        parser.add_argument("--kms-key", default="", help="the KMS key (instead of COOPER_KMS_KEY)")
        parser.add_argument(
            "--insecure-http",
            action="store_true",
            help="plain http on any address; NEVER on a network",
        )

    def run_command(self, **options: Any) -> None:
        self._apply_options(options)
        self._refuse_unsafe_start()
        open_files.raise_limit()
        static.collect()

        self.say(f"cooper {__version__} on http://{settings.COOPER_BIND}")
        # the workers put it on the audit log before they serve
        start = start_event.describe(operators.os_user())

        folder = ""
        if serves_metrics():
            folder = self._metrics_folder()
        gunicorn.replace_this_process(start, folder)

    def _metrics_folder(self) -> str:
        """Return the folder for workers' numbers, "" where there is no room to make it."""
        try:
            return str(metrics_folder.make())
        except CooperError as error:
            self.warn(f"warning: The metrics page is not served. {error.line}")
            return ""

    def say(self, text: str) -> None:
        # a log that is full keeps nobody from serving
        with suppress(OSError):
            super().say(text)

    def warn(self, text: str) -> None:
        with suppress(OSError):
            super().warn(text)

    def _apply_options(self, options: dict[str, Any]) -> None:
        """Let the command line win over the environment."""
        if options["port"]:
            host = settings.COOPER_BIND.rpartition(":")[0]
            settings.COOPER_BIND = f"{host}:{options['port']}"
        if options["bind"]:
            settings.COOPER_BIND = options["bind"]
        if options["kms_key"]:
            settings.COOPER_KMS_KEY = options["kms_key"]
        if options["insecure_http"]:
            settings.COOPER_INSECURE_HTTP = True

    def _refuse_unsafe_start(self) -> None:
        """Write warnings and refusals; exit with 1 when there is a refusal."""
        result = startup.check()
        for line in result.warnings:
            self.warn(f"warning: {line}")
        for line in result.refusals:
            self.stderr.write(f"cooper does not start: {line}")
        if result.refusals:
            raise SystemExit(1)
