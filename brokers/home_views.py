"""The first page over HTTP: what the person may become, with stars, folds and search."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_safe

from accounts import preferences
from accounts.preferences import Preferences, preferences_of
from accounts.providers import provider_for
from brokers import home_cards
from brokers.becoming import allow_sign_in_hosts, sign_in_first
from brokers.contacts import default_contact
from brokers.home_history import history_of
from brokers.home_pages import HomePage, home_page
from brokers.own_targets import own_targets
from brokers.request_catalogue import catalogue_of
from brokers.stops import stops_now
from core.errors import Invalid
from core.gzip_pieces import Piece, changed, with_pieces
from core.http import compressed, post_only, safe_next, wants_json
from core.requests import CooperRequest

QUERY_LIMIT = 200
"""Characters of a search."""

ACCOUNT = "aws-account:"
"""Begins the key of an AWS account among stars and folds."""

Change = Callable[[str, str], None]
"""Changes the preferences of a person by a key."""


@require_safe
@compressed
def home(request: CooperRequest) -> HttpResponse:
    """Show what the person may become, by AWS account, with search.

    Tell a script, `{"open_until": {name: moment}}`, what of it is open until when.
    """
    if request.identity is None:
        return sign_in_first(request, request.get_full_path())

    now = datetime.now(UTC)
    if wants_json(request):
        history = history_of(str(request.identity.person), now)
        return JsonResponse({"open_until": history.open_until})
    return _home_page(request, now)


def _home_page(request: CooperRequest, now: datetime) -> HttpResponse:
    query = request.GET.get("q", "")[:QUERY_LIMIT]
    shown = home_page(
        request.identity.groups,
        stops=stops_now(request),
        catalogue=catalogue_of(request),
        now=now,
        query=query,
        number=request.GET.get("page"),
    )
    allow_sign_in_hosts(request, shown.partitions)

    own_preferences = preferences_of(request)
    context = {
        "page": shown.page,
        "home": shown,
        "query": query,
        "identity": request.identity,
        "new_tab": own_preferences.new_tab,
        "own": None,
        "contact": default_contact(request),
        "all_stopped": stops_now(request).all_grants,
        "html": "",
    }
    if not shown.count_of_all:
        # asked for only here: it may be a read
        context["provider"] = provider_for(request.identity.provider)
    if "folds" in request.GET:
        context["html"] = _html_with_buttons(shown, own_preferences)
        return render(request, "brokers/home.html", context)

    if query:
        # nobody looks for what is folded away
        return with_pieces(render(request, "brokers/home.html", context), shown.pieces)

    if shown.cards:
        history = history_of(str(request.identity.person), now)
        context["own"] = own_targets(shown.cards, own_preferences, history)
    pieces = _with_folded(shown.pieces, _accounts_of(own_preferences.folded))
    return with_pieces(render(request, "brokers/home.html", context), pieces)


def _html_with_buttons(shown: HomePage, own_preferences: Preferences) -> str:
    """Return the cards with what a script does otherwise: folding, and the stars of accounts."""
    return home_cards.sections_html(
        shown.page,
        home_cards.card_html,
        _accounts_of(own_preferences.folded),
        _accounts_of(own_preferences.starred),
        with_fold_buttons=True,
    )


def _accounts_of(keys: frozenset[str]) -> frozenset[str]:
    account_ids = set()
    for key in keys:
        if key.startswith(ACCOUNT):
            account_ids.add(key.removeprefix(ACCOUNT))
    return frozenset(account_ids)


def _with_folded(pieces: tuple[Piece, ...], folded: frozenset[str]) -> tuple[Piece, ...]:
    if not folded:
        return pieces
    account_ids = frozenset(map(str.encode, folded))
    return changed(pieces, partial(home_cards.with_folded, folded=account_ids))


@post_only("home")
def star(request: CooperRequest) -> HttpResponse:
    """Star a target or an AWS account (`star`), or take its star away (`unstar`)."""
    return _change(request, {"star": preferences.star, "unstar": preferences.unstar})


@post_only("home")
def fold(request: CooperRequest) -> HttpResponse:
    """Keep an AWS account folded on the first page (`fold`), or unfolded again (`unfold`)."""
    return _change(request, {"fold": preferences.fold, "unfold": preferences.unfold})


def _change(request: CooperRequest, changes: dict[str, Change]) -> HttpResponse:
    """Do the change that was sent; go back to where the person was, or tell a script."""
    if request.identity is None:
        return sign_in_first(request, resolve_url("home"))

    fields = [field for field in changes if field in request.POST]
    if len(fields) != 1:
        raise Invalid("Nothing to do was sent.", f"fields {sorted(request.POST)[:5]}")

    changes[fields[0]](str(request.identity.person), request.POST[fields[0]])
    if wants_json(request):
        return JsonResponse({})
    return HttpResponseRedirect(safe_next(request) or resolve_url("home"))
