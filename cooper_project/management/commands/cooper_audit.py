"""`cooper -audit`: the audit log from the host, exported as it is read, or verified."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandParser

from cooper_project.management import cloudtrail_arguments, operators, since_restore
from cooper_project.management.base import CooperCommand, UsageError
from core import audit, env
from core.audit import AuditEvent, Event
from core.audit_export import Format, TimeRange, export_lines
from core.errors import CooperError
from core.kms_signing import Verifier
from shipping.sent_files import sent_files
from shipping.verification import Sent, SentTable, Verdict, verify

MOST_FINDINGS = 20
"""Findings that are shown: the first ones say where it begins."""

PROGRESS_EVERY = 10_000
"""Events after which the person at the terminal is told how far it is."""


class Command(CooperCommand):
    """Exports the audit log of a range of time, or verifies it by what was sent."""

    help = (
        "Audit log: export (JSON Lines or CSV, oldest first), or verify by what was sent. "
        "Each is an event of the audit log itself, written before the first line."
    )
    example = (
        "cooper -audit export --from 2026-11-01 --to 2026-11-30 --output november.jsonl\n"
        "cooper -audit export --from 2026-11-24T08:00 --to 2026-11-24T09:30 "
        "--format csv > morning.csv\n"
        "cooper -audit verify --public-key cooper.pem --files s3://example-events/cooper/\n"
        "cooper -audit unexplained cloudtrail/*.json.gz\n"
        "cooper -audit since-restore 2026-11-*.jsonl        (what a restore undid)"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        export = verbs.add_parser("export", help="write every event of a range of time")
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
        export.add_argument(
            "--format",
            choices=[str(export_format) for export_format in Format],
            default=str(Format.JSON_LINES),
            help="jsonl by default",
        )
        export.add_argument(
            "--output", default="-", metavar="FILE", help="a new file; - (or nothing) is stdout"
        )
        self._add_verify(verbs)
        unexplained = verbs.add_parser(
            "unexplained", help="sessions in CloudTrail of which the audit log knows nothing"
        )
        cloudtrail_arguments.add_arguments(unexplained)
        since_restore.add_to(verbs)
        self.add_region_to(verbs)

    def _add_verify(self, verbs: Any) -> None:
        verify = verbs.add_parser(
            "verify", help="walk the chain of what was sent, and compare the log with it"
        )
        verify.add_argument(
            "--public-key",
            required=True,
            action="append",
            metavar="FILE",
            help="a public key that signatures are verified with, from a place that you trust; "
            "once for each key that has signed",
        )
        verify.add_argument(
            "--files",
            metavar="PLACE",
            help="what was delivered: a folder, or s3://bucket/prefix/; without it, what the "
            "shipper keeps in its table",
        )
        verify.add_argument(
            "--offline", action="store_true", help="the files alone, without the audit log"
        )

    def run_command(self, **options: Any) -> None:
        if options["verb"] == "verify":
            self._verify(**options)
        elif options["verb"] == "unexplained":
            self._compare_with_cloudtrail(**options)
        elif options["verb"] == since_restore.VERB:
            since_restore.run(self, options)
        else:
            self._export(**options)

    def _verify(self, **options: Any) -> None:
        if options["offline"] and not options["files"]:
            raise UsageError("--offline needs --files")
        verifier = Verifier(*map(read_file, options["public_key"]))
        sent: Sent = SentTable()
        if options["files"]:
            sent = sent_files(options["files"], env.text("COOPER_SHIP_S3_REGION"))

        if options["offline"]:
            verdict = verify(sent, verifier, with_log=False)
        else:
            with operators.acting():
                audit.record(Event.AUDIT_VIEWED, what="all, to verify it")
                verdict = verify(sent, verifier, with_log=True)
        self._say_verdict(verdict)

    def _say_verdict(self, verdict: Verdict) -> None:
        for finding in verdict.findings[:MOST_FINDINGS]:
            self.say(finding)
        left = len(verdict.findings) - MOST_FINDINGS
        if left > 0:
            self.say(f"... and {left:,} more.")

        extent = (
            f"{verdict.batches:,} batches, signed up to batch {verdict.signed:,}, with "
            f"{verdict.events:,} events. {verdict.unsent:,} newer events are not judged."
        )
        if verdict.findings:
            count = len(verdict.findings)
            raise CooperError(f"{count:,} things are not as they were sent. {extent}")
        self.say(f"All is as it was sent: {extent}")

    def _compare_with_cloudtrail(self, **options: Any) -> None:
        """Print the sessions that nothing explains; end with 1 when there is any."""
        with operators.acting():
            comparison = cloudtrail_arguments.compare_files(
                options["cloudtrail"],
                options["events"],
                options["principal"],
                options["address"],
            )

        self.say(f"cooper is: {', '.join(comparison.principals)}")
        for finding in comparison.findings:
            for line in finding.lines:
                self.say(line)

        number = len(comparison.findings)
        summary = f"{number} of {comparison.count} sessions in CloudTrail are not explained."
        if number:
            raise CooperError(f"{summary} See docs/siem.md.")
        self.say(summary)

    def _export(self, **options: Any) -> None:
        time_range = parse_range(options["since"], options["until"])
        export_format = Format(options["format"])
        output = options["output"]

        with operators.acting(), open_output(output) as file:
            audit.record(
                Event.AUDIT_EXPORTED,
                format=str(export_format),
                output=output[-200:],
                **time_range.facts(),
            )
            file.writelines(export_lines(self._events(time_range), export_format))

        where = "" if output == "-" else f" in {output}"
        self._progress(f"Done: {self.count:,} events{where}. The export is on the audit log.")

    def _events(self, time_range: TimeRange) -> Iterator[AuditEvent]:
        """Yield the range's events, and report the progress."""
        self.count = 0
        for day in time_range.days():
            count_before = self.count
            for event in time_range.events_on(day):
                self.count += 1
                if self.count % PROGRESS_EVERY == 0:
                    self._progress(f"{day}: {self.count:,} events so far")
                yield event

            if self.count > count_before:
                self._progress(f"{day}: {self.count - count_before:,} events")

    def _progress(self, text: str) -> None:
        # stdout may carry the export
        self.stderr.write(text, style_func=str)


def read_file(name: str) -> bytes:
    """Return a file's content; raise CooperError."""
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CooperError(f"{name} cannot be read: {error.strerror}.") from error


def parse_range(since: str, until: str) -> TimeRange:
    """Return the time between what was typed; a day as the end counts whole.

    Raise UsageError or Invalid.
    """
    start = parse_moment(since, "--from")
    end = parse_moment(until, "--to", whole_day=True)
    return TimeRange(start, end).checked()


def parse_moment(text: str, option: str, *, whole_day: bool = False) -> datetime:
    """Return a moment, UTC unless it names a zone; raise UsageError.

    A day is its beginning, or its end when it counts as a `whole_day`.
    """
    is_day = len(text) <= len("2026-11-24")
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
        return moment + timedelta(days=1) if whole_day and is_day else moment
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{option} {text!r} is not a day or a moment, such as 2026-11-24 or 2026-11-24T08:00"
        ) from error


@contextmanager
def open_output(output: str) -> Iterator[TextIO]:
    """Yield where the export goes: stdout, or a new file that gets its name once it is complete.

    Raise CooperError when the file exists or cannot be written.
    """
    if output == "-":
        yield sys.stdout
        sys.stdout.flush()
        return

    path = Path(output)
    part = Path(f"{output}.part")
    if path.exists():
        raise CooperError(f"{output} exists. Nothing was exported; name a new file.")
    try:
        # nobody else may read it
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        part.rename(path)
    except OSError as error:
        raise CooperError(f"{output} could not be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
