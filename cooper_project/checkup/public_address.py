"""What is checked through the public address: whether what tools send arrives."""

from collections.abc import Iterator

from cooper_project.checkup.report import Finding, Level, note
from cooper_project.outside import Addresses, check_token_header

TITLE = "The token header of command lines"

NO_PUBLIC_ADDRESS = (
    "not asked: COOPER_PUBLIC_URL is not set. Say with -url where people reach cooper."
)


def check_header(addresses: Addresses) -> Iterator[Finding]:
    """Send the header of the AWS CLI to a cooper that serves."""
    if not addresses.public:
        yield note(NO_PUBLIC_ADDRESS)
        return

    report = check_token_header(addresses)
    level = Level.OK if report.is_good else Level.PROBLEM
    yield Finding(level, f"{TITLE}: {report.summary}", report.advice)
