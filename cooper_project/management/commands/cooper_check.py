"""`cooper -check`: asks cooper as its users do, through everything that stands before it."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from cooper_project.management.base import CooperCommand, UsageError
from cooper_project.outside import CHECKS, Addresses, Check

ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+/?", re.ASCII)

NO_URL = "COOPER_PUBLIC_URL is not set: say with -url where people reach cooper"

NEXT_WHEN_GOOD = "Next: people find their ~/.aws/config at {public}/command-line/"
NEXT_WHEN_NOT = "Next: mend that, reload what you changed, and run this again."


class Command(CooperCommand):
    """Checks how cooper is reached."""

    help = (
        "Sends cooper requests through its public address, and says which server or proxy on the "
        "way is in the way of the AWS CLI and SDKs. Changes nothing, and asks AWS for nothing. "
        "Exit codes: 0 all is well, 1 something is to be mended, 2 wrong usage."
    )
    example = (
        "cooper -check\n"
        "cooper -check --server http://127.0.0.1:8000      (on the server's host: asks it too)\n"
        "SSL_CERT_FILE=/etc/ssl/own-ca.pem cooper -check --url https://cooper.example.com"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--url", default="", help="where people reach cooper (instead of COOPER_PUBLIC_URL)"
        )
        parser.add_argument(
            "--server",
            default="",
            help="the server's own address, which is asked too, without the proxies before it",
        )

    def run_command(self, **options: Any) -> None:
        addresses = _addresses(options["url"] or settings.COOPER_PUBLIC_URL, options["server"])
        directly = f", and {addresses.server} directly" if addresses.server else ""
        self.say(f"Checking {addresses.public}{directly}")

        failed = [check for check in CHECKS if not self._passes(check, addresses)]
        if failed:
            self.say(NEXT_WHEN_NOT)
            raise CommandError(f"{len(failed)} of {len(CHECKS)} checks failed.")
        self.say(f"Done: {len(CHECKS)} of {len(CHECKS)} checks passed, nothing to mend.")
        self.say(NEXT_WHEN_GOOD.format(public=addresses.public))

    def _passes(self, check: Check, addresses: Addresses) -> bool:
        """Run a check, and write what it has come to: to stderr what is to be mended."""
        report = check.run(addresses)
        line = f"{check.title}: {report.summary}"
        if report.is_good:
            self.say(line)
            return True

        self.warn("\n  ".join([line, *report.advice]))
        return False


def _addresses(public: str, server: str) -> Addresses:
    if not public:
        raise UsageError(NO_URL)
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
