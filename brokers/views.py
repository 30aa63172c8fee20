"""Doors over HTTP: home, a target's page, and the two POSTs that become."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render, resolve_url
from django.views.decorators.http import require_POST, require_safe

from accounts import stepup
from accounts.identity import Identity
from brokers import catalogue, formats
from brokers.catalogue import Catalogue
from brokers.entitlements import Entitlement, entitlements_of
from brokers.forms import BecomeForm, spoken
from brokers.grants import (
    Delivery,
    GrantRequest,
    IssuedGrant,
    decide,
    form_action_hosts,
    grant,
    longest_seconds,
)
from brokers.models import AwsAccount, Target
from core.errors import Invalid, StepUpRequired
from core.http import login_redirect, wants_json
from core.middleware import refusal

PER_PAGE = 100


@dataclass(frozen=True)
class Card:
    """A target as a person sees it: what it is, why they may become it, for how long."""

    target: Target
    account: AwsAccount | None
    entitlement: Entitlement
    longest: int

    @property
    def account_name(self) -> str:
        """Return the AWS account's name, or its number."""
        return str(self.account or self.target.aws_account)

    @property
    def kind(self) -> str:
        """Return the target's kind in words."""
        return "role" if self.target.is_role else "federated user"

    @property
    def longest_spoken(self) -> str:
        """Return the longest session in words."""
        return spoken(self.longest)

    @property
    def seconds(self) -> int:
        """Return the duration that one click gives."""
        return min(3600, self.longest)

    def matches(self, words: list[str]) -> bool:
        """Return whether every word is found in what the card shows."""
        target = self.target
        shown = [
            target.name,
            target.title,
            target.description,
            self.account_name,
            target.aws_account,
            *target.labels,
        ]
        text = " ".join(str(each) for each in shown if each).casefold()
        return all(word in text for word in words)


def _identity(request: HttpRequest) -> Identity | None:
    """Return who asks, or None."""
    found: Identity | None = request.identity  # type: ignore[attr-defined]
    return found


def _to_sign_in(request: HttpRequest, after: str) -> HttpResponse:
    """Send an anonymous visitor to sign in, and then to `after`; a tool gets 401."""
    if wants_json(request):
        return refusal(request, 401, "Sign in first.")
    return login_redirect(after)


def _cards(identity: Identity, held: Catalogue, now: datetime) -> list[Card]:
    """Return what the identity may become now, by AWS account and title."""
    found = entitlements_of(identity, held.rules_for(identity.groups), now)
    cards = [
        _card(held, each)
        for name, each in found.items()
        if name in held.targets and held.targets[name].enabled
    ]
    return sorted(
        cards,
        key=lambda card: (
            card.account_name.casefold(),
            str(card.target).casefold(),
            str(card.target.name),
        ),
    )


def _card(held: Catalogue, entitlement: Entitlement) -> Card:
    """Return the card of an entitlement."""
    target = held.targets[entitlement.target]
    return Card(
        target, held.accounts.get(str(target.aws_account)), entitlement, longest_seconds(target)
    )


def _allow_sign_in_hosts(request: HttpRequest, cards: list[Card]) -> None:
    """Let this page's forms end, by redirect, at the sign-in hosts of these targets."""
    partitions = {str(card.target.partition) for card in cards}
    request.form_action = form_action_hosts(partitions)  # type: ignore[attr-defined]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what the person may become, by AWS account, with search."""
    identity = _identity(request)
    if identity is None:
        return _to_sign_in(request, request.get_full_path())
    every = _cards(identity, catalogue.current(), datetime.now(UTC))
    query = request.GET.get("q", "")[:200]
    cards = [card for card in every if card.matches(query.casefold().split())]
    page = Paginator(cards, PER_PAGE).get_page(request.GET.get("page"))
    _allow_sign_in_hosts(request, list(page))
    found = {"page": page, "query": query, "count": len(cards), "every": len(every)}
    return render(request, "brokers/home.html", found)


def _my_card(identity: Identity, name: str) -> Card:
    """Return the person's card of a target; raise NotYours, recorded or counted as a grant's is."""
    _, entitlement, held = decide(identity, name, datetime.now(UTC))
    return _card(held, entitlement)


def _target_page(
    request: HttpRequest, card: Card, form: BecomeForm, status: int = 200
) -> HttpResponse:
    """Show a target with its form."""
    _allow_sign_in_hosts(request, [card])
    return render(
        request,
        "brokers/target.html",
        {"card": card, "target": card.target, "form": form},
        status=status,
    )


@require_safe
def target(request: HttpRequest, name: str) -> HttpResponse:
    """Show a target: why you may become it, for how long, and the two buttons."""
    identity = _identity(request)
    if identity is None:
        return _to_sign_in(request, request.get_full_path())
    card = _my_card(identity, name)
    return _target_page(
        request, card, BecomeForm(longest=card.longest, sensitive=bool(card.target.sensitive))
    )


def _become(request: HttpRequest, name: str, way: Delivery) -> IssuedGrant | HttpResponse:
    """Read the form and do the deed; return what was granted, or the page that says why not."""
    identity = _identity(request)
    if identity is None:
        return _to_sign_in(request, resolve_url("target", name=name))
    held = catalogue.current()
    known = held.targets.get(name)
    longest = longest_seconds(known) if known else 3600
    form = BecomeForm(request.POST, longest=longest, sensitive=bool(known and known.sensitive))
    if not form.is_valid():
        return _form_again(request, identity, name, form)
    said = form.cleaned_data
    wish = GrantRequest(
        name,
        said["duration"],
        way,
        said["destination"].strip(),
        said["reason"].strip(),
        request.build_absolute_uri("/"),
        said.get(stepup.FIELD, ""),
    )
    try:
        return grant(identity, wish, datetime.now(UTC))
    except (Invalid, StepUpRequired) as error:
        if error.code == "enrol" and not wants_json(request):
            return _to_enrol(request, name)
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return _form_again(request, identity, name, form, error.status)


def _to_enrol(request: HttpRequest, name: str) -> HttpResponse:
    """Take a person without a device to set one up, and back to the target."""
    messages.info(
        request,
        "This target is sensitive: becoming it takes a one-time code. Set up your device first.",
    )
    back = urlencode({"next": resolve_url("target", name=name)})
    return HttpResponseRedirect(f"{resolve_url('device')}?{back}")


def _form_again(
    request: HttpRequest, identity: Identity, name: str, form: BecomeForm, status: int = 400
) -> HttpResponse:
    """Show the form with its errors and what was typed, to somebody who may see the target; raise NotYours."""
    card = _my_card(identity, name)
    if wants_json(request):
        return JsonResponse(
            {"error": "Some fields cannot be used.", "fields": form.errors}, status=status
        )
    return _target_page(request, card, form, status)


def _sealed(response: HttpResponse) -> HttpResponse:
    """Keep a response with secrets out of every cache; referrers go to no other site anyway."""
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def console(request: HttpRequest, name: str) -> HttpResponse:
    """Become the target in the console: 303 to the sign-in URL, which is in no log and no cache."""
    granted = _become(request, name, Delivery.CONSOLE)
    if isinstance(granted, HttpResponse):
        return granted
    if granted.note:
        # AWS's page comes next; cooper's next one says it
        messages.warning(request, f"{granted.target}: {granted.note}")
    response = HttpResponseRedirect(granted.console_url)
    response.status_code = 303
    response["Referrer-Policy"] = "no-referrer"
    return _sealed(response)


@require_POST
def credentials(request: HttpRequest, name: str) -> HttpResponse:
    """Become the target with credentials: a page to copy from, or credential_process JSON."""
    granted = _become(request, name, Delivery.CREDENTIALS)
    if isinstance(granted, HttpResponse):
        return granted
    if wants_json(request):
        return _sealed(JsonResponse(formats.credential_process(granted.credentials)))
    shown = formats.all_formats(
        granted.credentials, str(granted.target.region or ""), str(granted.target.name)
    )
    context = {"granted": granted, "target": granted.target, "formats": shown}
    return _sealed(render(request, "brokers/credentials.html", context))
