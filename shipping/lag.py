"""How far behind a sink is: a metric that grows by itself while nothing is delivered."""

from datetime import UTC, datetime

from core import metrics

_reached: dict[str, datetime] = {}
"""Up to when each sink has all events."""


def reached(sink: str, moment: str) -> None:
    """Note that a sink has all events up to a moment (ISO 8601, UTC)."""
    try:
        _reached[sink] = datetime.fromisoformat(moment)
    except ValueError:
        # somebody wrote no time into an event
        return
    metrics.SHIP_LAG.labels(sink).set_function(lambda: seconds(sink))


def seconds(sink: str) -> float:
    """Return how old the oldest event is that a sink may not have."""
    return (datetime.now(UTC) - _reached[sink]).total_seconds()
