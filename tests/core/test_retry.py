"""Trying again, with pauses that grow and never pass their longest."""

import pytest

from core.errors import Conflict, Invalid
from core.retry import Backoff, retry


class Contended:
    """An operation that meets others a number of times before it succeeds."""

    def __init__(self, conflicts: int) -> None:
        self.conflicts, self.calls = conflicts, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.conflicts:
            raise Conflict(f"conflict {self.calls}")
        return "done"


def test_it_tries_until_it_succeeds() -> None:
    operation = Contended(2)
    assert retry(operation, on=Conflict, tries=3) == "done"
    assert operation.calls == 3


def test_it_raises_the_last_error_when_the_tries_are_used_up() -> None:
    operation = Contended(3)
    with pytest.raises(Conflict, match="conflict 3"):
        retry(operation, on=Conflict, tries=3)
    assert operation.calls == 3


def test_it_does_not_retry_another_error() -> None:
    operation = Contended(1)
    with pytest.raises(Conflict):
        retry(operation, on=Invalid, tries=3)
    assert operation.calls == 1


def test_it_pauses_longer_each_time_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.retry.random.uniform", lambda least, most: most)
    backoff = Backoff(first=0.02, longest=0.4)
    assert [backoff.seconds(attempt) for attempt in range(4)] == [0.02, 0.04, 0.08, 0.16]
    assert backoff.seconds(10_000) == 0.4


def test_it_sleeps_between_tries_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("core.retry.time.sleep", pauses.append)
    with pytest.raises(Conflict):
        retry(Contended(9), on=Conflict, tries=3, backoff=Backoff(first=0.02, longest=0.4))
    assert len(pauses) == 2
