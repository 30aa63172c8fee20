"""Sinks that are slow, silent or far behind hold up neither the others nor the reading."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.retry import Backoff
from embedded_aws import EmbeddedAws
from shipping import making, turns
from shipping.batches import Batch
from shipping.sinks import Undelivered
from shipping.sinks.folder import FolderSink
from shipping.turns import Turns
from tests.support.shipping import Yard, stored_ids, write_events, yard_of


@pytest.fixture
def yard(store: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """Yield where a test ships, in many small batches."""
    monkeypatch.setattr(making, "MOST_EVENTS", 4)
    (tmp_path / "sent").mkdir()
    with yard_of(store, tmp_path / "sent", monkeypatch) as yard:
        yield yard


class Journal:
    """Who was given which batch, in order; `name` is a sink that takes each."""

    def __init__(self, name: str, rows: list[tuple[str, int]]) -> None:
        self.name = name
        self.rows = rows
        self.then: Callable[[], None] = lambda: None
        """What it does at each batch beside taking it."""

    def deliver(self, batch: Batch) -> None:
        self.rows.append((self.name, batch.number))
        self.then()

    def problems(self) -> list[str]:
        return []

    @property
    def numbers(self) -> list[int]:
        """The batches that it was given."""
        return [number for name, number in self.rows if name == self.name]


def refuse(retry_after: int = 0) -> None:
    """Raise what a sink raises that is down."""
    error = Undelivered("It is down.", again=True)
    error.retry_after = retry_after
    raise error


def test_one_that_is_far_behind_takes_turns_with_the_others(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_events(30)
    yard.ship()
    monkeypatch.setattr(turns, "TURN", 0.0)
    rows: list[tuple[str, int]] = []
    first, second = Journal("first", rows), Journal("second", rows)
    yard.ship(first, second)

    expected = list(range(1, len(yard.bodies()) + 1))
    assert len(expected) > 6
    # once goes on to the end all the same, and each is given all of them in order
    assert first.numbers[: len(expected)] == second.numbers[: len(expected)] == expected
    assert first.numbers == sorted(set(first.numbers))
    assert [name for name, _ in rows[:6]] == ["first", "second"] * 3


def test_what_is_new_is_read_while_one_catches_up(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a pause between, and without an end before all is delivered."""
    write_events(30)
    yard.ship()
    behind = len(yard.bodies())
    monkeypatch.setattr(turns, "TURN", 0.0)
    stopping = threading.Event()
    slow = Journal("slow", [])

    def write_at_first() -> None:
        if len(slow.numbers) == 1:
            write_events(1, reason="while it catches up")
        if "while it catches up" in str(yard.bodies()[-1]) and slow.numbers[-1] > behind:
            stopping.set()

    slow.then = write_at_first
    seen: list[int] = []
    folder = FolderSink(yard.folder)
    deliver = folder.deliver

    def note(batch: Batch) -> None:
        seen.append(len(slow.numbers))
        deliver(batch)

    monkeypatch.setattr(folder, "deliver", note)
    yard.shipper(slow, folder).run(stopping, pause=60)
    assert set(yard.ids()) == stored_ids()
    # the folder had what is new long before the slow one had what is old
    assert seen[0] < behind
    assert slow.numbers == list(range(1, slow.numbers[-1] + 1))


def test_one_that_fails_is_not_asked_again_at_each_batch(yard: Yard) -> None:
    write_events(30)
    silent, well = Journal("silent", []), Journal("well", [])
    silent.then = refuse
    yard.ship(silent, well)
    assert silent.numbers == [1]
    assert len(well.numbers) > 6


def test_one_that_takes_no_signature_still_takes_batches(yard: Yard) -> None:
    kept = []

    class Unsigned(FolderSink):
        def keep(self, name: str, content: bytes) -> None:
            kept.append(name)
            refuse()

    write_events(30)
    yard.ship(Unsigned(yard.folder))
    assert set(yard.ids()) == stored_ids() and len(kept) == 1


def test_many_signatures_take_turns_too(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN", 0.0)
    monkeypatch.setattr("shipping.signing.PAUSE", timedelta(0))
    write_events(12)
    yard.ship()
    assert len(list(yard.folder.glob("signatures/*"))) == len(yard.bodies())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time of turns, which a test sets."""
    now = [1000.0]
    monkeypatch.setattr("shipping.turns.monotonic", lambda: now[0])
    monkeypatch.setattr(Backoff, "seconds", lambda backoff, attempt: 10.0 * 2**attempt)
    return now


def test_it_is_left_alone_longer_after_each_failure(clock: list[float]) -> None:
    sinks = Turns()
    for pause in (10, 20, 40):
        assert sinks.is_due("webhook")
        sinks.note_failure("webhook", 0)
        clock[0] += pause - 1
        assert not sinks.is_due("webhook") and sinks.is_due("folder")
        clock[0] += 1
    assert sinks.is_due("webhook")

    sinks.note_success("webhook")
    sinks.note_failure("webhook", 0)
    clock[0] += 10
    assert sinks.is_due("webhook")


@pytest.mark.parametrize(("asked", "pause"), [(5, 10), (120, 120), (999_999, 3600)])
def test_it_is_left_alone_for_as_long_as_it_asks(
    clock: list[float], asked: int, pause: int
) -> None:
    sinks = Turns()
    sinks.note_failure("webhook", asked)
    clock[0] += pause - 1
    assert not sinks.is_due("webhook")
    clock[0] += 1
    assert sinks.is_due("webhook")


def test_what_a_sink_asks_for_is_kept_to_between_two_passes(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "ALONE", Backoff(0.0, 0.0))
    write_events(1)
    busy = Journal("busy", [])
    busy.then = refuse
    shipper = yard.shipper(busy)
    shipper.run_once()
    tries = len(busy.numbers)
    shipper.run_once()
    assert len(busy.numbers) > tries

    busy.then = lambda: refuse(retry_after=120)
    tries = len(busy.numbers)
    for _ in range(3):
        shipper.run_once()
    assert len(busy.numbers) == tries + 1
    shipper.end()
