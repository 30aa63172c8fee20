"""What a check takes and gives, and how it is run: none hangs, and none ends the others."""

import contextvars
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from cooper_project.outside import Addresses
from core import aws
from core.errors import CooperError, Unavailable

PATIENCE = 10.0
"""Seconds that a check may take, unless it says otherwise."""

GRACE = 1.0
"""Seconds after its deadline in which a check may still say what it has found."""


class Level(StrEnum):
    """How grave a finding is."""

    OK = "ok"
    NOTE = "note"
    """Something could not be looked at, or is worth knowing; nothing has to be done."""

    WARNING = "warning"
    """cooper serves, and somebody should do something."""

    UNKNOWN = "unknown"
    """No answer came in time: whether it is well cannot be told now."""

    PROBLEM = "problem"
    """cooper does not serve, or not everything, before this is mended."""


@dataclass(frozen=True)
class Finding:
    """One line for whoever operates cooper: what is so, and what to do where it is not well."""

    level: Level

    text: str

    advice: tuple[str, ...] = ()
    """Further lines: several ways to mend it, of which one fits."""


def ok(text: str) -> Finding:
    """Return that something is well."""
    return Finding(Level.OK, text)


def note(text: str) -> Finding:
    """Return what is worth knowing; nothing has to be done."""
    return Finding(Level.NOTE, text)


def warning(text: str) -> Finding:
    """Return what somebody should mend, though cooper serves."""
    return Finding(Level.WARNING, text)


def unknown(text: str) -> Finding:
    """Return what cannot be told now."""
    return Finding(Level.UNKNOWN, text)


def problem(text: str) -> Finding:
    """Return what has to be mended before cooper serves, or serves everything."""
    return Finding(Level.PROBLEM, text)


def finding_of(error: CooperError) -> Finding:
    """Return what an error means: where a service did not answer, nothing is known."""
    if isinstance(error, Unavailable):
        return unknown(error.line)
    return problem(error.line)


class Check(NamedTuple):
    """A check: a function of the addresses that yields what it finds, a line each.

    It may raise CooperError, which ends it with one more line, and it may not change anything.
    """

    name: str
    """What it is chosen by: `cooper -check -only clock`."""

    run: Callable[[Addresses], Iterable[Finding]]

    needs: tuple[str, ...] = ()
    """The checks without whose success it would only say the same once more."""

    at_start: bool = False
    """Whether the server runs it too, and does not start with a problem that it finds."""

    patience: float = PATIENCE
    """Seconds after which it is given up."""


def can_run(check: Check, failed: set[str]) -> bool:
    """Return whether nothing that a check needs has failed."""
    return failed.isdisjoint(check.needs)


def has_failed(findings: Iterable[Finding]) -> bool:
    """Return whether what needs this check would only say the same once more."""
    return any(finding.level in {Level.PROBLEM, Level.UNKNOWN} for finding in findings)


def run(check: Check, addresses: Addresses) -> list[Finding]:
    """Return what a check finds; what it found before it hung or failed stays."""
    findings: list[Finding] = []
    context = contextvars.copy_context()
    # a thread that hangs ends with the process
    thread = threading.Thread(
        target=context.run, args=(_collect, check, addresses, findings), daemon=True
    )
    thread.start()
    thread.join(check.patience + GRACE)

    # the thread may still add to the other list
    found_in_time = list(findings)
    if thread.is_alive():
        found_in_time.append(unknown(f"no answer within {check.patience:.0f} s. Try again."))
    return found_in_time


def _collect(check: Check, addresses: Addresses, findings: list[Finding]) -> None:
    try:
        with aws.deadline(check.patience):
            findings.extend(iter(check.run(addresses)))
    except CooperError as error:
        findings.append(finding_of(error))
    except Exception as error:  # noqa: BLE001 - the checks after it are run all the same
        findings.append(problem(f"the check itself failed: {error!r}"))
