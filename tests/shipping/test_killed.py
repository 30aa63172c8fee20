"""A shipper that is killed anywhere, again and again: every event arrives, in one chain."""

import random
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.audit import AuditEvent
from core.errors import CooperError
from core.kms_signing import Verifier
from embedded_aws import EmbeddedAws
from shipping import ledger, making
from shipping.batches import Batch
from shipping.events import SentEvent, event_of
from shipping.sent_files import SentFiles
from shipping.sinks.folder import FolderSink
from shipping.verification import verify
from tests.support.kill_sweep import killed_at
from tests.support.shipping import Yard, event_at, stored_ids, write_event_at, yard_of

LONGEST_LIFE = 60
"""Calls to AWS after which a shipper is killed at the latest."""


class CountingSink(FolderSink):
    """A folder that also notes each delivery, before and after which the shipper may be killed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.journal = folder / "deliveries"

    def deliver(self, batch: Batch) -> None:
        super().deliver(batch)
        with self.journal.open("a") as file:
            file.write(f"{batch.number} {batch.digest}\n")


def sent(event: AuditEvent) -> SentEvent:
    """Return an event as it is sent."""
    return event_of(event.serialize())


def ship_as_far_as_it_goes(yard: Yard, sink: CountingSink) -> bool:
    """Ship until nothing is left; return whether it came to that: a slow machine is no answer."""
    shipper = yard.shipper(sink)
    try:
        is_done = shipper.run_once()
        shipper.end()
    except CooperError as error:
        # as the command does, which goes on a moment later
        sys.stdout.write(f"{error.line}\n")
        sys.stdout.flush()
        return False
    return is_done


@pytest.fixture
def yard(store: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    # the next one need not wait for the lease of the one that was killed
    monkeypatch.setattr(ledger, "LEASE", timedelta(0))
    with yard_of(store, tmp_path, monkeypatch) as yard:
        yield yard


@pytest.mark.parametrize(
    ("events", "kills", "in_a_batch"),
    [(60, 8, 10), pytest.param(50_000, 50, 500, marks=pytest.mark.soak)],
)
def test_no_event_is_lost_and_no_batch_is_another_one(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, events: int, kills: int, in_a_batch: int
) -> None:
    monkeypatch.setattr(making, "MOST_EVENTS", in_a_batch)
    began = yard.clock() - timedelta(hours=23)
    monkeypatch.setattr(ledger, "BEGINNING", began - timedelta(hours=1))
    with AuditEvent.batch_write() as batch:
        for number in range(events):
            batch.save(event_at(began + timedelta(hours=22) * number / events))

    dice = random.Random(4711)  # noqa: S311 - no secret
    sink = CountingSink(yard.folder)
    killed = 0
    while killed < kills:
        is_after = dice.random() < 0.5
        killed += killed_at(dice.randint(1, LONGEST_LIFE), is_after, lambda: yard.ship(sink))
        # something to do for one that would have come to its end
        write_event_at(yard.clock())
    while not ship_as_far_as_it_goes(yard, sink):
        pass

    deliveries = sink.journal.read_text().splitlines()
    batches = len(set(deliveries))
    twice = len(deliveries) - batches
    sys.stdout.write(f"{len(yard.ids()):,} events, {batches} batches, {twice} of them twice\n")
    assert len({line.split()[0] for line in deliveries}) == batches
    assert set(yard.ids()) >= stored_ids()
    assert len(yard.ids()) == len(set(yard.ids()))

    verdict = verify(SentFiles(yard.folder), Verifier(yard.key.public_pem), with_log=True)
    assert verdict.findings == []


def test_one_that_was_killed_after_a_delivery_delivers_the_same_bytes_again(yard: Yard) -> None:
    class KilledAfter(CountingSink):
        def deliver(self, batch: Batch) -> None:
            super().deliver(batch)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        yard.ship(KilledAfter(yard.folder))
    yard.ship(CountingSink(yard.folder))
    first, second = (yard.folder / "deliveries").read_text().splitlines()
    assert first == second and first.startswith("1 ")


def test_a_shipper_that_lost_its_lease_fixes_nothing(yard: Yard) -> None:
    slow = ledger.Ledger.take("slow", yard.clock())
    fast = ledger.Ledger.take("fast", yard.clock())
    assert slow and fast
    for one in (fast, slow):
        event = write_event_at(yard.clock())
        batch = making.next_batch(one.head, one.chains, [sent(event)], made_at="now")
        if one is slow:
            with pytest.raises(ledger.LostLease):
                one.fix(batch, one.chains, yard.clock())
        else:
            one.fix(batch, one.chains, yard.clock())
    assert [stored.name for stored in ledger.newest_batches()] == ["000000000001"]


def test_of_two_at_once_one_works(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LEASE", timedelta(seconds=30))
    first, second = yard.shipper(), yard.shipper()
    assert first.run_once() and not second.run_once()
    first.end()
    assert second.run_once() and not first.run_once()
