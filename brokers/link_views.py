"""Links to pages of the console: to a target, by any address, and as Identity Center's shortcuts.

None of them grants: they show what the link would do, and a click of the person's does it. Source
of the shortcuts' shape: https://docs.aws.amazon.com/singlesignon/latest/userguide/
createshortcutlink.html
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_safe

from accounts import stepup
from brokers.arns import ACCOUNT_ID
from brokers.becoming import allow_sign_in_hosts, card_for, sign_in_first
from brokers.cards import Card
from brokers.console_urls import console_url, shown
from brokers.contacts import default_contact
from brokers.forms import BecomeForm
from brokers.links import (
    Offers,
    cards_for,
    cards_in,
    destination_at,
    least_powerful,
    offers_at,
)
from brokers.request_catalogue import catalogue_of
from brokers.stops import stops_now
from core.requests import CooperRequest
from core.typed_text import sentence

ELSEWHERE = "elsewhere"
"""The query parameter by which a link that came from elsewhere is known to, after signing in."""

OTHER_SITES = ("cross-site", "same-site")
"""What browsers say of a page that another site's has led to.

Source: https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
"""

RAW_URL = "url=https://"
"""How a query begins behind which somebody has pasted an address as it is."""


class LinkOrigin(StrEnum):
    """Where a link was followed."""

    ELSEWHERE = "elsewhere"
    BY_HAND = "by hand"
    UNKNOWN = "unknown"


# -- to a target -----------------------------------------------------------------------------------
@require_safe
def go_to_target(request: CooperRequest, name: str) -> HttpResponse:
    """Show where a link to a target leads, and the button that goes there."""
    if request.identity is None:
        return _sign_in(request)

    card = card_for(request, request.identity, name)
    return _confirmation(request, card, _parameter(request, "destination"))


def _confirmation(
    request: CooperRequest, card: Card, destination: str, others: Sequence[Card] = ()
) -> HttpResponse:
    """Show the page on which a person confirms a link, or why it cannot be followed."""
    try:
        leads_to = destination_at(card.target, destination, _parameter(request, "region"))
    except ValueError as error:
        context = {"card": card, "refusal": sentence(error), "destination": shown(destination)}
        return render(request, "brokers/link_refused.html", context, status=400)

    allow_sign_in_hosts(request, {str(card.target.partition)})
    return render(
        request,
        "brokers/link.html",
        {
            **_form_context(request, card),
            "card": card,
            "target": card.target,
            "destination": leads_to,
            "others": _links(request, others, leads_to.address),
            "origin": str(link_origin(request)),
        },
    )


def _form_context(request: CooperRequest, card: Card) -> dict[str, Any]:
    """Return the fields that a target takes beside the click: a code, a reason."""
    # without a device there is no code to type: the form leads to set one up first
    needs_device = card.takes_code and not stepup.has_device(request)
    asks_code = card.takes_code and not needs_device
    takes_reason = catalogue_of(request).takes_reason(card.target)
    form = BecomeForm(
        longest=card.longest_seconds,
        sensitive=asks_code,
        target=card.target,
    )

    fields = []
    if takes_reason:
        fields.append(form["reason"])
    if asks_code:
        fields.append(form[stepup.FIELD])
    return {"fields": fields, "needs_device": needs_device}


# -- by an address of the console ------------------------------------------------------------------
@require_safe
def go(request: CooperRequest) -> HttpResponse:
    """Show what the person may become to see a page of the console; without one, ask for it."""
    if request.identity is None:
        return _sign_in(request)

    text = _given_url(request)
    if not text:
        return render(request, "brokers/go.html", {"text": ""})
    try:
        url = console_url(text)
    except ValueError as error:
        context = {"text": text, "refusal": sentence(error)}
        return render(request, "brokers/go.html", context, status=400)

    offers = offers_at(url, _own_cards(request))
    if url.account_id or offers.count == 1:
        return _confirm_or_choose(request, offers, url.destination, url.account_id)
    return _offers_page(request, offers, url.destination, url.account_id)


def _confirm_or_choose(
    request: CooperRequest, offers: Offers, destination: str, account_id: str
) -> HttpResponse:
    """Show the confirming page of the least powerful target, or all where none clearly is."""
    cards = [*offers.meant, *offers.possible]
    card = least_powerful(cards)
    if not card:
        return _offers_page(request, offers, destination, account_id)

    others = [other for other in cards if other != card]
    return _confirmation(request, card, destination, others)


def _given_url(request: CooperRequest) -> str:
    """Return the address that was given: encoded as a parameter is, or pasted as it is.

    A pasted one has a query of its own. All that follows is it, and nothing of it is decoded.
    """
    query = str(request.META.get("QUERY_STRING", "")).removeprefix(f"{ELSEWHERE}=1&")
    pasted = query.removeprefix("url=")
    if query.startswith(RAW_URL) and "?" in pasted:
        return pasted
    return _parameter(request, "url")


def _offers_page(
    request: CooperRequest, offers: Offers, destination: str, account_id: str = ""
) -> HttpResponse:
    """List what leads to a page; say whom to ask where nothing does."""
    context = {
        "destination": shown(destination),
        "account_id": account_id,
        "meant": _links(request, offers.meant, destination),
        "possible": _links(request, offers.possible, destination),
        "origin": str(link_origin(request)),
        "contact": default_contact(request),
        "groups": request.identity.groups,
    }
    status = 200 if offers.count else 404
    return render(request, "brokers/link_offers.html", context, status=status)


def _links(
    request: CooperRequest, cards: Sequence[Card], destination: str
) -> list[tuple[Card, str]]:
    """Return each card with the link that goes on with it."""
    query = f"destination={quote(destination, safe='')}"
    if link_origin(request) == LinkOrigin.ELSEWHERE:
        query = f"{ELSEWHERE}=1&{query}"
    return [(card, f"{resolve_url('go-target', card.target.name)}?{query}") for card in cards]


# -- shortcuts in the shape of IAM Identity Center's -----------------------------------------------
@require_safe
def start(request: CooperRequest) -> HttpResponse:
    """Show the page behind which Identity Center's shortcuts have a fragment.

    The fragment never reaches the server: a script reads it, or the page says what to do. Nobody
    has to be signed in, for a fragment to survive. It has nothing for a HEAD, which the AWS CLI
    sends to the start URL of its configuration: that is kept free for a command line's sign-in.
    """
    if request.method == "HEAD":
        return HttpResponse()
    return render(request, "brokers/start.html")


@require_safe
def start_console(request: CooperRequest) -> HttpResponse:
    """Show the target that a shortcut names by AWS account and role name, to be confirmed."""
    if request.identity is None:
        return _sign_in(request)

    account_id = _parameter(request, "account_id")
    if not ACCOUNT_ID.fullmatch(account_id):
        context = {
            "text": "",
            "refusal": "The link names no AWS account: account_id has 12 digits.",
        }
        return render(request, "brokers/go.html", context, status=400)

    destination = _parameter(request, "destination")
    cards = cards_in(_own_cards(request), account_id, _parameter(request, "role_name"))
    return _confirm_or_choose(request, Offers(cards, []), destination, account_id)


# -- of all links ----------------------------------------------------------------------------------
def link_origin(request: CooperRequest) -> LinkOrigin:
    """Return where the link was followed, as the browser says."""
    site = request.headers.get("Sec-Fetch-Site", "")
    if site in OTHER_SITES or ELSEWHERE in request.GET:
        return LinkOrigin.ELSEWHERE
    if site == "none":
        return LinkOrigin.BY_HAND
    return LinkOrigin.UNKNOWN


def _sign_in(request: CooperRequest) -> HttpResponse:
    """Send the person to sign in, and back to this very link."""
    path = request.get_full_path()
    if link_origin(request) != LinkOrigin.ELSEWHERE or ELSEWHERE in request.GET:
        return sign_in_first(request, path)

    page, _, query = path.partition("?")
    marked = f"{page}?{ELSEWHERE}=1"
    return sign_in_first(request, f"{marked}&{query}" if query else marked)


def _own_cards(request: CooperRequest) -> list[Card]:
    now = datetime.now(UTC)
    return cards_for(request.identity, catalogue_of(request), stops_now(request), now)


def _parameter(request: CooperRequest, name: str) -> str:
    return request.GET.get(name, "").strip(" ")
