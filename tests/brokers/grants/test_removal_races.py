"""A removal and grants at the same moment: each grant is refused, or in what "saved" lists."""

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import pytest

from accounts.models import Person
from brokers import catalogue
from brokers.catalogue_state import Catalogue
from brokers.grants import issue, under_way
from brokers.grants.basis import Claim, Confirmed
from brokers.grants.events import GrantScope
from brokers.grants.under_way import AwaitedGrants, GrantsUnderWay
from brokers.models import Association, AwsAccount, Target
from core.audit import AuditEvent, Event
from core.errors import CooperError
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support import removals, served
from tests.support.grants import become, web_session_of
from tests.support.races import PROCESSES, all_at_once, in_processes
from tests.support.removals import ALICE, DEV, DEVELOPERS, REMOVALS
from tests.support.stored import items_of

TIMES = 2
"""Grants of each process."""

HERS = GrantScope(people=frozenset({ALICE}))


@dataclass
class Race:
    """What came of a removal in the middle of grants."""

    finished_before: frozenset[str] = frozenset()
    saved_at: str = ""
    awaited: AwaitedGrants = field(default_factory=AwaitedGrants)

    @property
    def listed(self) -> set[str]:
        """The grants that whoever removed it was told of."""
        return {str(issued.event.grant) for issued in self.awaited.issued}


@pytest.fixture(autouse=True)
def _quick(monkeypatch, settings):
    monkeypatch.setattr(under_way, "PAUSE", 0.02)
    settings.COOPER_GRANTS_PER_MINUTE = 10_000


def grant_events(store) -> list[AuditEvent]:
    events = [AuditEvent.from_raw_data(item) for item in items_of(store, AuditEvent)]
    return [event for event in events if event.event.startswith("grant:")]


def remove_when_one_is_under_way(store, removal: Callable[[], None]) -> Race:
    """Remove as soon as one more intent is on the audit log, and wait as administration does."""
    events_before = len(grant_events(store))
    served.wait_until(lambda: len(grant_events(store)) > events_before)

    race = Race()
    grants = GrantsUnderWay()
    race.finished_before = grants._finished_before
    removal()
    race.saved_at = datetime.now(UTC).isoformat()
    race.awaited = grants.wait_for(HERS)
    return race


def check_promises(race: Race, events: list[AuditEvent]) -> None:
    """Demand of each grant that was issued that it was checked before, and is listed."""
    issued = [event for event in events if event.event == Event.GRANT_DONE]
    unlisted = {str(event.grant) for event in issued} - race.listed - race.finished_before
    assert not unlisted, "issued, and whoever took it away was not told"

    checked_late = [event for event in issued if event.facts["checked_at"] > race.saved_at]
    assert not checked_late, "a check after the saving said yes"


def concluded(events: list[AuditEvent]) -> set[str]:
    """Return the grants that have an outcome."""
    return {str(event.grant) for event in events if event.event != Event.GRANT_INTENDED}


# -- three processes -------------------------------------------------------------------------------
def become_again(alice, old: Catalogue, web_sessions: list[str]) -> None:
    """Become it some times by a catalogue from before, so that the check alone can refuse it."""
    for web_session in web_sessions:
        time.sleep(random.uniform(0, 0.06))  # noqa: S311 - not a secret
        with suppress(CooperError):
            become(alice, DEV, catalogue_now=old, web_session=web_session)


def race_processes(identity, store, removal: Callable[[], None]) -> None:
    alice = identity("alice")
    old = catalogue.current()
    sessions = [web_session_of(alice) for _ in range(PROCESSES * TIMES + 1)]
    racers = [
        partial(become_again, alice, old, sessions[number::PROCESSES][:TIMES])
        for number in range(PROCESSES)
    ]
    races: list[Race] = []
    in_processes(racers, lambda: races.append(remove_when_one_is_under_way(store, removal)))

    events = grant_events(store)
    check_promises(races[0], events)
    intents = {str(event.grant) for event in events if event.event == Event.GRANT_INTENDED}
    assert intents == concluded(events) and len(intents) == PROCESSES * TIMES

    with pytest.raises(REMOVALS[removal]):
        become(alice, DEV, catalogue_now=old, web_session=sessions[-1])


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda removal: removal.__name__)
def test_each_grant_is_refused_or_listed(identity, store, removal):
    race_processes(identity, store, removal)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(50))
@pytest.mark.parametrize("removal", REMOVALS, ids=lambda removal: removal.__name__)
def test_each_grant_is_refused_or_listed_fifty_times(identity, store, removal, number):
    race_processes(identity, store, removal)


def test_the_race_notices_a_check_that_always_says_yes(identity, store, monkeypatch):
    def say_yes(claim: Claim) -> Confirmed:
        target = Target.find(claim.target.name)
        return Confirmed(target, AwsAccount.find(target.aws_account))

    def remove() -> None:
        races.append(remove_when_one_is_under_way(store, removals.stop_all))

    alice = identity("alice")
    old = catalogue.current()
    races: list[Race] = []
    monkeypatch.setattr(issue, "check", say_yes)
    in_processes([partial(become, alice)], remove)
    check_promises(races[0], grant_events(store))

    become(alice, DEV, catalogue_now=old)
    with pytest.raises(AssertionError, match="was not told"):
        check_promises(races[0], grant_events(store))


# -- three servers ---------------------------------------------------------------------------------
def allow_all() -> None:
    Installation.update_item(STOP_SWITCH_ITEM, actions=[Installation.stopped.set(False)])


def allow_account() -> None:
    account = AwsAccount.find("222222222222")
    account.stopped = False
    catalogue.edit(lambda writes: writes.save(account), accounts=["222222222222"])


def enable_person() -> None:
    Person.update_item(ALICE, actions=[Person.disabled.set(False)])


def join_group() -> None:
    Person.update_item(ALICE, actions=[Person.groups.set([DEVELOPERS])])


def enable_target() -> None:
    Target.update_item(DEV, actions=[Target.state.set("enabled")])


def associate() -> None:
    catalogue.edit(lambda writes: writes.create(Association(DEV, DEVELOPERS)), DEV)


UNDONE = {
    removals.stop_all: allow_all,
    removals.stop_account: allow_account,
    removals.disable_person: enable_person,
    removals.leave_group: join_group,
    removals.disable_target: enable_target,
    removals.remove_association: associate,
}
"""Removals with what undoes them, so that the next round begins as this one did."""


@pytest.fixture
def browsers(store) -> Iterator[list[served.Person]]:
    """Start three servers on one store; yield Alice in two browsers at each."""
    Installation.delete_item("demo")
    environment = store.environment() | {"COOPER_GRANTS_PER_MINUTE": "10000"}
    with ExitStack() as stack:
        urls = [stack.enter_context(served.serving(environment)) for _ in range(PROCESSES)]
        people = [served.Person(url) for url in urls for _ in range(TIMES)]
        for person in people:
            assert person.sign_in("alice", "cooper-demo") == 302
        yield people


def post(browser: served.Person) -> None:
    time.sleep(random.uniform(0, 0.06))  # noqa: S311 - not a secret
    address = f"/targets/{DEV}/credentials/"
    status, text, _ = browser.ask(address, {"duration": "900"}, Accept="application/json")
    assert status < 500, text
    assert status != 200 or json.loads(text)["AccessKeyId"]


@pytest.mark.soak
def test_each_grant_of_three_servers_is_refused_or_listed(store, browsers):
    issued = 0
    for removal in list(UNDONE) * 50:
        before = {str(event.at) for event in grant_events(store)}
        posts = [partial(post, browser) for browser in browsers]
        remove = partial(remove_when_one_is_under_way, store, removal)

        race = all_at_once([remove, *posts])[0]
        events = [event for event in grant_events(store) if str(event.at) not in before]
        check_promises(race, events)
        issued += sum(event.event == Event.GRANT_DONE for event in events)

        UNDONE[removal]()
    assert issued > 0
