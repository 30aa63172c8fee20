"""What a person sees of a target that they may become, before they do."""

from dataclasses import dataclass

from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.choices import describe_seconds
from brokers.entitlements import Entitlement
from brokers.grants import longest_seconds
from brokers.models import AwsAccount
from brokers.stops import Stops


@dataclass(frozen=True)
class Card:
    """A target as a person sees it: what it is, why they may become it, for how long."""

    target: CatalogueTarget
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
        return self.target.kind_in_words

    @property
    def longest_in_words(self) -> str:
        return describe_seconds(self.longest_seconds)


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
