"""What "saved" promises where something is taken away: the grants under way are waited for."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from brokers.grants import under_way
from core import audit
from core.audit import Event
from core.dynamo import transaction
from tests.support.fault_admin_writes import ADMIN_WRITES, PEOPLE, TARGETS
from tests.support.fault_flows import act, delete, form
from tests.support.forms import confirmed

TARGET = f"/admin/{TARGETS}/dev-read/change/"
ALICE = f"/admin/{PEOPLE}/local_3Aalice/"
ASSOCIATION = "/admin/brokers/association/dev-read%7Clocal_3Adevelopers/change/"


def end_sessions(carol):
    return confirmed(carol, f"{ALICE}end/", confirmed="yes")


REMOVALS = {
    **{
        name: ADMIN_WRITES[name].flow
        for name in (
            "stop all grants",
            "stop an AWS account",
            "disable several targets",
            "delete a target",
            "delete an association",
            "disable a person",
            "end web sessions",
            "reset a device",
            "change a local account",
        )
    },
    "disable a target": form(TARGET, "target_form", enabled=None),
    "end a target's association": form(TARGET, "target_form", **{"associations-0-DELETE": "on"}),
    "change what a target is": form(TARGET, "target_form", session_policy="", max_seconds="900"),
    "let an association end": form(ASSOCIATION, "association_form", until="2030-01-01"),
    "delete several targets": act(TARGETS, "delete_chosen", "dev-read", "dev-admin"),
    "delete several associations": act(
        "brokers/association", "delete_chosen", "dev-read|local:developers"
    ),
    "dissociate a group": act(TARGETS, "dissociate", "dev-read", group="local:developers"),
    "delete a local account": delete("/admin/accounts/localaccount/alice/delete/"),
    "end all web sessions of a person": end_sessions,
}
"""Every operation that takes something away from Alice, who has a grant of dev-read under way."""

HARMLESS = {
    "name a target": form(TARGET, "target_form", title="New"),
    "entitle another group": ADMIN_WRITES["entitle a group"].flow,
    "add an association": ADMIN_WRITES["add an association"].flow,
    "add a local account": ADMIN_WRITES["add a local account"].flow,
    "stop another AWS account": form(
        "/admin/brokers/awsaccount/444444444444/change/", "awsaccount_form", stopped="on"
    ),
    "disable somebody else": form(
        f"/admin/{PEOPLE}/local_3Abob/change/", "person_form", disabled="on"
    ),
}


def put_intent(grant: str, ago: timedelta = timedelta(seconds=1), **facts) -> tuple[str, str]:
    """Record the intent of a grant of Alice; return its key."""
    key = audit.event_key(datetime.now(UTC) - ago, grant)
    known = {
        "person": "local:alice",
        "target": "dev-read",
        "aws_account": "222222222222",
        "grant": grant,
        "seconds": 900,
        **facts,
    }
    with transaction() as writes:
        writes.create(audit.event(Event.GRANT_INTENDED, at=key, **known))
    return key


@pytest.fixture
def carol(client_of, monkeypatch):
    monkeypatch.setattr(under_way, "LONGEST_WAIT", 0.0)
    for name in ("alice", "bob"):
        # so that they are people whom an administrator can act on
        client_of(name)
    return client_of("carol")


def pages_of(carol, flow) -> str:
    """Do an operation; return what its answer and the next page say."""
    answer = flow(carol)
    assert answer.status_code in (200, 302), answer.text
    return answer.text + carol.get("/admin/").text


UNDER_WAY = re.compile(r"\d+ grants? w(?:as|ere) under way when this was saved")


@pytest.mark.parametrize("name", REMOVALS)
def test_it_says_what_was_under_way_when_something_was_taken_away(carol, name):
    put_intent("planted")
    pages = pages_of(carol, REMOVALS[name])
    assert UNDER_WAY.findall(pages) == ["1 grant was under way when this was saved"]
    assert "May have been issued to local:alice: dev-read in AWS account 222222222222" in pages
    assert f"{ALICE}change/#grants-title" in pages


@pytest.mark.parametrize("name", REMOVALS)
def test_it_says_nothing_where_nothing_is_under_way(carol, name):
    assert not UNDER_WAY.search(pages_of(carol, REMOVALS[name]))


@pytest.mark.parametrize("name", HARMLESS)
def test_it_says_nothing_where_nothing_is_taken_from_it(carol, name):
    put_intent("planted")
    assert not UNDER_WAY.search(pages_of(carol, HARMLESS[name]))
