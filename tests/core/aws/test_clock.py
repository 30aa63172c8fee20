"""A clock that is wrong is named: AWS refuses its signatures as it refuses bad credentials."""

from datetime import timedelta

import pytest
from botocore import auth

from accounts.models import Person
from core import aws
from core.errors import NotAllowed


@pytest.mark.parametrize("minutes", [-10, 10])
def test_it_names_a_wrong_clock_with_the_time_that_aws_says(store, monkeypatch, minutes):
    right = auth.get_current_datetime

    def wrong(*arguments):
        return right(*arguments) + timedelta(minutes=minutes)

    monkeypatch.setattr(auth, "get_current_datetime", wrong)
    with pytest.raises(NotAllowed, match="clock of the machine .* is wrong: AWS says that it is"):
        Person.find("local:alice")
    with pytest.raises(NotAllowed, match="clock of the machine .* is wrong"):
        aws.call(aws.client("sts").get_caller_identity)
