"""`cooper_audit`: the record from the host, exported as it is read."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandParser

from cooper_project.management import operators
from cooper_project.management.base import CooperCommand, UsageError
from core import audit
from core.audit import AuditEvent, Event
from core.audit_search import Format, TimeRange, written
from core.errors import CooperError

EVERY = 10_000
"""Events after which the person at the terminal is told again."""


class Command(CooperCommand):
    """Exports the record of a span of time."""

    help = "The record: export (JSON Lines or CSV, oldest first). Each export is itself recorded before its first line."
    example = (
        "manage.py cooper_audit export --from 2026-11-01 --to 2026-11-30 --output november.jsonl\n"
        "manage.py cooper_audit export --from 2026-11-24T08:00 --to 2026-11-24T09:30 --format csv > morning.csv"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a span, a format and a file."""
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        export = verbs.add_parser("export", help="write every event of a span of time")
        export.add_argument(
            "--from",
            dest="since",
            required=True,
            help="a day or a moment in UTC: 2026-11-01[T08:00]",
        )
        export.add_argument(
            "--to",
            dest="until",
            required=True,
            help="a day (all of it) or a moment (up to it) in UTC",
        )
        formats = [str(each) for each in Format]
        export.add_argument(
            "--format", choices=formats, default=str(Format.JSON_LINES), help="jsonl unless said"
        )
        export.add_argument(
            "--output", default="-", metavar="FILE", help="a new file; - (or nothing) is stdout"
        )
        export.add_argument("--region", default=argparse.SUPPRESS, help="cooper's AWS region")

    def run_command(self, **options: Any) -> None:
        """Record the export, then write it."""
        span = span_from(options["since"], options["until"])
        how, output = Format(options["format"]), options["output"]
        with operators.acting(), opened(output) as out:
            audit.record(
                Event.AUDIT_EXPORTED, format=str(how), output=output[-200:], **span.facts()
            )
            out.writelines(written(self._told(span), how))
        where = "" if output == "-" else f" in {output}"
        self._progress(f"Done: {self.count:,} events{where}. That you exported them is on record.")

    def _told(self, span: TimeRange) -> Iterator[AuditEvent]:
        """Return the span's events, and say on stderr how far it is."""
        self.count = 0
        for day in span.days():
            before = self.count
            for event in span.events_on(day):
                self.count += 1
                if self.count % EVERY == 0:
                    self._progress(f"{day}: {self.count:,} events so far")
                yield event
            if self.count > before:
                self._progress(f"{day}: {self.count - before:,} events")

    def _progress(self, text: str) -> None:
        """Say how far it is: stdout may carry the export."""
        self.stderr.write(text, style_func=str)


def span_from(since: str, until: str) -> TimeRange:
    """Return the span between what was typed; a day as the end counts whole. Raise Usage or Invalid."""
    return TimeRange(moment(since, "--from"), moment(until, "--to", whole_day=True)).checked()


def moment(text: str, option: str, *, whole_day: bool = False) -> datetime:
    """Return a day's beginning (or end), or a moment; without a zone it is UTC. Raise Usage."""
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        # a day alone has no time behind it
        return found + timedelta(days=whole_day and len(text) <= len("2026-11-24"))
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{option} {text!r} is no day and no moment, such as 2026-11-24 or 2026-11-24T08:00"
        ) from error


@contextmanager
def opened(output: str) -> Iterator[TextIO]:
    """Return where the export goes: stdout, or a new file that has its name only once it is whole."""
    if output == "-":
        yield sys.stdout
        sys.stdout.flush()
        return
    path, part = Path(output), Path(f"{output}.part")
    if path.exists():
        raise CooperError(f"{output} exists. Nothing was exported; name a new file.")
    try:
        # for the eyes of whoever ran this alone
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            yield out
        part.rename(path)
    except OSError as error:
        raise CooperError(f"{output} could not be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
