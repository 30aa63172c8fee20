"""What the server refuses to start with: one line each, before the first worker starts.

`cooper -check` finds the same by the same checks, so that both say it in the same words.
"""

from dataclasses import dataclass, field

from cooper_project import checkup
from cooper_project.checkup.report import Finding, Level, can_run, has_failed, run
from cooper_project.outside import Addresses
from cooper_project.serving import address
from core.errors import CooperError

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
        if one.at_start and can_run(one, failed):
            findings = run(one, Addresses())
            if has_failed(findings):
                failed.add(one.name)
            for finding in findings:
                _add(result, finding)

    if "settings" not in failed:
        _refuse_taken_address(result)
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
