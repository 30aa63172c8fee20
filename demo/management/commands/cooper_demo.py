"""`manage.py cooper_demo`: cooper with an AWS of its own, to try it out."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from cooper_project.management.base import CooperCommand, UsageError
from cooper_project.serving import static
from core.checks import is_loopback, parse_bind

DEFAULT_BIND = "127.0.0.1:8000"

DEMO_PACKAGES = ("moto", "waitress")
"""What requirements-demo.in adds; a server in production does not have them."""


class Command(CooperCommand):
    """Serves the demo, or its embedded AWS alone."""

    help = "Serves cooper with an AWS of its own on this machine. Everybody knows its passwords."
    example = (
        "manage.py cooper_demo --store var/demo        (what you do is kept in var/demo)\n"
        "manage.py cooper_demo --port 8001             (nothing is kept)\n"
        "manage.py cooper_demo --aws-only --seed       (the AWS alone; prints its environment)"
    )
    # it takes nothing from the environment that these look at
    requires_system_checks: ClassVar[list[str]] = []  # type: ignore[misc]

    def add_arguments(self, parser: CommandParser) -> None:
        """Add where to listen, what to keep, and what to serve."""
        super().add_arguments(parser)
        parser.add_argument(
            "--bind", default="", help=f"ADDRESS:PORT to listen on; {DEFAULT_BIND} if not given"
        )
        parser.add_argument(
            "--port", type=int, default=0, help="the port alone; with --aws-only, the AWS's"
        )
        parser.add_argument(
            "--store", type=Path, help="folder that keeps what is done in the embedded AWS"
        )
        parser.add_argument(
            "--aws-only", action="store_true", help="serve the embedded AWS alone, without cooper"
        )
        parser.add_argument(
            "--seed", action="store_true", help="with --aws-only: add the demo's tables and people"
        )
        parser.add_argument(
            "--with-parent", action="store_true", help="with --aws-only: end when stdin ends"
        )

    def run_command(self, **options: Any) -> None:
        """Serve the demo or its AWS; raise CommandError or CooperError."""
        if not all(find_spec(name) for name in DEMO_PACKAGES):
            raise CommandError(
                "The demo's packages are not installed. Install them with: "
                "pip install --require-hashes -r requirements.txt -r requirements-demo.txt"
            )

        if options["aws_only"]:
            self._serve_aws(options)
            return

        if options["seed"] or options["with_parent"]:
            raise UsageError("--seed and --with-parent go with --aws-only.")
        self._serve_demo(options)

    def _serve_aws(self, options: dict[str, Any]) -> None:
        from demo.aws_only import serve_aws  # noqa: PLC0415 - needs the demo's packages

        serve_aws(
            options["store"],
            options["port"],
            seeded=options["seed"],
            with_parent=options["with_parent"],
            write=self._write_now,
        )

    def _serve_demo(self, options: dict[str, Any]) -> None:
        from demo.run import Demo  # noqa: PLC0415 - needs the demo's packages

        settings.COOPER_BIND = DEFAULT_BIND
        if options["port"]:
            settings.COOPER_BIND = f"127.0.0.1:{options['port']}"
        if options["bind"]:
            settings.COOPER_BIND = options["bind"]

        host, _ = parse_bind() or ("", 0)
        if not is_loopback(host):
            raise CommandError(
                "The demo listens on this machine alone: everybody knows its passwords."
            )

        static.collect()
        Demo(options["store"], self._write_now).run()

    def _write_now(self, text: str) -> None:
        """Print without delay: a parent process may be reading."""
        self.stdout.write(text)
        self.stdout.flush()
