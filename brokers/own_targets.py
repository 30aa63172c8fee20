"""The part of home that is one person's: favourites, recents, and how they like each target.

Made anew for each request and kept nowhere. Whatever preferences and history name is shown only
where it is among the cards, that is, where the person may become it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.preferences import Preferences
from brokers.choices import SHORTEST_SESSION, describe_seconds
from brokers.home_cards import HomeCard
from brokers.home_history import History
from brokers.last_choices import landing_in_words

MOST_RECENTS = 6
"""Targets under "Recent", and all that are open beside them."""

MOST_OF_ACCOUNTS = 60
"""Targets of starred AWS accounts that are shown among the favourites."""


@dataclass(frozen=True)
class OwnRow:
    """A target among the person's own."""

    card: HomeCard
    seconds: int
    """The duration of one click."""

    landing: str
    """Where one click lands, in words; "" where it lands as the target itself says."""

    is_starred: bool
    open_until: datetime | None

    @property
    def duration(self) -> str:
        return describe_seconds(self.seconds)


@dataclass(frozen=True)
class OwnTargets:
    """The rows of both sections, and what the script tells the other rows by."""

    favourites: Sequence[OwnRow] = ()
    recents: Sequence[OwnRow] = ()
    rows: Sequence[OwnRow] = ()
    """Of every target that differs for this person from what everybody sees."""

    starred_accounts: frozenset[str] = frozenset()


def own_targets(
    cards: Iterable[HomeCard],
    preferences: Preferences,
    history: History,
) -> OwnTargets:
    """Return what is a person's own of their cards."""
    starred_accounts = _starred(preferences, "aws-account:")
    starred = _starred(preferences, "target:")
    differing = starred | set(history.names) | set(preferences.choices)

    rows = {}
    of_accounts = []
    for card in cards:
        if card.account_id in starred_accounts:
            of_accounts.append(card)
        if card.name in differing:
            rows[card.name] = _row_of(card, starred, preferences, history)

    favourites = [row for row in rows.values() if row.is_starred]
    favourites += [
        _row_of(card, starred, preferences, history)
        for card in of_accounts[:MOST_OF_ACCOUNTS]
        if card.name not in starred
    ]

    shown = {row.card.name for row in favourites}
    recents: list[OwnRow] = []
    for name in history.names:
        is_wanted = len(recents) < MOST_RECENTS or name in history.open_until
        if name in rows and name not in shown and is_wanted:
            recents.append(rows[name])
    return OwnTargets(favourites, recents, list(rows.values()), starred_accounts)


def _starred(preferences: Preferences, prefix: str) -> frozenset[str]:
    starred = set()
    for key in preferences.starred:
        if key.startswith(prefix):
            starred.add(key.removeprefix(prefix))
    return frozenset(starred)


def _row_of(
    card: HomeCard,
    starred: frozenset[str],
    preferences: Preferences,
    history: History,
) -> OwnRow:
    chosen = preferences.choices_for(card.name)
    seconds = card.seconds
    if SHORTEST_SESSION <= chosen.seconds <= card.longest:
        seconds = chosen.seconds
    landing = landing_in_words(chosen, card.partition)
    is_starred = card.name in starred
    return OwnRow(card, seconds, landing, is_starred, history.open_until.get(card.name))
