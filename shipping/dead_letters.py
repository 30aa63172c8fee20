"""Batches that a sink refused for good: which there are, and delivering one again by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime

from core.dynamo import transaction
from core.errors import Invalid
from shipping.ledger import stored_batch
from shipping.models import DeadLetter
from shipping.sinks import Sink
from shipping.sinks.base import at_work


def dead_letter_of(sink_name: str, number: int, reason: str) -> DeadLetter:
    """Return a dead letter, not yet written."""
    return DeadLetter(DeadLetter.KIND, f"{sink_name}/{number}", reason=reason)


def dead_letters() -> list[DeadLetter]:
    """Return those that wait to be mended, by sink and number; raise CooperError."""
    letters = DeadLetter.under(DeadLetter.KIND)
    waiting = [letter for letter in letters if not letter.delivered]
    return sorted(waiting, key=_place)


def deliver_again(name: str, sinks: Sequence[Sink]) -> None:
    """Deliver the batch `SINK/NUMBER` once more; it is no dead letter once the sink has it.

    The bytes are those that were fixed. Raise Undelivered where the sink refuses it again, Invalid
    where there is no such dead letter, or no such sink.
    """
    letter = DeadLetter.find(DeadLetter.KIND, name)
    if not letter or letter.delivered:
        raise Invalid(f"There is no dead letter {name}: cooper -ship dead-letters")

    sink_name, number = _place(letter)
    named = [sink for sink in sinks if sink.name == sink_name]
    if not named:
        raise Invalid(f"{sink_name} is not among the places that COOPER_SHIP_* name now.")

    batch = stored_batch(number).batch
    with at_work(named[0]):
        named[0].deliver(batch)
    letter.delivered = datetime.now(UTC).isoformat(timespec="seconds")
    with transaction() as writes:
        writes.save(letter)


def _place(letter: DeadLetter) -> tuple[str, int]:
    sink_name, _, number = str(letter.name).rpartition("/")
    return sink_name, int(number)
