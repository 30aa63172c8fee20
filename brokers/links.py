"""What a link to a page of the console means for one person: which targets lead there, and how.

A link says where to land; it decides nothing. The person confirms it, and the grant that follows
checks all of it again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.identity import Identity
from brokers.cards import Card, card_of
from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.console_urls import (
    ConsoleUrl,
    check_one_region,
    front_page,
    landing,
    prefilled_action,
    shown,
)
from brokers.entitlements import entitlements_of
from brokers.prefilled_actions import PrefilledAction
from brokers.stops import Stops

LAST_RANK = 1000
"""A target without a rank comes after all that have one, from 0, the least powerful, to 999."""


@dataclass(frozen=True)
class Destination:
    """Where a link leads, as the person who follows it is shown it."""

    url: ConsoleUrl

    action: PrefilledAction | None
    """What the page begins with what the link says; such a page has to be chosen by hand."""

    @property
    def address(self) -> str:
        """The address to land on."""
        return self.url.destination

    @property
    def text(self) -> str:
        """The whole address, decoded to be read."""
        return shown(self.url.destination)

    @property
    def front_page(self) -> str:
        """The front page of the same service, which begins nothing."""
        return front_page(self.url)


def destination_at(target: CatalogueTarget, destination: str, region: str = "") -> Destination:
    """Return where a link to a target leads; without a destination, where the target's own is.

    Raise ValueError in words for what is outside the console of the target's partition, for two
    regions, and for an address of another AWS account.
    """
    chosen_region = region
    if not destination and not region:
        destination = target.destination or ""
    if not region and (not destination or destination.startswith("/")):
        chosen_region = target.region or ""

    url = landing(target.partition, chosen_region, destination)
    check_one_region(url, region)
    if url.account_id and url.account_id != target.aws_account:
        raise ValueError(
            f"the link leads to the AWS account {url.account_id}, "
            f"and the target is in {target.aws_account}"
        )
    return Destination(url, prefilled_action(url))


# -- whom one may become there ---------------------------------------------------------------------
def cards_for(identity: Identity, catalogue: Catalogue, stops: Stops, now: datetime) -> list[Card]:
    """Return the cards of all that somebody may become, the least powerful first."""
    rules = catalogue.associations_for(identity.groups)
    cards = []
    for name, entitlement in entitlements_of(identity, rules, now).items():
        target = catalogue.targets.get(name)
        if target and target.enabled:
            cards.append(card_of(entitlement, catalogue, stops))
    return sorted(cards, key=_power)


def least_powerful(cards: Sequence[Card]) -> Card | None:
    """Return the one to offer before all others; None where nobody has said which that is."""
    if not cards:
        return None
    first = cards[0]
    if len(cards) == 1 or _power(first)[:2] < _power(cards[1])[:2]:
        return first
    return None


def _power(card: Card) -> tuple[int, bool, str, str]:
    """Sort by rank; what takes a code is more powerful than what does not."""
    rank = card.target.rank
    if not isinstance(rank, int):
        rank = LAST_RANK
    return rank, card.takes_code, str(card.target).casefold(), card.target.name


@dataclass(frozen=True)
class Offers:
    """What one may become to see a page."""

    meant: list[Card]
    """In the AWS account that the address names, the least powerful first."""

    possible: list[Card]
    """In others, where the address does not say for certain whose page it is."""

    @property
    def count(self) -> int:
        return len(self.meant) + len(self.possible)


def offers_at(url: ConsoleUrl, cards: Iterable[Card]) -> Offers:
    """Return which of somebody's targets lead to a page."""
    within = [card for card in cards if card.target.partition == url.partition]
    if url.account_id:
        return Offers([card for card in within if _account(card) == url.account_id], [])

    meant = [card for card in within if _account(card) in url.mentioned_accounts]
    possible = [card for card in within if card not in meant]
    return Offers(meant, possible)


def cards_in(cards: Iterable[Card], account_id: str, role_name: str = "") -> list[Card]:
    """Return those in an AWS account that links call by this name; all of it without a name.

    IAM tells no two roles of an account apart by case.
    """
    in_account = [card for card in cards if _account(card) == account_id]
    if not role_name:
        return in_account
    name = role_name.casefold()
    return [card for card in in_account if (card.target.role_name or "").casefold() == name]


def _account(card: Card) -> str:
    return str(card.target.aws_account)
