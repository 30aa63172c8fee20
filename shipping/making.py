"""Making batches of events: how many, and what the first line says."""

import json
from collections.abc import Iterable, Iterator, Sequence

from shipping.batches import Batch, sha256
from shipping.chains import Chains
from shipping.descriptions import Description
from shipping.events import SentEvent
from shipping.models import Head

MOST_EVENTS = 500
"""Events in a batch."""

MOST_BYTES = 250_000
"""Bytes of a batch's events.

With the description, which takes 150 bytes an event, it fits into an item of DynamoDB (400 KB),
also where gzip finds nothing to save.
"""


def in_parts(events: Iterable[SentEvent]) -> Iterator[list[SentEvent]]:
    """Yield events in parts, each small enough for a batch."""
    part: list[SentEvent] = []
    size = 0
    for event in events:
        if part and (len(part) >= MOST_EVENTS or size + len(event.line) > MOST_BYTES):
            yield part
            part = []
            size = 0

        part.append(event)
        size += len(event.line)

    if part:
        yield part


def next_batch(
    head: Head, chains: Chains, events: Sequence[SentEvent], *, made_at: str, is_late: bool = False
) -> Batch:
    """Return the batch that follows the head, at its position; `chains` grow by its events."""
    description = _description(head, chains, events, made_at, is_late=is_late)
    lines = [description.to_line(), *(event.line for event in events)]
    body = b"\n".join(lines) + b"\n"

    times = sorted(event.at.split("#")[0] for event in events)
    return Batch(
        number=description.number,
        previous=head.digest,
        digest=sha256(body),
        first_at=times[0],
        last_at=times[-1],
        count=len(events),
        body=body,
    )


def _description(
    head: Head, chains: Chains, events: Sequence[SentEvent], made_at: str, *, is_late: bool
) -> Description:
    digests = {event.id: event.digest for event in events}
    beside = head.beside_batch

    ends = chains.extend(events)
    if beside:
        # whoever has read what is beside goes on from all of these
        ends = dict(chains.ends)

    return Description(
        number=(beside.number if beside else int(head.number)) + 1,
        previous=head.digest,
        made_at=made_at,
        position=head.position,
        digests=digests,
        late=list(digests) if is_late else [],
        chains=ends,
        signed=json.loads(head.signed or "null"),
        follows=int(head.number),
        beside=beside,
    )
