"""`cooper -check`: tries everything that serving needs, without serving."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from cooper_project.checkup import CHECKS, Check, Finding, Level, can_run, has_failed, run
from cooper_project.management.base import CooperCommand, UsageError
from cooper_project.outside import Addresses

ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+/?", re.ASCII)

UNKNOWN_CODE = 3
"""Exit code when nothing was found that has to be mended, and not everything answered."""

NEXT_WHEN_NOT = "Next: mend that, reload what you changed, and run this again."


@dataclass
class Outcome:
    """What all checks together have come to."""

    findings: list[tuple[Check, Finding]] = field(default_factory=list)

    skipped: list[Check] = field(default_factory=list)
    """What was not tried because something that it needs had failed."""

    failed: set[str] = field(default_factory=set)
    """The names of the checks with a problem, or without an answer."""

    def count(self, level: Level) -> int:
        return sum(finding.level is level for _, finding in self.findings)

    @property
    def code(self) -> int:
        """The exit code: 1 before 3 before 0."""
        if self.count(Level.PROBLEM):
            return 1
        return UNKNOWN_CODE if self.count(Level.UNKNOWN) else 0


class Command(CooperCommand):
    """Checks what serving needs, and how cooper is reached."""

    help = (
        "Tries everything that serving needs, without serving: settings, AWS, the tables, the KMS "
        "key, and which server or proxy on the way is in the way of the AWS CLI and SDKs. "
        "Changes nothing. A line each, with what to do. Exit codes: 0 all is well, 1 something is "
        "to be mended, 2 wrong usage, 3 not everything answered."
    )
    example = (
        "cooper -check\n"
        "cooper -check -without header                    (before cooper serves)\n"
        "cooper -check -only settings,kms-key -json\n"
        "cooper -check -server http://127.0.0.1:8000      (on the server's host: asks it too)\n"
        "SSL_CERT_FILE=/etc/ssl/own-ca.pem cooper -check -url https://cooper.example.com"
    )
    # one of the checks runs them, with those for production
    requires_system_checks: ClassVar[list[str]] = []  # type: ignore[misc]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        names = ", ".join(check.name for check in CHECKS)
        parser.add_argument("--only", default="", help=f"these checks alone, of: {names}")
        parser.add_argument("--without", default="", help="all but these checks")
        parser.add_argument("--json", action="store_true", help="write JSON, for programs")
        parser.add_argument(
            "--url", default="", help="where people reach cooper (instead of COOPER_PUBLIC_URL)"
        )
        parser.add_argument(
            "--server",
            default="",
            help="the server's own address, which is asked too, without the proxies before it",
        )

    def run_command(self, **options: Any) -> None:
        checks = _chosen(options["only"], options["without"])
        addresses = _addresses(options["url"] or settings.COOPER_PUBLIC_URL, options["server"])
        self._is_quiet = options["json"]

        outcome = Outcome()
        for check in checks:
            self._run_check(check, addresses, outcome)

        if options["json"]:
            self.stdout.write(_as_json(outcome))
            raise SystemExit(outcome.code)
        self._conclude(outcome, len(checks))

    def _run_check(self, check: Check, addresses: Addresses, outcome: Outcome) -> None:
        if not can_run(check, outcome.failed):
            outcome.skipped.append(check)
            # what needs this needs the same
            outcome.failed.add(check.name)
            return

        findings = run(check, addresses)
        outcome.findings += [(check, finding) for finding in findings]
        if has_failed(findings):
            outcome.failed.add(check.name)
        if not self._is_quiet:
            for finding in findings:
                self._show(check, finding)

    def _show(self, check: Check, finding: Finding) -> None:
        """Write a finding: to stderr what is to be mended."""
        line = f"{finding.level:7}  {check.name}: {finding.text}"
        lines = "\n  ".join([line, *finding.advice])
        if finding.level in {Level.OK, Level.NOTE}:
            self.say(lines)
        else:
            self.warn(lines)

    def _conclude(self, outcome: Outcome, count: int) -> None:
        """Write the summary; end with the exit code."""
        if outcome.skipped:
            names = ", ".join(check.name for check in outcome.skipped)
            self.warn(f"Not tried before that is mended: {names}")

        if outcome.failed:
            self.say(NEXT_WHEN_NOT)
            failed = len(outcome.failed) - len(outcome.skipped)
            message = f"{failed} of {count} checks failed."
            raise CommandError(message, returncode=outcome.code)
        passed = f"Done: {count} of {count} checks passed"
        warnings = sum(finding.level is Level.WARNING for _, finding in outcome.findings)
        if warnings:
            self.say(f"{passed}; warnings to look at: {warnings}.")
        else:
            self.say(f"{passed}, nothing to mend.")


def _chosen(only: str, without: str) -> Sequence[Check]:
    """Return the checks that were asked for; raise UsageError for one that there is not."""
    names = {check.name for check in CHECKS}
    for name in (*_split(only), *_split(without)):
        if name not in names:
            raise UsageError(f"There is no check {name!r}. There are: {', '.join(sorted(names))}")

    chosen = (set(_split(only)) or names) - set(_split(without))
    if not chosen:
        raise UsageError("That leaves no check to run: -without names all that -only does.")
    return [check for check in CHECKS if check.name in chosen]


def _split(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _as_json(outcome: Outcome) -> str:
    findings = [
        {
            "check": check.name,
            "level": finding.level.value,
            "text": finding.text,
            "advice": list(finding.advice),
        }
        for check, finding in outcome.findings
    ]
    skipped = [check.name for check in outcome.skipped]
    return json.dumps({"code": outcome.code, "findings": findings, "not_tried": skipped}, indent=1)


def _addresses(public: str, server: str) -> Addresses:
    for address in (public, server):
        if address and not _is_address(address):
            raise UsageError(
                f"{address!r} is not scheme, host and port, as in https://cooper.example.com"
            )
    return Addresses(public.rstrip("/"), server.rstrip("/"))


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        # reading it checks it
        _ = parts.port
    except ValueError:
        return False
    return bool(ADDRESS.fullmatch(text) and parts.hostname)
