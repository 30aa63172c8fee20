"""Batches as the shipper makes them, for its sinks."""

import json
from typing import Any

from shipping.batches import FIRST_PREVIOUS, Batch, sha256

AT = "2026-11-26T12:00:00.000001+00:00"


def batch_of(*events: dict[str, Any], number: int = 1) -> Batch:
    """Return a batch of events, with what each of them has."""
    lines = [{"number": number, "previous": FIRST_PREVIOUS}]
    for position, event in enumerate(events):
        lines.append(
            {"id": f"2026-11-26#{position}", "at": AT, "event": "grant:finish:done"} | event
        )
    body = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    return Batch(number, FIRST_PREVIOUS, sha256(body), AT, AT, len(events), body)
