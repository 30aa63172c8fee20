"""How far behind a sink is: a metric that grows by itself while nothing is delivered."""

from datetime import UTC, datetime

from core import metrics
from shipping.moments import moment_of

_reached: dict[str, datetime] = {}
"""Up to when each sink has all events, as far as this process knows."""


def begin(sink: str) -> None:
    """Show the lag from now on: it grows although nothing is known of the sink yet."""
    _reached.setdefault(sink, datetime.now(UTC))
    metrics.SHIP_LAG.labels(sink).set_function(lambda: seconds(sink))


def begin_anew(sink: str) -> None:
    """Forget what was known of a sink: another shipper works, whose own page shows its lag."""
    _reached[sink] = datetime.now(UTC)


def reached(sink: str, moment: str) -> None:
    """Note that a sink has all events up to a moment (ISO 8601, UTC)."""
    begin(sink)
    reached_moment = moment_of(moment)
    # somebody may have written no time into an event
    if reached_moment:
        _reached[sink] = reached_moment


def seconds(sink: str) -> float:
    """Return how old the oldest event is that a sink may not have."""
    return (datetime.now(UTC) - _reached[sink]).total_seconds()
