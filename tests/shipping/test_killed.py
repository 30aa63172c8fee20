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
from shipping import ledger, making, signing
from shipping.batches import Batch
from shipping.events import SentEvent, event_of
from shipping.sent_files import SentFiles
from shipping.sinks import https
from shipping.verification import Verdict, verify
from tests.support.kill_sweep import CALLS_OF_AWS, killed_at
from tests.support.shipping import Killed, Yard, event_at, stored_ids, write_event_at, yard_of
from tests.support.shipping_places import (
    JOURNAL,
    JournallingFolder,
    Places,
    all_places,
    patience,
)


def sent(event: AuditEvent) -> SentEvent:
    """Return an event as it is sent."""
    return event_of(event.serialize())


def ship_as_far_as_it_goes(yard: Yard, places: Places) -> bool:
    """Ship until nothing is left; return whether it came to that: a slow machine is no answer."""
    shipper = yard.shipper(*places.sinks())
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


@pytest.fixture
def patient() -> Iterator[None]:
    with patience():
        yield


CALLS_OUTSIDE = (CALLS_OF_AWS, (https, "_ask"))
"""A place that is called by https counts as AWS does."""


@pytest.mark.parametrize(
    ("events", "kills", "in_a_batch", "longest_life"),
    [(40, 6, 10, 60), pytest.param(50_120, 50, 500, 300, marks=pytest.mark.soak)],
)
@pytest.mark.usefixtures("patient")
def test_no_place_lacks_an_event_however_often_the_shipper_is_killed(
    yard: Yard,
    store: EmbeddedAws,
    monkeypatch: pytest.MonkeyPatch,
    events: int,
    kills: int,
    in_a_batch: int,
    longest_life: int,
) -> None:
    monkeypatch.setattr(making, "MOST_EVENTS", in_a_batch)
    day = write_a_day(yard, events - len(stored_ids()), monkeypatch)
    dice = random.Random(4711)  # noqa: S311 - no secret

    with all_places(store, yard.folder, monkeypatch) as places:
        killed = 0
        while killed < kills:
            killed += killed_at(
                dice.randint(1, longest_life),
                dice.random() < 0.5,
                lambda: ship_as_far_as_it_goes(yard, places),
                CALLS_OUTSIDE,
            )
            # something to do for one that would have come to its end
            write_event_at(yard.clock())
        while not ship_as_far_as_it_goes(yard, places):
            pass
        # the last batches are signed once the pause is over
        yard.ahead += signing.PAUSE
        while not ship_as_far_as_it_goes(yard, places):
            pass

        ids = yard.ids()
        assert set(ids) == stored_ids() and len(ids) == len(set(ids))
        counts = {name: places.count(name, ids) for name in places.names}
        say(f"{len(ids):,} events in {len(yard.bodies())} batches, {killed} kills")
        for name, count in counts.items():
            say(f"{name}: {count}")
        assert [name for name, count in counts.items() if not count.is_right] == []

    verdict = verdict_of(yard)
    say(f"{verdict.batches} batches verified, signed up to {verdict.signed}")
    assert verdict.findings == [] and verdict.signed == verdict.batches

    expected = tamper_with(day, newest=ids[-1])
    findings = verdict_of(yard).findings
    say("\n".join(findings))
    assert findings == expected


def verdict_of(yard: Yard) -> Verdict:
    return verify(SentFiles(yard.folder), Verifier(yard.key.public_pem), with_log=True)


def write_a_day(yard: Yard, count: int, monkeypatch: pytest.MonkeyPatch) -> list[AuditEvent]:
    """Write events over the last 23 hours, and return them; the shipper begins there."""
    began = yard.clock() - timedelta(hours=23)
    monkeypatch.setattr(ledger, "BEGINNING", began - timedelta(hours=1))
    events = [
        event_at(began + timedelta(hours=22) * number / count, number=number)
        for number in range(count)
    ]
    with AuditEvent.batch_write() as batch:
        for event in events:
            batch.save(event)
    return events


def tamper_with(day: list[AuditEvent], newest: str) -> list[str]:
    """Remove, change, swap, add and cut off events of the log; return what there is to find."""
    removed, changed, first, second, before = day[2:7]

    removed.delete()
    changed.update(actions=[AuditEvent.person.set("local:mallory")])
    for event, details in ((first, second.details), (second, first.details)):
        event.update(actions=[AuditEvent.details.set(details)])
    added = write_event_at(before.moment + timedelta(seconds=1))
    cut_off = AuditEvent.with_pk(newest)
    assert cut_off
    cut_off.delete()

    return [
        f"{removed.pk} was removed from the audit log.",
        f"{changed.pk} was changed in the audit log.",
        f"{first.pk} was changed in the audit log.",
        f"{second.pk} was changed in the audit log.",
        f"{added.pk} is in no batch: added to the audit log, or taken out there.",
        f"{newest} was removed from the audit log.",
    ]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def test_one_that_was_killed_after_a_delivery_delivers_the_same_bytes_again(yard: Yard) -> None:
    class KilledAfter(JournallingFolder):
        def deliver(self, batch: Batch) -> None:
            super().deliver(batch)
            raise Killed

    with pytest.raises(Killed):
        yard.ship(KilledAfter(yard.folder))
    yard.ship(JournallingFolder(yard.folder))
    first, second = (yard.folder / JOURNAL).read_text().splitlines()
    assert first == second and first.startswith("1-")


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
