"""What home shows, kept by all that it depends on: made once, for everybody of equal groups.

Three things are kept, under keys that name whatever they were made from: the cards of a set of
groups in their order, the HTML of a card, and a page of cards in pieces, compressed as well.
Nothing in keys or values is about a person, and what somebody searched for is not kept.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.urls import get_script_prefix
from django.utils.translation import get_language

from brokers import home_cards
from brokers.catalogue_rows import AnyTarget
from brokers.catalogue_state import Catalogue
from brokers.entitlements import next_end
from brokers.forms import DEFAULT_SECONDS
from brokers.grants import lessons, longest_seconds
from brokers.home_cards import CardRules, HomeCard
from brokers.stops import Stops
from core.byte_cache import ByteCache
from core.gzip_pieces import Piece, pieces_of
from core.typed_text import rows_with_words, search_words

PER_PAGE = 1000
"""Cards of a page: so many are searched in the browser, without another request."""

LABEL_WORD = "label:"
"""Begins a word of a search that is a label."""

MOST_BYTES = 32 * 1024 * 1024
"""Bytes that are kept in each worker."""

kept = ByteCache(MOST_BYTES)


# -- keys ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _EndsKey:
    """What the ends of associations depend on."""

    snapshot: int
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class _CardsKey:
    """What the cards of home, and their order, depend on."""

    snapshot: int
    groups: frozenset[str]

    next_end: datetime | None
    """The next end of an association: until then the same ones entitle."""

    all_stopped: bool
    stopped_accounts: frozenset[tuple[str, str]]
    lessons: int
    longest_session: int


@dataclass(frozen=True, slots=True)
class _Place:
    """What HTML depends on beside its cards: the language, and the path of the site."""

    language: str | None
    prefix: str


@dataclass(frozen=True, slots=True)
class _CardHtmlKey:
    card: HomeCard
    place: _Place


@dataclass(frozen=True, slots=True)
class _PiecesKey:
    cards: _CardsKey
    place: _Place
    number: int
    per_page: int


@dataclass
class _Newest:
    """The newest catalogue of which anything was made."""

    snapshot: int = 0


_newest = _Newest()


def _drop_older(snapshot: int) -> None:
    """Drop what was made of catalogues before this one, for which nobody asks again.

    Else each edit of a target would leave everybody's cards, until MOST_BYTES are full of them.
    """
    if snapshot > _newest.snapshot:
        _newest.snapshot = snapshot
        kept.drop(lambda key: _is_older(key, snapshot))


def _is_older(key: Hashable, snapshot: int) -> bool:
    if isinstance(key, _PiecesKey):
        key = key.cards
    # a card's own HTML depends on the card alone
    return isinstance(key, (_EndsKey, _CardsKey)) and key.snapshot < snapshot


# -- pages -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class HomePage:
    """A page of cards, and how many there are."""

    page: Page[HomeCard]

    pieces: tuple[Piece, ...]
    """The cards as HTML, cut between AWS accounts. They say nothing of what was searched for."""

    cards: Sequence[HomeCard]
    """All that the person may become, in their order."""

    count_of_all: int
    """The number of targets that the person may become, searched for or not."""

    @property
    def partitions(self) -> set[str]:
        """The partitions of the targets on this page."""
        return {card.partition for card in self.page}


def home_page(
    groups: Iterable[object],
    catalogue: Catalogue,
    stops: Stops,
    now: datetime,
    query: str = "",
    number: str | None = None,
) -> HomePage:
    """Return a page of what somebody in these groups may become at `now`.

    With a query, of those cards that have all its words. Nothing of it is a person's own.
    """
    _drop_older(catalogue.snapshot)
    key = _cards_key(catalogue, groups, stops, now)
    cards = kept.get_or_make(key, partial(_make_cards, catalogue, key.groups, stops, now))

    words = search_words(query)
    if words:
        matching = _matching(cards, words)
        page = Paginator(matching, PER_PAGE).get_page(number)
        return HomePage(page, _page_pieces(page), cards, len(cards))

    page = Paginator(cards, PER_PAGE).get_page(number)
    pieces_key = _PiecesKey(key, _place(), page.number, PER_PAGE)
    pieces = kept.get_or_make(pieces_key, partial(_page_pieces, page))
    return HomePage(page, pieces, cards, len(cards))


def _matching(cards: Sequence[HomeCard], words: Iterable[str]) -> list[HomeCard]:
    """Return the cards that have each word; `label:env=prod` is a label, whole."""
    matching = list(cards)
    texts = []
    for word in words:
        if word.startswith(LABEL_WORD):
            label = word.removeprefix(LABEL_WORD)
            matching = [card for card in matching if label in map(str.casefold, card.labels)]
        else:
            texts.append(word)

    rows = rows_with_words([card.search_text for card in matching], texts)
    return [matching[row] for row in rows]


def _cards_key(
    catalogue: Catalogue, groups: Iterable[object], stops: Stops, now: datetime
) -> _CardsKey:
    own_groups = home_cards.groups_with_targets(catalogue, groups)
    ends = kept.get_or_make(
        _EndsKey(catalogue.snapshot, own_groups),
        partial(home_cards.ends_for, catalogue, own_groups),
    )
    return _CardsKey(
        catalogue.snapshot,
        own_groups,
        next_end=next_end(ends, now),
        all_stopped=stops.all_grants,
        stopped_accounts=frozenset(stops.accounts.items()),
        # read before the cards are made: what is learnt meanwhile makes another key
        lessons=lessons(),
        longest_session=settings.COOPER_MAX_SESSION,
    )


def _make_cards(
    catalogue: Catalogue, groups: frozenset[str], stops: Stops, now: datetime
) -> tuple[HomeCard, ...]:
    rules = CardRules(_default_seconds, longest_seconds, stops.line_for)
    return home_cards.cards_for(catalogue, groups, now, rules)


def _default_seconds(target: AnyTarget) -> int:
    return min(DEFAULT_SECONDS, longest_seconds(target))


def _page_pieces(cards: Sequence[HomeCard]) -> tuple[Piece, ...]:
    return pieces_of(_page_html(cards), home_cards.SECTION_MARK)


def _page_html(cards: Sequence[HomeCard]) -> str:
    return home_cards.sections_html(cards, partial(_card_html, _place()))


def _card_html(place: _Place, card: HomeCard) -> str:
    return kept.get_or_make(_CardHtmlKey(card, place), partial(home_cards.card_html, card))


def _place() -> _Place:
    return _Place(get_language(), get_script_prefix())
