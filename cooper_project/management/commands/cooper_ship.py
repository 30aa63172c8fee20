"""`cooper -ship`: sends the audit log's events to where the environment says."""

import signal
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandParser
from prometheus_client import start_http_server

from cooper_project.management.base import CooperCommand, UsageError
from core import checks, metrics
from core.errors import CooperError
from shipping import dead_letters
from shipping.shipper import Shipper
from shipping.signing import signing_key
from shipping.sinks import PassingProblem, Sink, Undelivered, sinks_from_environment

NO_SINK = "No sink is named. Set COOPER_SHIP_FOLDER, or another one of docs/siem.md."

PAUSE = 10
"""Seconds between two readings of the log."""


class Command(CooperCommand):
    """Runs the shipper: for ever, or once."""

    help = (
        "Sends every event of the audit log to the sinks that COOPER_SHIP_* name, in signed "
        "batches. Any number may run: one works, the others wait. It may be killed at any time."
    )
    example = (
        "cooper -ship                                   (goes on until it is stopped)\n"
        "cooper -ship once                              (for a timer)\n"
        "cooper -ship public-key > cooper.pem           (what verifies the signatures)\n"
        "cooper -ship dead-letters                      (batches that a place refused)\n"
        "cooper -ship resend webhook/17                 (delivers one of them again)"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", metavar="VERB")
        verbs.add_parser("once", help="send what is there, and end")
        verbs.add_parser("public-key", help="print the public key that verifies the signatures")
        verbs.add_parser("dead-letters", help="list the batches that a place refused for good")
        resend = verbs.add_parser("resend", help="deliver one of them again, as it was fixed")
        resend.add_argument("letter", metavar="PLACE/NUMBER")
        self.add_region_to(verbs)

    def run_command(self, **options: Any) -> None:
        if options["verb"] == "dead-letters":
            self._list_dead_letters()
            return

        key = signing_key()
        if options["verb"] == "public-key":
            self.say(key.public_pem.decode().rstrip())
            return

        sinks = usable_sinks(self.warn)
        if options["verb"] == "resend":
            self._resend(options["letter"], sinks)
            return

        metrics.begin_shipper(sink.name for sink in sinks)
        shipper = Shipper(sinks, key)

        if options["verb"] == "once":
            self._run_once(shipper)
            return
        self.say(f"Shipping to {', '.join(sink.name for sink in sinks)}.")
        problem = serve_metrics()
        if problem:
            # what is shipped counts for more
            self.warn(f"warning: {problem}")
        shipper.run(stopping_by_signal(), PAUSE)

    def _list_dead_letters(self) -> None:
        letters = dead_letters.dead_letters()
        for letter in letters:
            self.say(f"{letter.name}  {letter.reason}")
        if letters:
            self.say("Mend what they say, then: cooper -ship resend PLACE/NUMBER")
        else:
            self.say("There are no dead letters: every place took what it was given.")

    def _resend(self, letter: str, sinks: list[Sink]) -> None:
        try:
            dead_letters.deliver_again(letter, sinks)
        except Undelivered as error:
            raise CooperError(f"{letter} was refused again. {error.line}") from error
        self.say(f"{letter} is delivered.")

    def _run_once(self, shipper: Shipper) -> None:
        if not shipper.run_once():
            self.say("Another shipper works.")
            return

        last = shipper.last_batch()
        reaches = shipper.reaches()
        shipper.end()
        for reach in reaches:
            self.say(f"{reach.sink}: batch {reach.number} of {last}")

        behind = [reach.sink for reach in reaches if reach.number < last]
        refusing = [reach.sink for reach in reaches if reach.refused]
        failures = []
        if behind:
            failures.append(
                f"{', '.join(behind)} did not take all: the lines above say why. "
                "The next run goes on from there."
            )
        if refusing:
            failures.append(
                f"{', '.join(refusing)} refused batches for good: cooper -ship dead-letters"
            )
        if failures:
            raise CooperError(" ".join(failures))


def serve_metrics() -> str:
    """Serve the shipper's metrics page in a thread; return why it is not served, or ""."""
    address = checks.parse_address(settings.COOPER_METRICS_BIND)
    if not checks.serves_metrics() or not address:
        return ""

    host, port = address
    try:
        start_http_server(port, host, metrics.shipper_page())
    except OSError as error:
        problem = f"The metrics page is not served on {settings.COOPER_METRICS_BIND}: "
        return f"{problem}{error.strerror}. Set COOPER_METRICS_BIND to another address, or to off."
    return ""


def usable_sinks(warn: Callable[[str], None]) -> list[Sink]:
    """Return the sinks; raise UsageError without one, CooperError for what is wrong with one.

    What is merely away keeps no other from beginning: `warn` is told of it.
    """
    try:
        sinks = sinks_from_environment()
    except ImproperlyConfigured as error:
        raise UsageError(str(error)) from error
    if not sinks:
        raise UsageError(NO_SINK)

    wrong: list[str] = []
    for sink in sinks:
        for problem in problems_of(sink):
            if isinstance(problem, PassingProblem):
                warn(f"warning: {problem}")
            else:
                wrong.append(problem)
    if wrong:
        raise CooperError(" ".join(wrong))
    return sinks


def problems_of(sink: Sink) -> list[str]:
    """Return what is wrong with a sink; that it does not answer is a problem that passes."""
    try:
        return sink.problems()
    except CooperError as error:
        return [PassingProblem(f"{sink.name}: {error.line}")]


def stopping_by_signal() -> threading.Event:
    """Return what is set once the process is told to end."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping
