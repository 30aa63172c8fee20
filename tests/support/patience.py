"""Time for AWS where a test asks whether something holds, on however busy a machine."""

from collections.abc import Iterator

import pytest

from brokers.grants import limits
from core import aws

LIMITS = (5.0, 20.0, 3)
"""Seconds for a connection and for an answer, and how many tries."""


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait long for DynamoDB and STS, and give a grant the time for it."""
    for service in ("dynamodb", "sts"):
        monkeypatch.setitem(aws.LIMITS, service, LIMITS)
    monkeypatch.setattr(limits, "DEADLINE", 60)
    aws.forget_clients()
    yield
    aws.forget_clients()
