"""The cards on the first page of the administration: a count each, with a link to its list."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

from django.http import HttpRequest

from core.errors import CooperError

KEPT_SECONDS = 60.0
"""For which a process keeps what is costly to count."""


class CardLink(NamedTuple):
    """A part of a matter that has a list of its own."""

    text: str
    url: str


@dataclass(frozen=True)
class Card:
    """What the first page says of one matter."""

    title: str
    count: str
    """Such as 3, or "at least 100"; "" where it is said in words alone."""

    text: str
    url: str
    is_calm: bool = True
    """Whether nobody has to do anything about it."""

    links: tuple[CardLink, ...] = ()

    as_of: datetime | None = None
    """When it was counted, where that was not for this page."""


CardMaker = Callable[[Any], Card]
"""Makes a card; raises CooperError where what it counts cannot be read."""


@dataclass(frozen=True)
class CardKind:
    """A card that every page shows, with what to call it where it could not be read."""

    title: str
    url: Callable[[], str]
    make: CardMaker


class KeptCard:
    """Keeps a card for a minute, for all administrators of this process."""

    def __init__(self, make: Callable[[], Card]) -> None:
        self._make = make
        self._lock = Lock()
        self._card: Card | None = None
        self._expires = 0.0

    def __call__(self, request: HttpRequest) -> Card:
        """Return the card, made anew where the last one is too old; raise CooperError."""
        # whoever comes meanwhile waits, instead of reading the same once more
        with self._lock:
            if self._card and monotonic() < self._expires:
                return self._card

            self._card = None
            card = self._make()
            self._card = card
            self._expires = monotonic() + KEPT_SECONDS
            return card

    def forget(self) -> None:
        """Make the next card anew."""
        self._card = None


def cards(request: HttpRequest, kinds: list[CardKind]) -> list[Card]:
    """Return the cards of the first page; one that could not be read says so."""
    return [_card(request, kind) for kind in kinds]


def _card(request: HttpRequest, kind: CardKind) -> Card:
    try:
        return kind.make(request)
    except CooperError as error:
        return Card(kind.title, "", f"Could not be read: {error.message}", kind.url(), False)


def count_in_words(count: int, limit: int) -> str:
    """Return a count; one that was not counted to its end is "at least" that."""
    return f"at least {count:,}" if count >= limit else f"{count:,}"


def now() -> datetime:
    """Return when a card that is kept was made."""
    return datetime.now(UTC)
