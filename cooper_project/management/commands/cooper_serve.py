"""`cooper`: serves. Refuses to start with a configuration that is not safe."""

from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from cooper_project import __version__, audit
from cooper_project.audit import Event
from cooper_project.checks import bind_parts, is_loopback
from cooper_project.management import operators
from cooper_project.management.base import CooperCommand, Usage
from cooper_project.serving import gate, gunicorn, static


class Command(CooperCommand):
    """Serves with gunicorn and gevent workers."""

    help = "Serves cooper with gunicorn (COOPER_WORKERS workers on COOPER_BIND). Run cooper_setup first."
    example = (
        "manage.py cooper_serve --region eu-west-1\n"
        "COOPER_PUBLIC_URL=https://cooper.example.com manage.py cooper_serve --bind 0.0.0.0:8000\n"
        "manage.py cooper_serve --embedded --store var/demo         (brings its own AWS, to try it out)\n"
        "manage.py cooper_serve --embedded-only                     (that AWS alone; says its environment)"
    )
    # gate.refusals runs them, with those for production, and says each in one line
    requires_system_checks: ClassVar[list[str]] = []  # type: ignore[misc]

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to listen, and whether to bring an AWS along."""
        super().add_arguments(parser)
        parser.add_argument("--bind", default="", help="ADDRESS:PORT to listen on (instead of COOPER_BIND)")
        parser.add_argument("--port", type=int, default=0, help="the port alone; with --embedded-only, that AWS's")
        parser.add_argument("--kms-key", default="", help="the KMS key (instead of COOPER_KMS_KEY)")
        parser.add_argument(
            "--insecure-http", action="store_true", help="plain http on any address; NEVER on a network"
        )
        parser.add_argument("--embedded", action="store_true", help="bring an AWS for trying out; loopback alone")
        parser.add_argument("--embedded-only", action="store_true", help="serve that AWS alone")
        parser.add_argument("--store", type=Path, help="folder that keeps what is done in the embedded AWS")
        parser.add_argument(
            "--seed", action="store_true", help="with --embedded-only: with the demo's tables and people"
        )
        parser.add_argument("--with-parent", action="store_true", help="with --embedded-only: end when stdin ends")

    def deed(self, **options: Any) -> None:
        """Serve cooper, the demo, or the embedded AWS alone."""
        if options["embedded"] and options["embedded_only"]:
            raise Usage("--embedded brings AWS and cooper, --embedded-only AWS alone: give one of them.")
        if options["store"] and not (options["embedded"] or options["embedded_only"]):
            raise Usage("--store is for --embedded and --embedded-only; a real installation keeps all in DynamoDB.")
        self._choose(options)
        if options["embedded_only"]:
            self._serve_aws(options)
        elif options["embedded"]:
            self._serve_demo(options)
        else:
            self._serve()

    def _choose(self, options: dict[str, Any]) -> None:
        """Let the command line win over the environment."""
        host = settings.COOPER_BIND.rpartition(":")[0]
        if options["embedded"]:
            host = "127.0.0.1"
        if options["port"]:
            settings.COOPER_BIND = f"{host}:{options['port']}"
        elif options["embedded"]:
            settings.COOPER_BIND = f"{host}:8000"
        if options["bind"]:
            settings.COOPER_BIND = options["bind"]
        settings.COOPER_KMS_KEY = options["kms_key"] or settings.COOPER_KMS_KEY
        settings.COOPER_INSECURE_HTTP = settings.COOPER_INSECURE_HTTP or options["insecure_http"]

    def _serve(self) -> None:
        """Check everything, record the start, become gunicorn."""
        for line in gate.warnings():
            self.warn(f"warning: {line}")
        refusals = gate.refusals()
        if refusals:
            for line in refusals:
                self.stderr.write(f"cooper does not start: {line}")
            raise SystemExit(1)
        static.collect()
        with operators.acting():
            audit.record(Event.SERVE_STARTED, bind=settings.COOPER_BIND, cooper=__version__)
        self.say(f"cooper {__version__} on http://{settings.COOPER_BIND}")
        gunicorn.replace_this_process()

    def _serve_aws(self, options: dict[str, Any]) -> None:
        """Serve the embedded AWS alone."""
        from cooper_project.serving import embedded  # noqa: PLC0415 - brings moto, which a real server never loads

        embedded.serve_alone(
            options["store"], options["port"], seeded=options["seed"], with_parent=options["with_parent"], say=self._now
        )

    def _serve_demo(self, options: dict[str, Any]) -> None:
        """Serve cooper and its embedded AWS."""
        from cooper_project.serving import embedded  # noqa: PLC0415 - brings moto, which a real server never loads

        if not is_loopback((bind_parts() or ("", 0))[0]):
            raise CommandError("--embedded listens on this machine alone: everybody knows its passwords.")
        static.collect()
        embedded.Demo(options["store"], self._now).run()

    def _now(self, text: str) -> None:
        """Say it at once, whoever reads at the other end."""
        self.stdout.write(text)
        self.stdout.flush()
