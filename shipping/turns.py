"""When a sink is asked: one after the other has its turn, and one that failed is left alone."""

from collections import Counter
from time import monotonic

from core.retry import Backoff

TURN = 20.0
"""Seconds for which a sink gets one batch after another, while all others and the log wait."""

ALONE = Backoff(first=10.0, longest=120.0)
"""For how long a sink is left alone after each failure in a row: nobody waits for it meanwhile."""

LONGEST_ALONE = 3600.0
"""Seconds for which a sink may ask to be left alone (Retry-After)."""


class Turns:
    """Which sinks are left alone, as far as this process knows: names, and times to come back."""

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()
        """In a row."""
        self._alone_until: dict[str, float] = {}
        """In seconds of the monotonic clock."""

    def is_due(self, sink: str) -> bool:
        """Return whether a sink may be asked."""
        return monotonic() >= self._alone_until.get(sink, 0.0)

    def note_failure(self, sink: str, asked_pause: float) -> None:
        """Leave a sink alone for a while, and at least for the seconds that it asked for."""
        pause = max(ALONE.seconds(self._failures[sink]), min(asked_pause, LONGEST_ALONE))
        self._failures[sink] += 1
        self._alone_until[sink] = monotonic() + pause

    def note_success(self, sink: str) -> None:
        """Forget the failures of a sink."""
        self._failures[sink] = 0


class Turn:
    """A turn of one sink; it begins now."""

    def __init__(self) -> None:
        self._end = monotonic() + TURN

    @property
    def is_over(self) -> bool:
        """Whether it is another one's."""
        return monotonic() >= self._end
