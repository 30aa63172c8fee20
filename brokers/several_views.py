"""Several targets at once over HTTP: a list to tick, and one grant after another by POST."""

from collections.abc import Iterator
from contextvars import copy_context
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.identity import Identity
from accounts.preferences import preferences_of
from accounts.sessions import hash_session_key
from brokers.becoming import sign_in_first, without_cache
from brokers.credentials_forms import MOST_TARGETS, SeveralForm
from brokers.formats import credential_process, profile_name
from brokers.formats_of_several import GROWING
from brokers.forms import DEFAULT_SECONDS
from brokers.grants import Counter, Delivery, GrantRequest
from brokers.request_catalogue import catalogue_of
from brokers.several import MOST_SECONDS, Offer, Result, grant_each, offers_for
from brokers.several_page import page_in_parts
from brokers.stops import stops_now
from core import aws
from core.http import wants_json
from core.requests import CooperRequest

FIELDS = {"target", "duration", "reason", "format"}

DEFAULT_FORMAT = "ini"

LONGEST_GRANT = 15.0
"""Seconds that the last grant has, which may begin at the very end: more than its deadline."""

Offers = dict[str, Offer]


@require_http_methods(["GET", "HEAD", "POST"])
def several(request: CooperRequest) -> HttpResponseBase:
    """Show the person's targets to tick; become the ticked ones, one after another, by POST."""
    if request.identity is None:
        request.kept_forms.keep(request.path, FIELDS.__contains__)
        return sign_in_first(request, request.get_full_path())

    identity: Identity = request.identity
    offers = offers_for(identity, catalogue_of(request), stops_now(request), datetime.now(UTC))
    if request.method == "POST":
        return _take(request, identity, offers)

    typed = request.kept_forms.form_of(request.path)
    request.is_brought_back = bool(typed)
    ticked = (typed or request.GET).getlist("target")
    initial = {"format": _last_format(request), **typed.dict()}
    form = SeveralForm(initial=initial, longest=_longest(offers))
    return _list_page(request, offers, form, ticked)


def _list_page(
    request: CooperRequest, offers: Offers, form: SeveralForm, ticked: list[str], status: int = 200
) -> HttpResponse:
    accounts: dict[tuple[str, str], list[Offer]] = {}
    for offer in offers.values():
        account = (offer.card.account_name, offer.card.account_id)
        accounts.setdefault(account, []).append(offer)
    context = {
        "accounts": accounts.items(),
        "form": form,
        "ticked": ticked,
        "most": MOST_TARGETS,
    }
    return render(request, "brokers/several.html", context, status=status)


def _longest(offers: Offers) -> int:
    """Return the longest duration, in seconds, that any of the targets gives."""
    possible = [offer.longest for offer in offers.values() if not offer.not_here]
    return max(possible, default=DEFAULT_SECONDS)


def _last_format(request: CooperRequest) -> str:
    """Return the format that the person used last, where several targets have it."""
    last = preferences_of(request).credentials_format
    return last if last in GROWING else DEFAULT_FORMAT


# -- becoming them ---------------------------------------------------------------------------------
def _take(request: CooperRequest, identity: Identity, offers: Offers) -> HttpResponseBase:
    request.kept_forms.forget(request.path)
    ticked = request.POST.getlist("target")
    form = SeveralForm(request.POST, longest=_longest(offers), ticked=ticked)
    if not form.is_valid():
        if wants_json(request):
            content = {"error": "Some fields are not valid.", "fields": form.errors}
            return JsonResponse(content, status=400)
        return _list_page(request, offers, form, ticked, 400)

    left_out = []
    requests = []
    for name in form.targets:
        # what is not the person's is refused by its grant, and recorded as ever
        offer = offers.get(name)
        if offer and offer.not_here:
            left_out.append(offer)
        else:
            requests.append(_grant_request(request, name, form, offer))

    aws.extend_deadline(MOST_SECONDS + LONGEST_GRANT)
    results = grant_each(identity, requests, catalogue_of(request))
    if wants_json(request):
        return without_cache(JsonResponse(_for_tools(list(results), left_out)))

    growing = GROWING[form.cleaned_data["format"] or _last_format(request)]
    parts = page_in_parts(request, growing, results, len(requests), left_out)
    response = StreamingHttpResponse(_in_this_context(parts))
    # nginx would keep the answer back until it is whole
    response["X-Accel-Buffering"] = "no"
    response["Cache-Control"] = "no-store"
    return response


def _in_this_context(parts: Iterator[str]) -> Iterator[str]:
    """Yield the parts, each made in the context of the request: its id, its source, its deadline.

    The middleware has left that context by the time an answer is streamed.
    """
    context = copy_context()

    def in_context() -> Iterator[str]:
        while True:
            try:
                part = context.run(next, parts)
            except StopIteration:
                return
            yield part

    return in_context()


def _grant_request(
    request: CooperRequest, name: str, form: SeveralForm, offer: Offer | None
) -> GrantRequest:
    seconds = form.cleaned_data["duration"]
    if offer:
        seconds = min(seconds, offer.longest)
    return GrantRequest(
        target=name,
        seconds=seconds,
        delivery=Delivery.CREDENTIALS,
        reason=form.cleaned_data["reason"].strip(),
        web_session=hash_session_key(str(request.session.session_key)),
        counter=Counter.SEVERAL,
    )


def _for_tools(results: list[Result], left_out: list[Offer]) -> dict[str, Any]:
    """Return credential_process JSON by profile, and why there is none of the others."""
    profiles = {}
    problems = {offer.card.name: offer.not_here for offer in left_out}
    for result in results:
        if result.issued:
            name = profile_name(result.target)
            profiles[name] = credential_process(result.issued.credentials)
        else:
            problems[result.target] = result.problem
    return {"profiles": profiles, "problems": problems}
