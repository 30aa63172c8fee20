"""The cards of home: which there are, in which order, and as HTML.

Whoever is in the same groups gets the same cards. So nothing here knows who asks: no person, no web
session, no request. `brokers.home` keeps what comes out for the next one; the page around it, with
the token of its form, is made for each request.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from django.template.loader import render_to_string

from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.choices import describe_seconds
from brokers.entitlements import ends_of, is_active
from core.typed_text import search_text

SECTION_MARK = '<section class="account"'
"""How the section of an AWS account begins."""

OPEN_MARK = '">☆</button><details open>'.encode()
FOLDED_MARK = '">☆</button><details>'.encode()
"""What comes right after the number of an AWS account, unfolded and folded."""

ACCOUNT_ID_LENGTH = 12

MOST_LABELS = 16
"""Labels that are offered as filters beside the list; every card has its own as well."""


@dataclass(frozen=True, slots=True)
class HomeCard:
    """A target as home shows it, in values that no document is behind."""

    name: str
    title: str
    kind: str
    description: str
    labels: tuple[str, ...]
    colour: str
    account_id: str
    account_name: str
    """The AWS account's name; its number where it has none."""

    through: tuple[str, ...]
    """The groups that entitle: why one may become it."""

    role: str
    """The path and name of its role where the target is called otherwise, for searching."""

    is_weaker: bool
    """Whether an administrator accepted the weaker mode."""

    takes_reason: bool
    """Whether becoming it takes a reason, one that matches a pattern."""

    takes_code: bool
    """Whether becoming it takes a one-time code."""

    stopped: str
    """Why nobody may become it now, though entitled, as `CardRules` says it; "" for no reason."""

    seconds: int
    """The duration that one click gives."""

    longest: int
    """The longest duration, in seconds."""

    partition: str
    search_text: str
    """What a search looks through (see `rows_with_words`).

    What the card and the target's page show, and the ARN.
    """


@dataclass(frozen=True)
class CardRules:
    """What decides about cards beside the catalogue."""

    default_seconds: Callable[[CatalogueTarget], int]
    """Returns the duration that one click gives."""

    longest_seconds: Callable[[CatalogueTarget], int]

    why_stopped: Callable[[str], str]
    """Returns why nobody becomes a target in the AWS account of this number now, or "".

    On home, the `id` of the one line of the page that says so.
    """


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
    groups_by_name: dict[str, list[str]] = {}
    for association in catalogue.associations_for(groups):
        if is_active(association.until, now):
            groups_by_name.setdefault(str(association.target), []).append(association.group)

    cards = []
    for name, through in groups_by_name.items():
        target = catalogue.targets.get(name)
        if target is not None and target.enabled:
            cards.append(_card_of(target, through, catalogue, rules))
    return tuple(sorted(cards, key=_place_on_page))


def _card_of(
    target: CatalogueTarget, through: Iterable[str], catalogue: Catalogue, rules: CardRules
) -> HomeCard:
    account_id = str(target.aws_account)
    account = catalogue.accounts.get(account_id)
    account_name = account_id
    if account and account.name:
        account_name = str(account.name)

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
        account_id=account_id,
        account_name=account_name,
        through=tuple(sorted(through)),
        role=_other_role_name(target),
        is_weaker=bool(target.weaker_mode_accepted),
        takes_reason=catalogue.takes_reason(target),
        takes_code=catalogue.takes_code(target),
        stopped=rules.why_stopped(account_id),
        seconds=rules.default_seconds(target),
        longest=rules.longest_seconds(target),
        partition=str(target.partition),
        search_text=search_text(" ".join(str(part) for part in searched if part)),
    )


def _other_role_name(target: CatalogueTarget) -> str:
    _, _, role = str(target.role_arn or "").partition(":role/")
    if role == target.name:
        return ""
    return role


def _place_on_page(card: HomeCard) -> tuple[str, str, str, str]:
    name = card.account_name.casefold()
    return name, card.account_id, card.title.casefold(), card.name


# -- as HTML ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class AccountSection:
    """The targets of an AWS account on a page of home."""

    account_id: str
    name: str
    cards: Sequence[HomeCard]
    rows: Sequence[str]
    """The HTML of each card."""

    @property
    def number(self) -> str:
        """The AWS account's number as AWS's console shows it."""
        digits = self.account_id
        return f"{digits[:4]}-{digits[4:8]}-{digits[8:]}"

    @property
    def is_named(self) -> bool:
        """Whether it has a name beside its number."""
        return self.name != self.account_id


def card_html(card: HomeCard) -> str:
    """Return a card. It depends on nothing but the card, the language and the path of the site."""
    context = {
        "card": card,
        "seconds": card.seconds,
        "duration": describe_seconds(card.seconds),
    }
    return render_to_string("brokers/card.html", context)


def sections_html(
    cards: Sequence[HomeCard],
    html_of: Callable[[HomeCard], str],
    folded: frozenset[str] = frozenset(),
    starred: frozenset[str] = frozenset(),
    *,
    with_fold_buttons: bool = False,
) -> str:
    """Return the cards, in their order, in a section for each AWS account.

    `html_of` returns the HTML of a card: `card_html`, or what it has returned before. The AWS
    accounts `folded`, by number, have buttons that keep them unfolded, where there are buttons; the
    `starred` have one that takes their star away.
    """
    context = {
        "folded": folded,
        "starred": starred,
        "with_fold_buttons": with_fold_buttons,
        "sections": list(_sections(cards, html_of)),
        "labels": _label_counts(cards),
        "count": len(cards),
    }
    return render_to_string("brokers/cards.html", context)


def with_folded(html: bytes, folded: frozenset[bytes]) -> bytes:
    """Return whole sections with these AWS accounts folded, by number.

    It takes no more than joining: rendering 1,000 cards anew would cost 100 times as much.
    """
    # the number of the AWS account stands right before the mark; what people typed is escaped
    *parts, rest = html.split(OPEN_MARK)
    pieces = []
    for part in parts:
        account_id = part[-ACCOUNT_ID_LENGTH:]
        pieces += [part, FOLDED_MARK if account_id in folded else OPEN_MARK]
    return b"".join([*pieces, rest])


def _sections(
    cards: Sequence[HomeCard], html_of: Callable[[HomeCard], str]
) -> Iterator[AccountSection]:
    for account_id, of_account in groupby(cards, attrgetter("account_id")):
        own_cards = list(of_account)
        rows = list(map(html_of, own_cards))
        yield AccountSection(account_id, own_cards[0].account_name, own_cards, rows)


def _label_counts(cards: Iterable[HomeCard]) -> list[tuple[str, int]]:
    """Return the labels that most of the cards have, in the order of the alphabet."""
    counts = Counter(label for card in cards for label in card.labels)
    return sorted(counts.most_common(MOST_LABELS))
