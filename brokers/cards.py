"""What people see of the targets that they may become, before they do."""

from dataclasses import dataclass
from datetime import datetime

from accounts.identity import Identity
from brokers.catalogue_state import Catalogue
from brokers.entitlements import Entitlement, entitlements_of
from brokers.forms import DEFAULT_SECONDS, describe_seconds
from brokers.grants import longest_seconds
from brokers.models import AwsAccount, Target
from brokers.stops import Stops
from core.typed_text import contains_words


@dataclass(frozen=True)
class Card:
    """A target as a person sees it: what it is, why they may become it, for how long."""

    target: Target
    account: AwsAccount | None
    entitlement: Entitlement
    longest_seconds: int

    takes_code: bool = False
    """Whether becoming it takes a one-time code."""

    stopped: str = ""
    """Why nobody may become it now, though entitled; "" while nothing is stopped."""

    @property
    def account_name(self) -> str:
        """The AWS account's name, or its number."""
        return str(self.account or self.target.aws_account)

    @property
    def kind(self) -> str:
        """The target's kind in words."""
        return "role" if self.target.is_role else "federated user"

    @property
    def longest_in_words(self) -> str:
        return describe_seconds(self.longest_seconds)

    @property
    def default_seconds(self) -> int:
        """The duration that one click gives."""
        return min(DEFAULT_SECONDS, self.longest_seconds)

    def matches(self, words: list[str]) -> bool:
        """Return whether every word of a search is in what the card shows, or in the role's ARN."""
        target = self.target
        shown = [
            target.name,
            target.title,
            target.description,
            self.account_name,
            target.aws_account,
            target.role_arn,
            *target.labels,
        ]
        text = " ".join(str(part) for part in shown if part)
        return contains_words(text, words)


def card_of(entitlement: Entitlement, catalogue: Catalogue, stops: Stops) -> Card:
    """Return the card of a target that somebody may become."""
    target = catalogue.targets[entitlement.target]
    account_id = str(target.aws_account)
    account = catalogue.accounts.get(account_id)
    return Card(
        target,
        account,
        entitlement,
        longest_seconds(target),
        takes_code=catalogue.takes_code(target),
        stopped=stops.reason_for(account_id),
    )


def cards_of(identity: Identity, catalogue: Catalogue, stops: Stops, now: datetime) -> list[Card]:
    """Return what the identity may become at `now`, by AWS account and title."""
    associations = catalogue.associations_for(identity.groups)
    entitlements = entitlements_of(identity, associations, now)

    cards = []
    for name, entitlement in entitlements.items():
        target = catalogue.targets.get(name)
        if target is not None and target.enabled:
            cards.append(card_of(entitlement, catalogue, stops))
    return sorted(cards, key=_place_on_page)


def _place_on_page(card: Card) -> tuple[str, str, str]:
    title = str(card.target).casefold()
    return card.account_name.casefold(), title, str(card.target.name)
