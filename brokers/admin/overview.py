"""What the first page of the administration says of targets, grants, stops and imports."""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse

from accounts.models import Person
from brokers import catalogue
from brokers.choices import State
from brokers.import_export import jobs
from brokers.request_catalogue import catalogue_of
from brokers.stops import Stops, stops_now
from core import admin, audit
from core.admin.overview import Card, CardKind, CardLink, KeptCard, now
from core.audit import AuditEvent, Event
from core.audit_days import newest_first
from core.audit_search import today
from core.dynamo.documents import PAGE
from core.emergency_stop import EmergencyStop, in_words
from core.errors import CooperError
from core.installation import STOP_SWITCH_ITEM
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
    return reverse("admin:cooper_installation_change", args=[STOP_SWITCH_ITEM])


def _stops(request: CooperRequest) -> Card:
    """Say whether all grants are stopped, and what else is: AWS accounts, targets, people."""
    stops = stops_now(request)
    links = tuple(_stopped_links(request, stops))
    if stops.stop:
        return _stopped_card(stops.stop, links)

    text = "" if links else "Nothing is stopped."
    return Card("Emergency stop", "Off", text, _stops_url(), not stops.accounts, links=links)


def _stopped_card(stop: EmergencyStop, links: tuple[CardLink, ...]) -> Card:
    on = "On"
    if stop.since:
        on = f"On since {in_words(stop.since, audit.now())}"

    text = "All grants are stopped"
    if stop.by:
        text += f" by {stop.by}"
    if stop.reason:
        text += f": {stop.reason}"
    return Card("Emergency stop", on, text, _stops_url(), is_calm=False, links=links)


def _stopped_links(request: CooperRequest, stops: Stops) -> Iterator[CardLink]:
    """Yield what is stopped by itself, each with its list."""
    targets = catalogue.not_deleted(catalogue_of(request).targets.values())
    disabled_targets = sum(target.state == State.DISABLED for target in targets)
    accounts_url = f"{reverse('admin:brokers_awsaccount_changelist')}?stopped=yes"
    people_url = f"{reverse('admin:accounts_person_changelist')}?disabled=yes"

    if stops.accounts:
        yield CardLink(_counted(len(stops.accounts), "AWS account", "stopped"), accounts_url)
    if disabled_targets:
        yield CardLink(
            _counted(disabled_targets, "target", "disabled"), _targets_url(State.DISABLED)
        )
    try:
        people = disabled_people_card(request)
    except CooperError:
        # whether all grants are stopped is not held back for it
        yield CardLink("People: could not be read", people_url)
        return
    if not people.is_calm:
        yield CardLink(people.text, people_url)


def _counted(count: int, noun: str, state: str) -> str:
    if count == 1:
        return f"1 {noun} {state}"
    return f"{count:,} {noun}s {state}"


def _disabled_people() -> Card:
    disabled = Person.scan(Person.disabled == TRUE, consistent_read=True, page_size=PAGE)
    count = sum(1 for _ in disabled)
    words = "1 person disabled" if count == 1 else f"{count:,} people disabled"
    return Card("Disabled people", f"{count:,}", words, "", not count, as_of=now())


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

TRUE = True
"""For conditions of PynamoDB, where `== True` is meant."""

refusals_card = KeptCard(_refusals)
disabled_people_card = KeptCard(_disabled_people)
"""It takes a scan of all people: no card of its own, but a line of the emergency stop's."""

admin.site.card_kinds += [
    _targets_card("Pending targets", State.PENDING, PENDING),
    _targets_card("Disabled or failing targets", State.DISABLED, DISABLED),
    CardKind("Refused grants today", _refusals_url, refusals_card),
    CardKind("Emergency stop", _stops_url, _stops),
    CardKind("Imports under way", _import_url, _import),
]
