"""`cooper -audit unexplained`: its arguments, and what it reads."""

import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from brokers.cloudtrail import GZIP_START, IssuedSession, read_sessions
from brokers.unexplained import Comparison, Known, Network, compare, pattern_of
from cooper_project.management.base import UsageError
from core import audit, aws
from core.audit import Event
from core.audit_export import Format, TimeRange, export_lines
from core.errors import Invalid

MARGIN = timedelta(minutes=15)
"""Before and after CloudTrail's records, for which the audit log is read."""


def add_arguments(parser: CommandParser) -> None:
    """Let the verb take CloudTrail's files, and what else it goes by."""
    parser.add_argument("cloudtrail", nargs="+", type=Path, metavar="CLOUDTRAIL", help="its files")
    parser.add_argument(
        "--events",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="events that were exported or shipped (JSON Lines); without: the audit log itself",
    )
    parser.add_argument(
        "--principal",
        action="append",
        default=[],
        metavar="ARN",
        help="one of cooper's principals, beside those that the log tells of; may have *",
    )
    parser.add_argument(
        "--address",
        action="append",
        default=[],
        metavar="NETWORK",
        help="where cooper's own calls come from: 10.1.0.0/16",
    )


def compare_files(
    cloudtrail: list[Path], events: list[Path], principals: list[str], addresses: list[str]
) -> Comparison:
    """Return what comes of comparing CloudTrail's files with events, or with the log itself.

    Raise Invalid for a file that cannot be read.
    """
    sessions = [session for path in cloudtrail for session in read_sessions(path)]
    networks = [_network(text) for text in addresses]

    rows: Iterable[dict[str, Any]] = _read_events(events)
    own_principals = [*principals]
    if not events and sessions:
        rows = _read_log(sessions)
        # whoever may read the log is cooper's, too
        own_principals.append(pattern_of(aws.caller_identity().arn))
    return compare(sessions, Known.of(rows), own_principals, networks)


def _read_events(paths: list[Path]) -> Iterator[dict[str, Any]]:
    """Yield the events of files; the lines that describe batches are none."""
    for path in paths:
        try:
            content = path.read_bytes()
            if content.startswith(GZIP_START):
                content = gzip.decompress(content)
            rows = [json.loads(line) for line in content.splitlines() if line.strip()]
        except (OSError, EOFError, ValueError, RecursionError) as error:
            raise Invalid(f"{path} has no events of cooper's: {error}") from None

        for row in rows:
            if isinstance(row, dict) and "event" in row:
                yield row


def _read_log(sessions: list[IssuedSession]) -> Iterator[dict[str, Any]]:
    """Yield the events of the time in which the sessions were issued; that is one event more."""
    moments = [session.at for session in sessions]
    time_range = TimeRange(min(moments) - MARGIN, max(moments) + MARGIN)
    audit.record(Event.AUDIT_VIEWED, compared_with="CloudTrail", **time_range.facts())

    for line in export_lines(time_range.events(), Format.JSON_LINES):
        yield json.loads(line)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise UsageError(f"--address {text!r} is no network, such as 10.1.0.0/16") from None
