"""A clock that is wrong is named: AWS refuses its signatures as it refuses bad credentials."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore import auth

from accounts.models import LocalAccount
from core import aws
from core.aws import clock


@pytest.fixture
def clock_off(store, monkeypatch):
    """Return what turns this machine's clock, and AWS's not (both are in this process)."""
    signed_at = auth.get_current_datetime

    def turn(seconds):
        off = timedelta(seconds=seconds)
        monkeypatch.setattr(auth, "get_current_datetime", lambda *some: signed_at(*some) + off)
        monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + off)

    return turn


@pytest.mark.parametrize("seconds", [-400, 400])
def test_it_names_a_wrong_clock_with_the_time_that_aws_says(clock_off, seconds):
    clock_off(seconds)
    words = r"This server's clock is off by (400|399|401) s: AWS says that it is 20.* UTC. Correct"
    with pytest.raises(aws.WrongClock, match=words):
        LocalAccount.find("alice")
    with pytest.raises(aws.WrongClock, match=words):
        aws.call(aws.client("sts").get_caller_identity)


@pytest.mark.parametrize("seconds", [-240, 240])
def test_aws_bears_four_minutes(clock_off, seconds):
    clock_off(seconds)
    assert LocalAccount.find("alice") is not None
    assert aws.caller_identity().arn
