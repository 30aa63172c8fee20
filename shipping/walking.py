"""Walking the chain of batches: what was changed, by the batches and signatures alone."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from core.kms_signing import Verifier
from shipping.batches import FIRST_PREVIOUS, sha256
from shipping.chains import BEGINNING, next_end
from shipping.signatures import SignedEnd


class Walk:
    """A walk along a chain from its first batch on; it collects what is wrong, in order."""

    def __init__(self) -> None:
        self.findings: list[str] = []
        self.digests: dict[str, str] = {}
        """Of each event, by its id."""
        self.last = 0
        """The number of the last batch."""
        self.position = ""
        """How far the log had been read at the last batch."""
        self.signed = 0
        """The last batch that a right signature stands for."""
        self._batch_digests: dict[int, str] = {0: FIRST_PREVIOUS}
        self._chains: dict[str, tuple[str, int]] = {}

    def add(self, number: int, body: bytes) -> None:
        """Walk over the next batch."""
        if number > self.last + 1:
            self.findings.append(f"{numbers(self.last + 1, number - 1)} missing.")

        self._batch_digests[number] = sha256(body)
        lines = body.removesuffix(b"\n").split(b"\n")
        try:
            self._check(number, json.loads(lines[0]), lines[1:])
        except (ValueError, KeyError, TypeError, AttributeError):
            self.findings.append(f"Batch {number} cannot be read: it was changed.")
        self.last = number

    def _check(self, number: int, description: dict[str, Any], lines: Sequence[bytes]) -> None:
        if description["batch"] != number:
            self.findings.append(
                f"In the place of batch {number} is batch {description['batch']}: swapped."
            )
        elif description["previous"] != self._batch_digests.get(
            number - 1, description["previous"]
        ):
            self.findings.append(f"Batch {number - 1} is not the one that batch {number} follows.")

        digests = dict(zip(description["ids"], description["sha256"], strict=True))
        self.findings += wrong_lines(number, digests, lines)
        self.findings += self._wrong_chains(number, digests, description["chains"])
        self.digests.update(digests)
        self.position = str(description["position"])

    def _wrong_chains(
        self, number: int, digests: dict[str, str], ends: dict[str, Any]
    ) -> list[str]:
        """Follow the chain of each partition; return where it does not lead to the end it names."""
        for event_id, digest in digests.items():
            partition = event_id.partition("|")[0]
            end, count = self._chains.get(partition, (BEGINNING, 0))
            self._chains[partition] = (next_end(end, digest), count + 1)

        wrong = [
            name for name, end in ends.items() if list(self._chains.get(name, ())) != list(end)
        ]
        # one that goes on from the end that is named finds what is wrong after it too
        self._chains.update({name: (str(end), int(count)) for name, (end, count) in ends.items()})
        return [f"Batch {number} does not go on with the chain of {name}." for name in wrong]

    def check_signatures(self, ends: Iterable[SignedEnd | None], verifier: Verifier) -> None:
        """Compare the signatures with the batches."""
        for end in ends:
            if end is None or not end.is_right(verifier):
                name = f"of batch {end.number}" if end else "that cannot be read"
                self.findings.append(f"A signature {name} is not by this key.")
            elif end.number > self.last:
                self.expect_last(end.number, "It was signed")
            elif end.digest != self._batch_digests.get(end.number):
                self.findings.append(f"Batch {end.number} is not what was signed.")
            else:
                self.signed = max(self.signed, end.number)

        if self.last and not self.signed:
            self.findings.append("Nothing of this is signed by this key.")

    def expect_last(self, number: int, why: str) -> None:
        """Tell of the batches up to a number that are not there."""
        if number > self.last:
            missing = numbers(self.last + 1, number)
            self.findings.append(f"{missing} missing at the end. {why}.")


def wrong_lines(number: int, digests: dict[str, str], lines: Sequence[bytes]) -> list[str]:
    """Return what is wrong with the lines of a batch whose events have these digests, by ids."""
    actual = [sha256(line) for line in lines]
    expected = list(digests.values())
    if actual == expected:
        return []

    where = f"in batch {number}"
    if sorted(actual) == sorted(expected):
        first = next(
            name for name, line in zip(digests, actual, strict=True) if digests[name] != line
        )
        return [f"{first} is not in its place {where}: swapped."]

    ids = [_id_of(line) for line in lines]
    wrong = []
    for name, digest in digests.items():
        if digest not in actual:
            verb = "changed" if name in ids else "removed"
            wrong.append(f"{name} was {verb} {where}.")

    # an event's line may be there twice, too
    extra = [name for name in ids if name not in digests or ids.count(name) > 1]
    wrong += [f"{name} was added {where}." for name in dict.fromkeys(extra)]
    return wrong


def _id_of(line: bytes) -> str:
    try:
        return str(json.loads(line)["id"])
    except (ValueError, KeyError, TypeError):
        return "A line that is no event"


def numbers(first: int, last: int) -> str:
    """Return the numbers of batches in words, with their verb."""
    return f"Batch {first} is" if first == last else f"Batches {first} to {last} are"
