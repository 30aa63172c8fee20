"""How far this machine's clock is from AWS's, by the header `Date` of AWS's answers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from core.errors import NotAllowed

REFUSED_FROM = 300
"""Seconds from which AWS takes no signature:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html"""

WORTH_SAYING = 10
"""Seconds from which a clock is off: one-time codes bear half a minute, the device's own included.
"""

OFF = "This server's clock is off by {seconds} s: AWS says that it is {aws_time}."

CORRECT_IT = "Correct it (chronyc tracking, or timedatectl)."


class WrongClock(NotAllowed):
    """AWS refuses what cooper signs because the time in it is too far from AWS's own."""


def now() -> datetime:
    """Return the time by this machine's clock."""
    return datetime.now(UTC)


def aws_time_in(response: Mapping[str, Any]) -> datetime:
    """Return when AWS made an answer, to the second; raise ValueError when it does not say."""
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (LookupError, TypeError) as error:
        raise ValueError("no date in the answer") from error


def wrong_clock(response: Mapping[str, Any], detail: str, code: str) -> WrongClock:
    """Return the error for an answer that refuses the time of a signature."""
    try:
        message = describe(aws_time_in(response))
    except ValueError:
        message = f"This server's clock is off by more than {REFUSED_FROM} s."
    return WrongClock(f"{message} {CORRECT_IT}", detail, code=code)


def seconds_off(aws_time: datetime) -> float:
    """Return how far this machine's clock is from this time."""
    return abs((now() - aws_time).total_seconds())


def describe(aws_time: datetime) -> str:
    """Return how far this machine's clock is from this time, in a sentence."""
    seconds = round(seconds_off(aws_time))
    return OFF.format(seconds=seconds, aws_time=f"{aws_time:%Y-%m-%d %H:%M:%S} UTC")
