"""Several targets at once over HTTP: a list to tick, and a page that grows grant by grant.

The answer is streamed: each profile is sent as soon as its grant is on the audit log as done, so
that what was granted is with the person whatever ends the answer. Nothing is kept for later.
"""

from collections.abc import Iterator
from contextvars import copy_context
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods

from accounts.identity import Identity
from accounts.sessions import hash_session_key
from brokers import formats
from brokers.becoming import sign_in_first, without_cache
from brokers.credentials_forms import MOST_TARGETS, SeveralForm
from brokers.credentials_views import region_of
from brokers.forms import DEFAULT_SECONDS
from brokers.grants import Delivery, GrantRequest, IssuedGrant
from brokers.request_catalogue import catalogue_of
from brokers.several import MOST_SECONDS, Offer, Result, grant_each, offers_for
from brokers.stops import stops_now
from core import aws
from core.http import wants_json
from core.requests import CooperRequest

FIELDS = {"target", "duration", "reason"}

PROFILES = "<!-- profiles -->"
"""Where the page of several grants stops until there are any."""

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
    form = SeveralForm(initial=typed.dict(), longest=_longest(offers))
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

    results = _results(request, identity, requests)
    if wants_json(request):
        return without_cache(JsonResponse(_for_tools(list(results), left_out)))
    parts = _page_in_parts(request, results, len(requests), left_out)
    response = StreamingHttpResponse(parts)
    # nginx would keep the answer back until it is whole
    response["X-Accel-Buffering"] = "no"
    response["Cache-Control"] = "no-store"
    return response


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
        is_one_of_several=True,
    )


def _results(
    request: CooperRequest, identity: Identity, requests: list[GrantRequest]
) -> Iterator[Result]:
    """Yield the results, each made in the context of the request: its id, its source."""
    aws.extend_deadline(MOST_SECONDS + LONGEST_GRANT)
    context = copy_context()
    results = grant_each(identity, requests, catalogue_of(request))

    def further() -> Iterator[Result]:
        for _ in requests:
            # the middleware has left the request's context by the time an answer is streamed
            yield context.run(next, results)

    return further()


def _for_tools(results: list[Result], left_out: list[Offer]) -> dict[str, Any]:
    """Return credential_process JSON by profile, and why there is none of the others."""
    profiles = {}
    problems = {offer.card.name: offer.not_here for offer in left_out}
    for result in results:
        if result.issued:
            name = formats.profile_name(result.target)
            profiles[name] = formats.credential_process(result.issued.credentials)
        else:
            problems[result.target] = result.problem
    return {"profiles": profiles, "problems": problems}


# -- the page, part by part ------------------------------------------------------------------------
def _page_in_parts(
    request: CooperRequest, results: Iterator[Result], count: int, left_out: list[Offer]
) -> Iterator[str]:
    page = render_to_string("brokers/several_granted.html", {"count": count}, request)
    before, _, after = page.partition(PROFILES)
    yield before

    done = []
    for number, result in enumerate(results, start=1):
        done.append(result)
        yield _profile_html(result, number, count)
    yield render_to_string("brokers/several_end.html", _end_context(done, left_out))
    yield after


def _profile_html(result: Result, number: int, count: int) -> str:
    """Return the profile of a grant, or a comment that says why there is none."""
    place = f"{number} of {count}"
    if not result.issued:
        # files of the AWS CLI are read in whatever encoding the system has
        problem = " ".join(result.problem.split()).encode("ascii", "replace").decode()
        comment = f"# {place}: no {result.target}. {problem}"
        return render_to_string("brokers/several_profile.html", {"comment": comment})

    text = formats.formats_of_several([_profile_of(result.issued)])[0]
    ends = result.issued.credentials.expires_at
    comment = f"# {place}: until {ends:%Y-%m-%d %H:%M} UTC"
    if not text.text:
        comment = f"# {place}: {text.hint}"
    context = {"comment": comment, "pieces": text.pieces}
    return render_to_string("brokers/several_profile.html", context)


def _profile_of(issued: IssuedGrant) -> formats.Profile:
    return formats.Profile(str(issued.target.name), issued.credentials, region_of(issued.target))


def _end_context(done: list[Result], left_out: list[Offer]) -> dict[str, Any]:
    profiles = []
    problems = []
    notes = []
    for result in done:
        if result.issued:
            profiles.append(_profile_of(result.issued))
            if result.issued.note:
                notes.append((result.target, result.issued.note))
        else:
            problems.append(result)
    further = formats.formats_of_several(profiles)[1:] if profiles else []
    ends = [profile.credentials.expires_at for profile in profiles]
    return {
        "profiles": profiles,
        "formats": further,
        "problems": problems,
        "notes": notes,
        "left_out": left_out,
        "first_end": min(ends, default=None),
        "grants": [result.issued for result in done if result.issued],
    }
