"""Calls are tried again a few times, at moments that are drawn, and never what is refused (R3b)."""

import random
import statistics
from collections.abc import Callable

import pytest

from brokers.models import Target
from core import aws, kms
from core.dynamo import ConditionFailed
from core.errors import CooperError, NotAllowed, Unavailable
from embedded_aws import EmbeddedAws
from tests.support import faults
from tests.support.faults import Fault

MOST = 3
CALLS: dict[str, Callable[[], object]] = {
    "dynamodb": lambda: Target.find("dev-read"),
    "kms": lambda: kms.usable_key_arn("alias/cooper"),
    "sts": aws.caller_identity,
}
PASSING = {
    "throttled": Fault(mode="throttle"),
    "a fault": Fault(status=500, code="InternalServerError"),
    "unavailable": Fault(status=503, code="ServiceUnavailable"),
}


@pytest.fixture
def pauses(store: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return what botocore waits between tries, without waiting; each run draws the same."""
    monkeypatch.setattr("core.aws.drawn_pauses.random", random.Random(1))  # noqa: S311 - no secret
    waited: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waited.append)
    return waited


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize("service", CALLS)
def test_it_tries_three_times_at_most_after_pauses_that_are_drawn(
    pauses: list[float], service: str, fault: Fault
) -> None:
    for _ in range(20):
        with faults.on(fault) as [active], pytest.raises(Unavailable):
            CALLS[service]()
        assert 2 <= active.hit <= MOST

    first_pauses = pauses[:: len(pauses) // 20]
    assert len(set(first_pauses)) == 20
    assert statistics.stdev(first_pauses) / statistics.mean(first_pauses) > 0.2
    assert max(pauses) <= 2.0


@pytest.mark.parametrize("mode", ["deny", "gone"])
@pytest.mark.parametrize("service", CALLS)
def test_what_is_refused_is_tried_once(pauses: list[float], service: str, mode: str) -> None:
    with faults.on(Fault(mode=mode)) as [active], pytest.raises(CooperError):
        CALLS[service]()
    assert active.hit == 1 and pauses == []


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ValidationException", CooperError),
        ("ConditionalCheckFailedException", ConditionFailed),
    ],
)
def test_what_another_try_cannot_mend_is_tried_once(
    pauses: list[float], code: str, error: type[CooperError]
) -> None:
    fault = Fault("dynamodb", status=400, code=code)
    with faults.on(fault) as [active], pytest.raises(error):
        CALLS["dynamodb"]()
    assert active.hit == 1 and pauses == []


@pytest.mark.parametrize("service", CALLS)
def test_expired_credentials_are_tried_once_more_at_most(pauses: list[float], service: str) -> None:
    fault = Fault(status=400, code="ExpiredTokenException")
    with faults.on(fault) as [active], pytest.raises(NotAllowed):
        CALLS[service]()
    assert active.hit <= 2
