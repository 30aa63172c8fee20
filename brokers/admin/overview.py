"""What the first page of the administration says of targets, grants, stops and imports."""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse

from brokers import catalogue
from brokers.choices import State
from brokers.import_export import jobs
from brokers.request_catalogue import catalogue_of
from brokers.stops import stops_now
from core import admin
from core.admin.overview import Card, CardKind, KeptCard, now
from core.audit import AuditEvent, Event
from core.audit_days import newest_first
from core.audit_search import today
from core.requests import CooperRequest

MOST_REFUSALS = 100
"""Refused grants that are counted; from then on it is "at least" as many."""

MOST_PAGES = 24
"""Pages of a day's events that are read for them: of a day of a million, the newest 10,000."""


def _targets_url(state: State) -> str:
    return f"{reverse('admin:brokers_target_changelist')}?{urlencode({'state': state})}"


def _targets_card(title: str, state: State, text: str) -> CardKind:
    def url() -> str:
        return _targets_url(state)

    def make(request: CooperRequest) -> Card:
        targets = catalogue.not_deleted(catalogue_of(request).targets.values())
        count = sum(target.state == state for target in targets)
        return Card(title, f"{count:,}", text if count else "None.", url(), not count)

    return CardKind(title, url, make)


def _stops_url() -> str:
    return reverse("admin:cooper_installation_changelist")


def _stops(request: CooperRequest) -> Card:
    stops = stops_now(request)
    if stops.all_grants:
        return Card("Emergency stop", "On", "All grants are stopped.", _stops_url(), False)

    count = len(stops.accounts)
    if not count:
        return Card("Emergency stop", "Off", "Nothing is stopped.", _stops_url())
    names = ", ".join(sorted(stops.accounts.values())[:3])
    more = " and more" if count > 3 else ""
    url = reverse("admin:brokers_awsaccount_changelist")
    return Card("Emergency stop", f"{count:,}", f"AWS accounts stopped: {names}{more}.", url, False)


def _refusals_url() -> str:
    day = today().isoformat()
    query = urlencode({"event": str(Event.GRANT_REFUSED), "since": day, "day": day})
    return f"{reverse('admin:cooper_auditevent_changelist')}?{query}"


def _refusals() -> Card:
    count = 0
    pages = 0
    is_whole = True
    for is_refusal in _refusal_steps():
        if is_refusal:
            count += 1
        else:
            pages += 1
        if count >= MOST_REFUSALS or pages >= MOST_PAGES:
            is_whole = False
            break

    words = f"{count:,}" if is_whole else f"at least {count:,}"
    text = "Refused by cooper since midnight UTC." if count else "None since midnight UTC."
    if not count and not is_whole:
        text = "None among the newest events of today."
    return Card("Refused grants today", words, text, _refusals_url(), not count, as_of=now())


def _refusal_steps() -> Iterator[bool]:
    """Yield True for each refused grant of today, newest first, and False for each page read."""
    refused = AuditEvent.event == str(Event.GRANT_REFUSED)
    for _, event in newest_first(today(), filter_condition=refused):
        yield event is not None


def _import_url() -> str:
    return reverse("admin:brokers_target_import")


def _import(request: CooperRequest) -> Card:
    job = jobs.unfinished()
    if job is None:
        return Card("Imports under way", "0", "None.", _import_url())
    return Card("Imports under way", "1", jobs.progress(job), _import_url(), False)


PENDING = "Saved, and not enabled yet: they wait for a test that finds nothing missing."
DISABLED = "Nobody becomes them: a test failed, or they were disabled by hand."

refusals_card = KeptCard(_refusals)

admin.site.card_kinds += [
    _targets_card("Pending targets", State.PENDING, PENDING),
    _targets_card("Disabled or failing targets", State.DISABLED, DISABLED),
    CardKind("Refused grants today", _refusals_url, refusals_card),
    CardKind("Emergency stop", _stops_url, _stops),
    CardKind("Imports under way", _import_url, _import),
]
