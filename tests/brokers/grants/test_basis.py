"""What a grant rests on: all of it is there and says yes, or the grant is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from accounts.identity import Group, Identity
from accounts.models import Person, WebSession
from brokers.entitlements import Entitlement
from brokers.errors import ChangedMeanwhile, Stopped, TargetNotAccessible
from brokers.grants.basis import Basis, Claim, confirm
from brokers.models import Association, AwsAccount, State, Target
from core.installation import STOP_SWITCH_ITEM, Installation

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ACCOUNT = "222222222222"
ADMINS = Group("okta", "prod-admins")
OTHERS = Group("okta", "others")

ALICE = Identity("okta", "alice", groups=frozenset({ADMINS, OTHERS}), epoch=3)


def target(**changes: object) -> Target:
    values = {"name": "prod", "kind": "role", "aws_account": ACCOUNT, "version": 7}
    return Target(**values | {"state": str(State.ENABLED)} | changes)


def account(**changes: object) -> AwsAccount:
    return AwsAccount(**{"account_id": ACCOUNT, "external_id": "e", "stopped": False} | changes)


def person(**changes: object) -> Person:
    values = {"person": "okta:alice", "groups": [str(ADMINS)], "epoch": 3, "disabled": False}
    return Person(**values | changes)


def association(**changes: object) -> Association:
    return Association(**{"target": "prod", "group": str(ADMINS)} | changes)


def web_session(**changes: object) -> WebSession:
    moment = int(NOW.timestamp())
    values = {"key_hash": "k", "data": "", "person": "okta:alice"}
    return WebSession(**values | {"created_at": moment - 60, "touched_at": moment} | changes)


def switch(**changes: object) -> Installation:
    return Installation(**{"name": STOP_SWITCH_ITEM, "stopped": False} | changes)


def without(document, *names: str):
    """Return a document as it is read where its item lacks attributes."""
    for name in names:
        document.attribute_values.pop(name, None)
    return document


def basis(**changes: object) -> Basis:
    documents = {
        "stop_switch": switch(),
        "account": account(),
        "person": person(),
        "target": target(),
        "association": association(),
        "session": web_session(),
    }
    return Basis(**documents | changes)


def claim(until: datetime | None = None) -> Claim:
    entitlement = Entitlement("prod", (ADMINS, OTHERS), until, ADMINS)
    return Claim(ALICE, target(), entitlement, "k")


def refused(documents: Basis, decided: Claim | None = None):
    """Return the refusal of a grant that rests on these documents."""
    with pytest.raises((Stopped, ChangedMeanwhile, TargetNotAccessible)) as refusal:
        confirm(documents, decided or claim(), NOW)
    return refusal.value


# -- yes -------------------------------------------------------------------------------------------
def test_it_goes_on_with_the_target_and_account_as_they_are_now():
    now = basis(account=account(external_id="now"))
    assert confirm(now, claim(), NOW) == (now.target, now.account)


def test_other_groups_of_the_person_do_not_matter():
    assert confirm(basis(person=person(groups=["okta:new", str(ADMINS)])), claim(), NOW)


@pytest.mark.parametrize(
    ("until", "decided"),
    [
        (NOW + SECOND, NOW + SECOND),
        (NOW + 2 * SECOND, NOW + SECOND),
        (None, NOW + SECOND),
        (None, None),
    ],
    ids=["as decided", "later", "without end now", "without end"],
)
def test_the_association_may_end_as_was_decided_by_or_later(until, decided):
    assert confirm(basis(association=association(until=until)), claim(decided), NOW)


# -- absence never says yes ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "refusal", "detail"),
    [
        ("stop_switch", Stopped, "all grants stopped"),
        ("account", Stopped, f"AWS account {ACCOUNT} stopped"),
        ("person", ChangedMeanwhile, "person disabled, or in a new epoch or group"),
        ("target", ChangedMeanwhile, "target changed meanwhile"),
        ("association", TargetNotAccessible, f"association of {ADMINS} removed meanwhile"),
        ("session", ChangedMeanwhile, "web session ended"),
    ],
)
def test_what_is_not_there_says_no(name, refusal, detail):
    error = refused(basis(**{name: None}))
    assert type(error) is refusal and error.detail == detail


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("stop_switch", without(switch(), "stopped")),
        ("account", without(account(), "stopped")),
        ("person", without(person(), "disabled")),
        ("person", without(person(), "epoch")),
        ("person", without(person(), "groups")),
        ("target", without(target(), "state")),
        ("target", without(target(), "version")),
        ("session", without(web_session(), "person")),
    ],
)
def test_an_attribute_that_is_not_stored_says_no(name, document):
    assert refused(basis(**{name: document}))


def test_a_target_without_a_version_is_no_unchanged_one():
    unversioned = without(target(), "version")
    assert refused(basis(target=unversioned), replace(claim(), target=unversioned))


def test_nothing_there_says_no():
    assert refused(Basis(None, None, None, None, None, None))


# -- each says no by itself ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "refusal", "words"),
    [
        ({"stop_switch": switch(stopped=True)}, Stopped, "All grants are stopped"),
        ({"account": account(stopped=True)}, Stopped, "Grants in this AWS account are stopped"),
        ({"person": person(disabled=True)}, ChangedMeanwhile, "signed out or disabled"),
        ({"person": person(epoch=4)}, ChangedMeanwhile, "signed out or disabled"),
        ({"person": person(epoch=2)}, ChangedMeanwhile, "signed out or disabled"),
        ({"person": person(groups=[str(OTHERS)])}, ChangedMeanwhile, "signed out or disabled"),
        ({"person": person(groups=[])}, ChangedMeanwhile, "signed out or disabled"),
        ({"person": person(groups=["local:prod-admins"])}, ChangedMeanwhile, "signed out"),
        ({"target": target(version=8)}, ChangedMeanwhile, "changed or disabled a moment ago"),
        ({"target": target(version=6)}, ChangedMeanwhile, "changed or disabled a moment ago"),
        ({"target": target(state="disabled")}, ChangedMeanwhile, "changed or disabled"),
        ({"target": target(state="pending")}, ChangedMeanwhile, "changed or disabled"),
        ({"target": target(state="deleted")}, ChangedMeanwhile, "changed or disabled"),
        ({"session": web_session(person="okta:bob")}, ChangedMeanwhile, "Sign in again"),
        ({"session": web_session(person=None)}, ChangedMeanwhile, "Sign in again"),
    ],
)
def test_one_no_is_enough(changes, refusal, words):
    error = refused(basis(**changes))
    assert type(error) is refusal and words in error.message


@pytest.mark.parametrize("until", [NOW, NOW - SECOND], ids=["at its very end", "after it"])
def test_an_association_that_ended_says_no(until):
    error = refused(basis(association=association(until=until)), claim(until))
    assert type(error) is TargetNotAccessible
    assert error.message == TargetNotAccessible("").message


@pytest.mark.parametrize("decided", [None, NOW + 2 * SECOND], ids=["no end", "a later end"])
def test_an_association_that_was_shortened_says_no(decided):
    error = refused(basis(association=association(until=NOW + SECOND)), claim(decided))
    assert type(error) is ChangedMeanwhile and "shortened" in error.message


@pytest.mark.parametrize(
    ("times", "is_active"),
    [
        ({"touched_at": 0}, True),
        ({"touched_at": -1799}, True),
        ({"touched_at": -1800}, False),
        ({"created_at": -43_199}, True),
        ({"created_at": -43_200}, False),
        ({"ends_at": 1}, True),
        ({"ends_at": 0}, False),
    ],
)
def test_a_web_session_says_yes_until_its_idle_and_absolute_end(settings, times, is_active):
    settings.COOPER_SESSION_IDLE, settings.SESSION_COOKIE_AGE = 1800, 43_200
    moment = int(NOW.timestamp())
    session = web_session(**{name: moment + seconds for name, seconds in times.items()})
    if is_active:
        assert confirm(basis(session=session), claim(), NOW)
    else:
        assert refused(basis(session=session)).detail == "web session ended"


def test_a_stop_is_told_before_everything_else():
    everything = basis(stop_switch=switch(stopped=True), person=None, target=None, association=None)
    assert "All grants are stopped" in refused(everything).message
