"""Verifying: the chain, its signatures, and the audit log, which has to be as it was sent.

It reads as an auditor may, and changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

from core.kms_signing import Verifier
from shipping.batches import Unreadable
from shipping.events import events_of, text_of
from shipping.ledger import batches_from
from shipping.models import Head, StoredBatch, StoredSignature
from shipping.moments import moment_of
from shipping.reading import OVERLAP, at_of, day_of, days_between
from shipping.sent_files import readable_end
from shipping.signatures import SignedEnd
from shipping.walking import Walk


class Sent(Protocol):
    """What was sent, as it is found somewhere."""

    is_restored: bool
    """Whether batches may be missing that were delivered before a restore, where the chain says so:
    only the places had them."""

    def bodies(self) -> Iterator[tuple[int, bytes]]:
        """Yield the batches with their numbers, in order."""

    def signed_ends(self) -> Iterator[SignedEnd | None]:
        """Yield the signatures, None for one that cannot be read."""


class SentTable:
    """What the shipper keeps in its own table."""

    is_restored = True

    def bodies(self) -> Iterator[tuple[int, bytes]]:
        for stored in batches_from(1):
            yield int(stored.name), _body_of(stored)

    def signed_ends(self) -> Iterator[SignedEnd | None]:
        for stored in StoredSignature.under(StoredSignature.KIND):
            yield readable_end(stored.content)


def _body_of(stored: StoredBatch) -> bytes:
    try:
        return stored.batch.body
    except Unreadable:
        # whoever walks over it says so
        return b""


@dataclass(frozen=True)
class Verdict:
    """What came of it; `findings` are in order, the first event that is wrong first."""

    findings: list[str]
    batches: int
    events: int
    signed: int
    """The last batch that a signature stands for."""
    unsent: int
    """Events that are newer than the last batch: nothing is known of these yet."""


def verify(sent: Sent, verifier: Verifier, *, with_log: bool) -> Verdict:
    """Walk the chain and, `with_log`, compare the audit log with it; raise CooperError."""
    walk = Walk(is_restored=sent.is_restored)
    for number, body in sent.bodies():
        walk.add(number, body)
    walk.expect_any()
    walk.check_signatures(sent.signed_ends(), verifier)

    unsent = 0
    if with_log:
        head = Head.current()
        if head:
            walk.expect_end(int(head.number), head.digest)
        comparison = Comparison(walk.digests, walk.position)
        walk.findings += comparison.findings()
        unsent = comparison.unsent
    return Verdict(walk.findings, walk.last, len(walk.digests), walk.signed, unsent)


class Comparison:
    """The audit log beside what was sent of it."""

    def __init__(self, digests: dict[str, str], position: str) -> None:
        self._by_day: dict[date, dict[str, str]] = {}
        for name, digest in digests.items():
            self._by_day.setdefault(day_of(name), {})[name] = digest
        moment = moment_of(position)
        self._horizon = text_of(moment - OVERLAP) if moment else ""
        """Whatever is older than this was sent."""
        self.unsent = 0

    def findings(self) -> list[str]:
        """Return what is wrong with the log, oldest first, as `at` has it."""
        days = set(self._by_day)
        if days:
            days.update(days_between(min(days), datetime.now(UTC).date()))

        wrong: list[tuple[str, str]] = []
        for day in sorted(days):
            wrong += self._findings_on(day)
        return [text for _, text in sorted(wrong)]

    def _findings_on(self, day: date) -> Iterator[tuple[str, str]]:
        stored = {event.id: event.digest for event in events_of(day)}
        expected = self._by_day.get(day, {})

        for name, digest in expected.items():
            if name not in stored:
                yield at_of(name), f"{name} was removed from the audit log."
            elif stored[name] != digest:
                yield at_of(name), f"{name} was changed in the audit log."

        for name in stored.keys() - expected.keys():
            if at_of(name) < self._horizon:
                yield (
                    at_of(name),
                    f"{name} is in no batch: added to the audit log, or taken out there.",
                )
            else:
                self.unsent += 1
