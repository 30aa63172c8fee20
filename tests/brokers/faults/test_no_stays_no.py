"""An answer of AWS that is empty, cut or garbled never turns a no into a yes.

In each world the right answer is no. Whatever a read then says or does not say, it stays no:
nothing is allowed because something is absent.
"""

from contextlib import suppress

import pytest

from accounts import throttle
from core.errors import CooperError
from tests.support.fault_sweep import Run, emptied_cases_of, run
from tests.support.fault_table import Row
from tests.support.fault_worlds import WORLDS

FEW = 3
"""Cases of a world in the normal run."""


def yes_in(result: Run) -> list[str]:
    """Return what was allowed after all, and answers that are faults inside cooper."""
    recording = result.recording
    complaints = []
    if recording.operation.is_grant and (result.issued or result.handed_out):
        complaints.append(f"{result.case}: issued")
    usual = frozenset().union(*recording.steps)
    if not result.changes <= usual:
        complaints.append(f"{result.case}: changed {sorted(result.changes - usual)}")
    if result.response.status_code == 500:
        complaints.append(f"{result.case}: answered 500")
    return complaints


def run_some(recording, cases):
    return [line for case in cases for line in yes_in(run(case, recording))]


@pytest.mark.parametrize("world", WORLDS)
def test_no_stays_no(recorded, world):
    recording = recorded(world)
    assert not recording.issued
    cases = emptied_cases_of(recording)
    # a step that meets every fault and every call in turn
    step = len(cases) // FEW + 1
    assert len(cases) > FEW
    assert run_some(recording, cases[sum(world.encode()) % step :: step]) == []


@pytest.mark.soak
@pytest.mark.parametrize("world", WORLDS)
def test_no_stays_no_at_every_call(recorded, world, table):
    recording = recorded(world)
    row = Row(f"no: {world}")
    for case in emptied_cases_of(recording):
        result = run(case, recording)
        row.add(result.seconds, yes_in(result))
    table.add(row)
    assert row.violations == []


def test_it_notices_what_is_allowed_because_nothing_could_be_read(recorded, monkeypatch):
    recording = recorded("locked out")
    count = throttle.count

    def allow(*arguments, **named):
        with suppress(CooperError):
            return count(*arguments, **named)
        return 0

    monkeypatch.setattr(throttle, "count", allow)
    cases = [case for case in emptied_cases_of(recording) if case.fault == "bare"]
    assert run_some(recording, cases)
