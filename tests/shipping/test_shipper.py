"""Every event leaves, at least once, in signed batches that never change."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from core import metrics
from core.audit import AuditEvent
from core.errors import CooperError
from core.kms_signing import Verifier
from embedded_aws import EmbeddedAws
from shipping import events, lag, ledger
from shipping.batches import FIRST_PREVIOUS, Batch, sha256
from shipping.events import SentEvent, text_of
from shipping.models import Head
from shipping.reading import SentIds
from shipping.sent_files import SentFiles
from shipping.shipper import Shipper
from shipping.signatures import SignedEnd
from shipping.sinks import Undelivered
from shipping.sinks.folder import FolderSink
from shipping.sweeping import Sweep
from shipping.verification import verify
from tests.support import clock, faults
from tests.support.faults import Fault
from tests.support.shipping import Yard, stored_ids, write_event_at, write_events, yard_of


@pytest.fixture
def yard(store: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    with yard_of(store, tmp_path, monkeypatch) as yard:
        yield yard


def test_every_event_is_delivered_in_order_and_once(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "BEGINNING", datetime(2026, 1, 1, tzinfo=UTC))
    write_events(30)
    yard.ship()
    assert sorted(yard.ids()) == sorted(stored_ids())
    times = [event["at"] for _, *events in yard.bodies() for event in events]
    assert times == sorted(times)


def test_what_comes_later_goes_in_the_next_batch_and_nothing_twice(yard: Yard) -> None:
    yard.ship()
    later = [event.pk for event in write_events(3)]
    yard.ship()
    yard.ship()
    assert [event["id"] for event in yard.bodies()[-1][1:]] == later
    assert len(yard.ids()) == len(set(yard.ids())) == len(stored_ids())


def test_batches_are_a_chain(yard: Yard) -> None:
    for _ in range(3):
        write_events(2)
        yard.ship()
    contents = [file.read_bytes() for file in sorted(yard.folder.glob("batches/*"))]
    descriptions = [body[0] for body in yard.bodies()]
    assert [each["batch"] for each in descriptions] == [1, 2, 3]
    digests = [FIRST_PREVIOUS, *(sha256(content) for content in contents)]
    assert [each["previous"] for each in descriptions] == digests[:-1]


def test_an_event_that_is_written_late_within_the_overlap_is_sent(yard: Yard) -> None:
    yard.ship()
    early = write_event_at(yard.clock() - timedelta(minutes=10))
    yard.ship()
    assert yard.bodies()[-1][0]["late"] == []
    assert yard.ids()[-1] == early.pk


def test_a_signature_and_the_public_key_are_beside_the_batches(yard: Yard) -> None:
    write_events(2)
    yard.ship()
    [signature] = yard.folder.glob("signatures/*.json")
    [public_key] = yard.folder.glob("public-key-*.pem")
    end = SignedEnd.from_text(signature.read_text())
    [batch] = yard.folder.glob("batches/*")
    assert end.digest == sha256(batch.read_bytes())
    assert end.is_right(Verifier(public_key.read_bytes()))


def test_one_signature_stands_for_all_batches_of_ten_seconds(yard: Yard) -> None:
    # however long the machine takes for it
    with clock.travelling(stand_still=True):
        for _ in range(3):
            write_events(2)
            yard.ship()
    assert [file.stem for file in yard.folder.glob("signatures/*")] == ["000000000001"]
    yard.ahead = timedelta(seconds=11)
    yard.ship()
    assert sorted(file.stem for file in yard.folder.glob("signatures/*"))[1:] == ["000000000003"]
    write_events(1)
    yard.ship()
    assert yard.bodies()[-1][0]["signed"]["batch"] == 3


def test_kms_that_fails_keeps_no_batch_waiting(yard: Yard) -> None:
    write_events(2)
    with faults.on(Fault("kms", "Sign", mode="absent")):
        yard.ship()
    assert len(yard.bodies()) == 1 and list(yard.folder.glob("signatures/*")) == []
    yard.ship()
    assert len(list(yard.folder.glob("signatures/*"))) == 1


def sweep_with(yard: Yard) -> None:
    """Let an hour pass, after which days are compared."""
    yard.ahead += timedelta(hours=1, minutes=1)
    yard.ship()


def test_an_event_that_is_written_later_than_that_is_sent_as_late_and_an_alarm(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    write_events(2)
    yard.ship()
    late = write_event_at(yard.clock() - timedelta(minutes=30))
    yard.ship()
    assert late.pk not in yard.ids()

    sweep_with(yard)
    assert yard.bodies()[-1][0]["late"] == [late.pk]
    assert yard.ids()[-1] == late.pk
    assert f"{late.pk} was written too late" in caplog.text
    sweep_with(yard)
    assert yard.ids().count(late.pk) == 1


def test_a_shipper_that_was_down_for_weeks_goes_on_with_every_chain(yard: Yard) -> None:
    write_events(2)
    yard.ship()
    late = write_event_at(yard.clock() - timedelta(minutes=30))
    yard.ahead = timedelta(weeks=3)
    write_event_at(yard.clock())
    yard.ship()
    assert yard.bodies()[-1][0]["late"] == [late.pk]
    verdict = verify(SentFiles(yard.folder), Verifier(yard.key.public_pem), with_log=True)
    assert [str(finding) for finding in verdict.findings] == []


def test_what_is_changed_or_removed_is_an_alarm_of_the_shipper_too(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    changed, removed = write_events(2)
    yard.ship()
    changed.update(actions=[AuditEvent.person.set("local:mallory")])
    removed.delete()

    sweep_with(yard)
    assert f"{changed.pk} is not as it was sent: changed" in caplog.text
    assert f"{removed.pk} is not as it was sent: missing" in caplog.text
    assert caplog.text.count("is not as it was sent") == 2


def test_an_item_that_is_no_event_goes_out_as_it_is(yard: Yard) -> None:
    """Whoever can write into the table cannot stop the shipper by it."""
    [event] = write_events(1)
    event.update(actions=[AuditEvent.details.set("no JSON")])
    yard.ship()
    assert yard.ids()[-1] == event.pk
    assert yard.bodies()[-1][-1]["unreadable"]["details"] == {"S": "no JSON"}


def test_an_event_that_is_too_large_goes_as_its_hash_with_a_pointer(yard: Yard) -> None:
    [event] = write_events(1, reason="x" * 250_000)
    yard.ship()
    pointer = yard.bodies()[-1][-1]
    assert pointer["id"] == event.pk and pointer["too_large"]["bytes"] > 250_000
    assert "details" not in pointer


def test_a_sink_that_is_down_keeps_no_other_waiting(yard: Yard, tmp_path: Path) -> None:
    class Down(FolderSink):
        name = "down"

        def deliver(self, batch: Batch) -> None:
            raise Undelivered("It is down.", again=True)

    (tmp_path / "down").mkdir()
    write_events(1)
    yard.ship(Down(tmp_path / "down"), FolderSink(yard.folder))
    assert len(yard.bodies()) == 1
    yard.ship(Down(tmp_path / "down"), FolderSink(yard.folder))
    (tmp_path / "later").mkdir()
    later = FolderSink(tmp_path / "later")
    later.name = "down"
    yard.ship(later, FolderSink(yard.folder))
    assert len(list(tmp_path.glob("later/batches/*"))) == len(yard.bodies())


class Broken(FolderSink):
    """A sink with a fault of its own, which nobody foresaw."""

    name = "broken"

    def deliver(self, batch: Batch) -> None:
        raise AttributeError("'NoneType' object has no attribute 'get'")


def test_a_sink_s_own_fault_keeps_no_other_waiting(
    yard: Yard, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_events(1)
    failures = metrics.SHIP_FAILURES.labels("broken")
    before = failures._value.get()
    (tmp_path / "broken").mkdir()
    yard.ship(Broken(tmp_path / "broken"), FolderSink(yard.folder))
    assert set(yard.ids()) == stored_ids()
    assert failures._value.get() > before
    assert "broken: unexpected" in caplog.text and "Traceback" in caplog.text

    # once it is mended it gets what it did not take
    (tmp_path / "mended").mkdir()
    mended = FolderSink(tmp_path / "mended")
    mended.name = "broken"
    yard.ship(mended, FolderSink(yard.folder))
    assert len(list(tmp_path.glob("mended/batches/*"))) == len(yard.bodies())


class Faulty(FolderSink):
    """A sink that keeps no file beside the batches, for a fault of its own."""

    def keep(self, name: str, content: bytes) -> None:
        raise KeyError(name)


def test_a_sink_s_own_fault_at_a_signature_ends_nothing(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    write_events(1)
    yard.ship(Faulty(yard.folder))
    assert set(yard.ids()) == stored_ids()
    assert "took no signature" in caplog.text


@pytest.mark.parametrize("time", ["2026-11-26T10:00:00.banana", "2026-11-26T10:00:00.000001"])
@pytest.mark.usefixtures("no_lag")
def test_whatever_somebody_writes_as_a_time_stops_nothing(yard: Yard, time: str) -> None:
    lag.reached("folder", time)
    assert lag_of("folder") >= 0


class Stopping:
    """A sink at whose first batch the shipper is told to end."""

    name = "stopping"

    def __init__(self) -> None:
        self.told = threading.Event()
        self.numbers: list[int] = []

    def deliver(self, batch: Batch) -> None:
        self.numbers.append(batch.number)
        self.told.set()

    def problems(self) -> list[str]:
        return []


def test_told_to_end_it_ends_after_the_batch_under_way(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shipping.making.MOST_EVENTS", 2)
    write_events(9)
    sink = Stopping()
    yard.shipper(sink).run(sink.told, pause=60)
    assert sink.numbers == [1]

    # its lease is free, and the next one goes on behind it
    yard.ship(sink)
    assert sink.numbers == list(range(1, sink.numbers[-1] + 1)) and len(sink.numbers) >= 5


def test_a_first_run_remembers_no_more_than_the_overlap(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shipping.making.MOST_EVENTS", 10)
    remembered = []
    forget_before = SentIds.forget_before

    def counted(ids: SentIds, moment: datetime) -> None:
        forget_before(ids, moment)
        remembered.append(len(ids))

    monkeypatch.setattr(SentIds, "forget_before", counted)
    for hours in range(60):
        write_event_at(yard.clock() - timedelta(hours=hours))
    yard.ship()
    # an event an hour: of those before the last hour it remembers the newest alone
    assert remembered[:5] == [1] * 5


def test_a_comparison_of_many_days_remembers_one_of_them(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A shipper that was away for weeks compares all of them."""
    monkeypatch.setattr("shipping.making.MOST_EVENTS", 4)
    monkeypatch.setattr(ledger, "BEGINNING", datetime.now(UTC) - timedelta(days=9))
    for hours in range(8 * 24, 0, -6):
        write_event_at(yard.clock() - timedelta(hours=hours))
    yard.ship()
    late = [write_event_at(yard.clock() - timedelta(days=days)) for days in (7, 3)]
    head = Head.current()
    assert head
    head.update(actions=[Head.swept.set(text_of(yard.clock() - timedelta(days=8)))])

    remembered = []
    compare = Sweep.compare

    def counted(sweep: Sweep, day: date, digests: dict[str, str]) -> None:
        remembered.append(len(digests))
        compare(sweep, day, digests)

    monkeypatch.setattr(Sweep, "compare", counted)
    yard.ship()
    assert [body[0]["late"] for body in yard.bodies() if body[0]["late"]] == [
        [event.pk for event in late]
    ]
    # today has those of the seed too
    assert len(remembered) == 10 and max(remembered[1:]) == 4
    assert "is not as it was sent" not in caplog.text


# -- the lease --
class SteppingClock:
    """A clock that goes on by so much whenever it is looked at."""

    def __init__(self, step: timedelta) -> None:
        self.now = datetime.now(UTC)
        self.step = step

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


def is_taken(slow_clock: SteppingClock) -> bool:
    """Return whether another shipper would get the lease."""
    head = Head.current()
    assert head
    return head.until > text_of(slow_clock.now)


def test_the_lease_is_kept_while_days_without_an_event_are_read(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two shippers would take it from each other for ever: each begins anew."""
    slow_clock = SteppingClock(timedelta(0))
    days_read = []

    def slow_events_of(day: date, *limits: str) -> Iterator[SentEvent]:
        assert is_taken(slow_clock), f"the lease was lost before {day} was read"
        days_read.append(day)
        slow_clock.now += timedelta(seconds=20)
        return events_of(day, *limits)

    events_of = events.events_of
    monkeypatch.setattr(events, "events_of", slow_events_of)
    monkeypatch.setattr(ledger, "BEGINNING", datetime.now(UTC) - timedelta(days=10))
    Shipper([FolderSink(yard.folder)], yard.key, slow_clock).run_once()
    assert len(days_read) > 10 and len(yard.bodies()) == 1


def test_the_lease_is_kept_for_the_longest_delivery(yard: Yard, tmp_path: Path) -> None:
    slow_clock = SteppingClock(timedelta(0))
    kept = []

    class Slow(FolderSink):
        def deliver(self, batch: Batch) -> None:
            slow_clock.now += ledger.LONGEST_STEP
            super().deliver(batch)
            kept.append(is_taken(slow_clock))

        def keep(self, name: str, content: bytes) -> None:
            slow_clock.now += ledger.LONGEST_STEP
            super().keep(name, content)
            kept.append(is_taken(slow_clock))

    slow = Slow(yard.folder)
    also_slow = Slow(tmp_path / "another")
    also_slow.name = "another"
    (tmp_path / "another").mkdir()
    shipper = Shipper([slow, also_slow], yard.key, slow_clock)
    for _ in range(3):
        write_events(2)
        shipper.run_once()
    assert len(yard.bodies()) == 3 and len(kept) > 6 and all(kept)


# -- how far behind it is --
def lag_of(sink: str) -> float:
    page = generate_latest(metrics.shipper_page()).decode()
    [seconds] = re.findall(f'cooper_ship_lag_seconds{{sink="{sink}"}} (\\S+)', page)
    return float(seconds)


@pytest.fixture
def no_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be known of any sink, as in a process that has just begun."""
    monkeypatch.setattr(lag, "_reached", {})
    metrics.SHIP_LAG.clear()


@pytest.mark.usefixtures("no_lag")
@pytest.mark.parametrize("table", ["shipments", "audit"])
def test_lag_grows_from_the_very_first_pass_on_that_fails(yard: Yard, table: str) -> None:
    shipper = yard.shipper()
    with faults.on(Fault("dynamodb", table=table, mode="deny")):
        for _ in range(2):
            with pytest.raises(CooperError):
                shipper.run_once()
            clock.shift(1_000)
    assert lag_of("folder") > 1_900


@pytest.mark.usefixtures("no_lag")
def test_lag_grows_while_passes_fail_after_good_ones(yard: Yard) -> None:
    shipper = yard.shipper()
    shipper.run_once()
    assert lag_of("folder") < 60
    with faults.on(Fault("dynamodb", "Query", table="audit", mode="deny")):
        clock.shift(1_000)
        with pytest.raises(CooperError):
            shipper.run_once()
    assert lag_of("folder") > 900


@pytest.mark.usefixtures("no_lag")
def test_one_that_waits_for_another_does_not_lag(yard: Yard) -> None:
    waiting = yard.shipper()
    assert yard.shipper().run_once()
    clock.shift(20)
    assert not waiting.run_once()
    assert lag_of("folder") < 10
