"""An answer of DynamoDB that is lost makes of no right code a wrong one, and of no code two."""

import time
from collections.abc import Callable, Iterator

import pytest

from accounts import totp
from accounts.models import TotpDevice
from core.errors import CooperError, Unavailable
from tests.support import clock, faults
from tests.support.codes import give_device, next_code
from tests.support.faults import Fault

ALICE = "local:alice"

CALLS = 5
"""Calls about the device that using a code makes, at least."""


@pytest.fixture
def use(store: object) -> Iterator[Callable[[str], TotpDevice]]:
    give_device("alice")
    with clock.travelling(stand_still=True):
        yield lambda code: totp.use_code(ALICE, code, time.time())


def lost(call: int, times: int | None) -> Fault:
    return Fault("dynamodb", table="totp-devices", mode="lost", after=call, times=times)


@pytest.mark.parametrize("call", range(CALLS))
@pytest.mark.parametrize("failures", [0, 2])
def test_one_lost_answer_changes_nothing(
    use: Callable[[str], TotpDevice], call: int, failures: int
) -> None:
    device = TotpDevice.find(ALICE)
    device.failures = failures
    device.save()
    code = next_code("alice")

    with faults.on(lost(call, times=1), may_miss=True):
        use(code)
    device = TotpDevice.find(ALICE)
    assert (int(device.failures), device.wait_until) == (0, None)
    with pytest.raises(totp.WrongCode):
        use(code)


@pytest.mark.parametrize("call", range(CALLS))
def test_without_any_answer_the_code_counts_once_at_most(
    use: Callable[[str], TotpDevice], call: int
) -> None:
    code = next_code("alice")
    results = []
    with faults.on(lost(call, times=None), may_miss=True):
        results.append(attempt(use, code))
    results.append(attempt(use, code))
    assert results.count("done") <= 1
    assert results[0] in ("done", "no answer")


def attempt(use: Callable[[str], TotpDevice], code: str) -> str:
    try:
        use(code)
    except Unavailable:
        return "no answer"
    except CooperError:
        return "refused"
    return "done"
