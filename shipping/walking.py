"""Walking the chain of batches: what was changed, by the batches and signatures alone."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from core.kms_signing import Verifier
from shipping.batches import FIRST_PREVIOUS, Unreadable, sha256
from shipping.chains import BEGINNING, Ends
from shipping.descriptions import Description
from shipping.signatures import SignedEnd


class Walk:
    """A walk along a chain from its first batch on; it collects what is wrong, in order."""

    def __init__(self, *, is_restored: bool = False) -> None:
        """Batches may be missing from what `is_restored`, where the chain says so."""
        self.findings: list[str] = []
        self.digests: dict[str, str] = {}
        """Of each event, by its id."""
        self.last = 0
        """The number of the last batch; 0 where there is none."""
        self.position = ""
        """How far the log had been read at the last batch."""
        self.signed = 0
        """The last batch that a right signature stands for."""
        self._is_restored = is_restored
        self._batch_digests: dict[int, str] = {0: FIRST_PREVIOUS}
        self._ends: Ends = {}

    def add(self, number: int, body: bytes) -> None:
        """Walk over the next batch."""
        self._batch_digests[number] = sha256(body)
        first_line, *lines = body.removesuffix(b"\n").split(b"\n")

        try:
            description = Description.from_line(first_line, number)
        except Unreadable:
            self._check_gap(number, follows=number - 1)
            self.findings.append(f"Batch {number} cannot be read: it was changed.")
        else:
            self._add(number, description, lines)
        self.last = number

    def _add(self, number: int, description: Description, lines: Sequence[bytes]) -> None:
        self._check_gap(number, description.follows)
        self._check_place(number, description)
        self._check_beside(description)
        self.findings += wrong_lines(number, description.digests, lines)
        self._check_chains(number, description)

        self.digests.update(description.digests)
        self.position = description.position

    def _check_gap(self, number: int, follows: int) -> None:
        first = self.last + 1
        is_explained = self._is_restored and follows == self.last
        if number > first and not is_explained:
            self.findings.append(f"{numbers(first, number - 1)} missing.")

    def _check_place(self, number: int, description: Description) -> None:
        if description.number != number:
            self.findings.append(
                f"In the place of batch {number} is batch {description.number}: swapped."
            )
            return

        follows = description.follows
        digest = self._batch_digests.get(follows, description.previous)
        if description.previous != digest:
            self.findings.append(f"Batch {follows} is not the one that batch {number} follows.")

    def _check_beside(self, description: Description) -> None:
        """Compare what was delivered before a restore with what was there at that time."""
        beside = description.beside
        if not beside:
            return

        digest = self._batch_digests.get(beside.number, beside.digest)
        if beside.digest != digest:
            self.findings.append(
                f"Batch {beside.number} is not the one that was there when the shipper's table "
                "was restored."
            )

    def _check_chains(self, number: int, description: Description) -> None:
        """Follow the chain of each partition to the end that the batch names."""
        if description.beside:
            # these chains have grown from other ends than those of the batches beside
            self._ends = dict(description.chains)
            return

        for event_id, digest in description.digests.items():
            partition = event_id.partition("|")[0]
            end = self._ends.get(partition, BEGINNING)
            self._ends[partition] = end.after(digest)

        for partition, end in description.chains.items():
            if self._ends.get(partition) != end:
                self.findings.append(
                    f"Batch {number} does not go on with the chain of {partition}."
                )
            # whoever goes on from the end that is named finds what is wrong after it too
            self._ends[partition] = end

    def check_signatures(self, ends: Iterable[SignedEnd | None], verifier: Verifier) -> None:
        """Compare the signatures with the batches."""
        for end in ends:
            self._check_signature(end, verifier)

        if self.last and not self.signed:
            self.findings.append("Nothing of this is signed by this key.")

    def _check_signature(self, end: SignedEnd | None, verifier: Verifier) -> None:
        if end is None:
            self.findings.append("A signature that cannot be read is not by this key.")
        elif not end.is_right(verifier):
            self.findings.append(f"A signature of batch {end.number} is not by this key.")
        elif end.number > self.last:
            self.expect_last(end.number, "It was signed")
        elif end.digest != self._batch_digests.get(end.number):
            self.findings.append(f"Batch {end.number} is not what was signed.")
        else:
            self.signed = max(self.signed, end.number)

    def expect_any(self) -> None:
        """Tell that nothing is there: the place is another one, or it was emptied."""
        if not self.last:
            self.findings.append("Nothing that was sent is there.")

    def expect_last(self, number: int, why: str) -> None:
        """Tell of the batches up to a number that are not there."""
        if number > self.last:
            missing = numbers(self.last + 1, number)
            self.findings.append(f"{missing} missing at the end. {why}.")

    def expect_end(self, number: int, digest: str) -> None:
        """Tell where the shipper's last batch is missing, or another one is in its place."""
        self.expect_last(number, "The shipper has fixed it: not delivered, or cut off")

        # that one is missing was told by its number
        if self._batch_digests.get(number, digest) != digest:
            self.findings.append(f"Batch {number} is not the one that the shipper has fixed.")


def wrong_lines(number: int, digests: dict[str, str], lines: Sequence[bytes]) -> list[str]:
    """Return what is wrong with the lines of a batch whose events have these digests, by ids."""
    actual = [sha256(line) for line in lines]
    expected = list(digests.values())
    if actual == expected:
        return []

    if sorted(actual) == sorted(expected):
        event_id = _first_displaced(digests, actual)
        return [f"{event_id} is not in its place in batch {number}: swapped."]

    counts = Counter(_id_of(line) for line in lines)
    findings = []
    for event_id, digest in digests.items():
        if digest not in actual:
            verb = "changed" if event_id in counts else "removed"
            findings.append(f"{event_id} was {verb} in batch {number}.")

    for event_id, count in counts.items():
        # an event's line may be there twice, too
        if event_id not in digests or count > 1:
            findings.append(f"{event_id} was added in batch {number}.")
    return findings


def _first_displaced(digests: dict[str, str], actual: Sequence[str]) -> str:
    for (event_id, digest), line_digest in zip(digests.items(), actual, strict=True):
        if digest != line_digest:
            return event_id
    return ""


def _id_of(line: bytes) -> str:
    try:
        return str(json.loads(line)["id"])
    except (ValueError, KeyError, TypeError):
        return "A line that is no event"


def numbers(first: int, last: int) -> str:
    """Return the numbers of batches in words, with their verb."""
    if first == last:
        return f"Batch {first} is"
    return f"Batches {first} to {last} are"
