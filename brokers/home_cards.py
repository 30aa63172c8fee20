"""The cards of home: which there are, in which order, and as HTML.

Whoever is in the same groups gets the same cards. So nothing here knows who asks: no person, no web
session, no request. `brokers.home` keeps what comes out for the next one; the page around it, with
the token of its form, is made for each request.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from django.template.loader import render_to_string

from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.entitlements import ends_of, is_active
from core.typed_text import search_text


@dataclass(frozen=True, slots=True)
class HomeCard:
    """A target as home shows it, in values that no document is behind."""

    name: str
    title: str
    kind: str
    description: str
    labels: tuple[str, ...]
    colour: str
    account_name: str
    """The AWS account's name and number, or its number."""

    is_weaker: bool
    """Whether an administrator accepted the weaker mode."""

    takes_code: bool
    """Whether becoming it takes a one-time code."""

    stopped: str
    """Why nobody may become it now, though entitled; "" while nothing is stopped."""

    seconds: int
    """The duration that one click gives."""

    partition: str
    search_text: str
    """What a search looks through (see `rows_with_words`): what the card shows, and the ARN."""


@dataclass(frozen=True)
class CardRules:
    """What decides about cards beside the catalogue."""

    default_seconds: Callable[[CatalogueTarget], int]
    """Returns the duration that one click gives."""

    why_stopped: Callable[[str], str]
    """Returns why nobody becomes a target in the AWS account of this number now, or ""."""


# -- which, and in which order ---------------------------------------------------------------------
def groups_with_targets(catalogue: Catalogue, groups: Iterable[object]) -> frozenset[str]:
    """Return those of the groups that are associated with anything."""
    return frozenset(name for name in map(str, groups) if name in catalogue.by_group)


def ends_for(catalogue: Catalogue, groups: frozenset[str]) -> tuple[datetime, ...]:
    """Return when associations of the groups end, the first end first."""
    return ends_of(catalogue.associations_for(groups))


def cards_for(
    catalogue: Catalogue, groups: frozenset[str], now: datetime, rules: CardRules
) -> tuple[HomeCard, ...]:
    """Return the cards of whoever is in these groups at `now`, by AWS account and title."""
    names = {
        str(association.target)
        for association in catalogue.associations_for(groups)
        if is_active(association.until, now)
    }

    cards = []
    for name in names:
        target = catalogue.targets.get(name)
        if target is not None and target.enabled:
            cards.append(_card_of(target, catalogue, rules))
    return tuple(sorted(cards, key=_place_on_page))


def _card_of(target: CatalogueTarget, catalogue: Catalogue, rules: CardRules) -> HomeCard:
    account_id = str(target.aws_account)
    account_name = str(catalogue.accounts.get(account_id) or account_id)
    labels = tuple(map(str, target.labels))
    searched = [
        target.name,
        target.title,
        target.description,
        account_name,
        account_id,
        target.role_arn,
        *labels,
    ]
    return HomeCard(
        name=str(target.name),
        title=str(target),
        kind=target.kind_in_words,
        description=str(target.description or ""),
        labels=labels,
        colour=str(target.colour or ""),
        account_name=account_name,
        is_weaker=bool(target.weaker_mode_accepted),
        takes_code=catalogue.takes_code(target),
        stopped=rules.why_stopped(account_id),
        seconds=rules.default_seconds(target),
        partition=str(target.partition),
        search_text=search_text(" ".join(str(part) for part in searched if part)),
    )


def _place_on_page(card: HomeCard) -> tuple[str, str, str]:
    return card.account_name.casefold(), card.title.casefold(), card.name


# -- as HTML ---------------------------------------------------------------------------------------
def card_html(card: HomeCard) -> str:
    """Return a card. It depends on nothing but the card, the language and the path of the site."""
    return render_to_string("brokers/card.html", {"card": card})


def sections_html(cards: Sequence[HomeCard], html_of: Callable[[HomeCard], str]) -> str:
    """Return the cards, in their order, in a section for each AWS account.

    `html_of` returns the HTML of a card: `card_html`, or what it has returned before.
    """
    sections = list(_sections(cards, html_of))
    return render_to_string("brokers/cards.html", {"sections": sections})


def _sections(
    cards: Sequence[HomeCard], html_of: Callable[[HomeCard], str]
) -> Iterator[tuple[str, list[str]]]:
    """Yield the AWS accounts' names, each with the HTML of its cards."""
    for account_name, own_cards in groupby(cards, attrgetter("account_name")):
        yield account_name, [html_of(card) for card in own_cards]
