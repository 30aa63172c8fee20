"""What the server refuses to start with: one line each, before the first worker starts.

`cooper -check` finds the same by the same checks, so that both say it in the same words.
"""

from dataclasses import dataclass, field

from django.conf import settings

from cooper_project import checkup
from cooper_project.checkup.report import Finding, Level, can_run, has_failed, run
from cooper_project.outside import Addresses
from cooper_project.serving import address
from core.checks import parse_address
from core.errors import CooperError

ANOTHER_ADDRESS = (
    "Give each server of this host an address of its own (COOPER_METRICS_BIND), or off. Where the "
    "other one is about to end, the page is served once it has."
)

STARTS_ANYWAY = "cooper starts, and serves once it does."


@dataclass
class Result:
    """What a check of everything before the start has come to, in lines."""

    warnings: list[str] = field(default_factory=list)
    """What whoever starts the server should know, but what does not prevent the start."""

    refusals: list[str] = field(default_factory=list)
    """Why the server must not start: no waiting would mend it."""


def check() -> Result:
    """Check settings, address and installation; nothing that needs what is refused already."""
    result = Result()
    failed: set[str] = set()
    for one in checkup.CHECKS:
        if not one.at_start:
            # what is only told, or takes long, keeps no server waiting
            continue
        findings = run(one, Addresses()) if can_run(one, failed) else []
        if has_failed(findings) or not can_run(one, failed):
            failed.add(one.name)
        for finding in findings:
            _add(result, finding)

    if "settings" not in failed:
        _refuse_taken_address(result)
        _look_at_metrics_address(result)
    return result


def _add(result: Result, finding: Finding) -> None:
    if finding.level is Level.PROBLEM:
        result.refusals.append(finding.text)
    elif finding.level is Level.UNKNOWN:
        result.warnings.append(f"{finding.text} {STARTS_ANYWAY}")
    elif finding.level is Level.WARNING:
        result.warnings.append(finding.text)


def _refuse_taken_address(result: Result) -> None:
    try:
        address.refuse_taken(*address.bind_address())
    except CooperError as error:
        result.refusals.append(error.line)


def _look_at_metrics_address(result: Result) -> None:
    """Warn of one that is taken, as where two servers are on a host: no request is about it."""
    bind = parse_address(settings.COOPER_METRICS_BIND)
    if not bind:
        return

    try:
        is_free = address.is_free(*bind)
    except CooperError as error:
        result.refusals.append(error.line)
        return

    if not is_free:
        line = f"The metrics page is not served: {settings.COOPER_METRICS_BIND} is taken."
        result.warnings.append(f"{line} {ANOTHER_ADDRESS}")
