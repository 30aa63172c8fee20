"""Several targets at once: which can be had so, and one grant after another.

Each is a grant of its own, decided, checked and recorded as ever.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from accounts.identity import Identity
from brokers.catalogue_state import Catalogue
from brokers.errors import concerns_all_targets
from brokers.grants import GrantRequest, IssuedGrant, grant, longest_seconds
from brokers.home_cards import CardRules, HomeCard, cards_for
from brokers.stops import Stops
from core.errors import CooperError

MOST_SECONDS = 45.0
"""Seconds after which no further grant begins.

Many proxies end an answer that takes 60 s; a grant takes 10 s at most.
"""

TOOK_TOO_LONG = "Not tried: the others took too long. Take it with the next ones."
UNEXPECTED = "Something went wrong inside cooper. The audit log says whether it was issued."

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offer:
    """A target of the person's, and why it cannot be one of several; "" when it can."""

    card: HomeCard
    not_here: str
    longest: int
    """Seconds."""


@dataclass(frozen=True)
class Result:
    """What came of one of several targets: a grant, or why there is none."""

    target: str
    issued: IssuedGrant | None = None
    problem: str = ""


# -- which -----------------------------------------------------------------------------------------
def offers_for(
    identity: Identity, catalogue_now: Catalogue, stops: Stops, now: datetime
) -> dict[str, Offer]:
    """Return what the person may become, by target name, in the order of home."""
    groups = frozenset(str(group) for group in identity.groups)
    rules = CardRules(longest_seconds, longest_seconds, stops.reason_for)

    offers = {}
    for card in cards_for(catalogue_now, groups, now, rules):
        not_here = _why_not_here(card, catalogue_now)
        offers[card.name] = Offer(card, not_here, longest=card.longest)
    return offers


def _why_not_here(card: HomeCard, catalogue_now: Catalogue) -> str:
    """Return why a target has to be taken by itself, or not at all; "" for the others."""
    if card.stopped:
        return card.stopped
    if card.takes_code:
        return "It takes a one-time code, and each code counts for one grant: take it by itself."
    if catalogue_now.takes_reason(catalogue_now.targets[card.name]):
        return "It asks for a reason of its own: take it by itself."
    return ""


# -- one after another -----------------------------------------------------------------------------
def grant_each(
    identity: Identity, requests: Iterable[GrantRequest], catalogue_now: Catalogue
) -> Iterator[Result]:
    """Yield what comes of each request, one grant after another; raise nothing.

    What concerns all of them, such as an emergency stop, ends the rest untried. Nothing is granted
    before it is asked for: whoever stops listening gets no further grant.
    """
    end = time.monotonic() + MOST_SECONDS
    why_ended = ""
    for request in requests:
        if not why_ended and time.monotonic() > end:
            why_ended = TOOK_TOO_LONG
        if why_ended:
            yield Result(request.target, problem=why_ended)
            continue

        try:
            issued = grant(identity, request, datetime.now(UTC), catalogue_now)
        except CooperError as error:
            logger.warning("%s of several: %s", request.target, error.detail)
            if concerns_all_targets(error):
                why_ended = f"Not tried: {error.message}"
            yield Result(request.target, problem=error.message)
        except Exception:  # such as a KeyError for an answer that lacks a part
            # the page is under way: what was granted before must not be lost with it
            logger.exception("%s of several: unexpected", request.target)
            yield Result(request.target, problem=UNEXPECTED)
        else:
            yield Result(request.target, issued)
