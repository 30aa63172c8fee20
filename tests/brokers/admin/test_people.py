"""A person's page: device, web sessions to end, and active AWS sessions with what stops them."""

import html
import json
import re
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from accounts import sessions
from accounts.models import Person, WebSession
from brokers import revocation
from brokers.grants import active_grants_for
from brokers.models import Target
from core import audit
from core.audit import AuditEvent, Event
from core.audit_history import events_of
from core.dynamo import transaction
from demo.seed import PASSWORD
from tests.support.codes import give_device, next_code
from tests.support.forms import mark_in, submit

ALICE = "/admin/accounts/person/local_3Aalice/"
PAGE, END = f"{ALICE}change/", f"{ALICE}end/"


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def become(client, target: str = "dev-read", seconds: int = 900):
    answer = client.post(
        f"/targets/{target}/credentials/",
        {"duration": seconds},
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 200
    return answer.json()


def end(client, address: str, code: str):
    """Look at what is ended, and confirm it."""
    seen = mark_in(client.get(address).text)
    return client.post(address, {"confirmed": "yes", "seen": seen, "code": code})


def policies(page: str) -> list[dict]:
    shown = page.split('id="grants-title"')[1]
    return [
        json.loads(html.unescape(each))
        for each in re.findall(r"<pre[^>]*>(.*?)</pre>", shown, re.DOTALL)
    ]


def recorded(kind: Event) -> list[AuditEvent]:
    return [each for each in events_of("local:alice") if each.event == kind]


# -- device and web sessions -----------------------------------------------------------------------
def test_it_says_whether_there_is_a_device_and_since_when_and_shows_no_seed(carol, client_of):
    client_of("alice")
    assert '<div class="readonly">none</div>' in carol.get(PAGE).text
    give_device("alice")
    assert "has one" in carol.get(PAGE).text
    assert "local:developers" in carol.get(PAGE).text


def test_it_shows_the_living_web_sessions_alone(carol, client_of):
    client_of("bob")
    assert "Not signed in anywhere" not in carol.get(PAGE.replace("alice", "bob")).text
    alice, other = client_of("alice"), client_of("alice")
    page = carol.get(PAGE).text
    assert page.count("?session=") == 2 and f"{datetime.now(UTC):%Y-%m-%d}" in page
    alice.post("/logout/")
    assert carol.get(PAGE).text.count("?session=") == 1
    [stored] = [each for each in WebSession.scan() if each.person == "local:alice"]
    stored.touched_at = int(stored.touched_at) - 1801
    stored.save()
    assert "Not signed in anywhere" in carol.get(PAGE).text and other.get("/").status_code == 302


def test_it_shows_from_where_and_since_when_as_people_see_it_themselves(carol, client_of):
    alice = client_of("alice", headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
    alice.post("/logout/")
    credentials = {"username": "alice", "password": PASSWORD}
    assert alice.post("/login/", credentials).status_code == 302
    own = alice.get("/me/").text
    page = carol.get(PAGE).text
    for seen in (own, page):
        assert "Firefox on Linux" in seen and "127.0.0.1" in seen
        heads = re.findall(r'<th scope="col">([A-Z][^<]*)</th>', seen)
        assert heads[:4] == ["Browser", "Address", "Signed in", "Last seen"]

    words = page.partition("Web sessions</h2>")
    assert "Last sign-in" in words[0] and "Last seen" not in words[0]
    assert "Last used" not in page
    assert "Firefox on Linux at 127.0.0.1, signed in" in carol.get(END).text


def test_it_shows_no_cookie(carol, client_of):
    alice = client_of("alice")
    cookie = alice.cookies["cooper"].value
    assert cookie and cookie not in carol.get(PAGE).text


def test_it_ends_one_web_session_with_a_code(carol, client_of):
    first, second = client_of("alice"), client_of("alice")
    key = sessions.hash_session_key(first.cookies["cooper"].value)
    address = f"{END}?session={key}"
    assert "ends." in carol.get(address).text and first.get("/").status_code == 200
    assert end(carol, address, "").status_code == 400 and first.get("/").status_code == 200
    assert end(carol, address, next_code("carol")).headers["Location"] == PAGE
    assert first.get("/").status_code == 302 and second.get("/").status_code == 200
    [event] = recorded(Event.SESSION_ENDED)
    assert (
        event.person == "local:carol"
        and event.facts["step_up"] == "code"
        and key not in event.details
    )


def test_it_ends_all_web_sessions_with_a_code(carol, client_of):
    first, second, bob = client_of("alice"), client_of("alice"), client_of("bob")
    assert carol.get(END).text.count("ends.") == 2
    end(carol, END, next_code("carol"))
    assert [each.get("/").status_code for each in (first, second, bob)] == [302, 302, 200]
    assert (
        len(recorded(Event.SESSIONS_ENDED)) == 1
        and "Not signed in anywhere" in carol.get(PAGE).text
    )


def test_it_ends_nothing_by_get_or_without_being_confirmed(carol, client_of):
    alice = client_of("alice")
    carol.get(f"{END}?confirmed=yes&code={next_code('carol')}")
    carol.post(END, {"code": next_code("carol"), "seen": mark_in(carol.get(END).text)})
    assert alice.get("/").status_code == 200 and recorded(Event.SESSIONS_ENDED) == []


def test_it_shows_again_what_is_ended_when_that_is_different_by_now(carol, client_of):
    first = client_of("alice")
    seen = mark_in(carol.get(END).text)
    second = client_of("alice")
    answer = carol.post(END, {"confirmed": "yes", "seen": seen, "code": next_code("carol")})
    assert "changed since you looked" in answer.text and answer.text.count(" UTC ends.") == 2
    assert first.get("/").status_code == 200 and second.get("/").status_code == 200


def test_a_strange_session_ends_nothing(carol, client_of):
    alice, bob = client_of("alice"), client_of("bob")
    address = f"{END}?session={sessions.hash_session_key(bob.cookies['cooper'].value)}"
    assert "has ended already" in carol.get(address).text
    end(carol, address, next_code("carol"))
    assert (
        alice.get("/").status_code == 200
        and bob.get("/").status_code == 200
        and recorded(Event.SESSION_ENDED) == []
    )


def test_it_takes_an_administrator_without_a_device_to_set_one_up(client_of):
    client_of("alice")
    assert client_of("dan").get(END).headers["Location"].startswith("/device/")


# -- AWS sessions ----------------------------------------------------------------------------------
def user_id(store, given) -> str:
    """Return what AWS calls the session, as its policies see it."""
    client = boto3.client(
        "sts",
        endpoint_url=store.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    return client.get_caller_identity()["UserId"]


def test_it_shows_each_living_grant_with_the_policy_that_stops_it(carol, client_of, store):
    alice = client_of("alice")
    became = [become(alice, target) for target in ("dev-read", "dev-uploads")]
    page = carol.get(PAGE).text
    assert became[0]["Expiration"][:16].replace("T", " ") in page
    federated, federated_for_good, role, role_for_good = policies(page)
    for for_good in (federated_for_good, role_for_good):
        assert "DateLessThan" not in for_good["Statement"][0]["Condition"]
    for policy in (federated, role):
        [statement] = policy["Statement"]
        assert (statement["Effect"], statement["Action"], statement["Resource"]) == (
            "Deny",
            "*",
            "*",
        )
        issued = datetime.fromisoformat(
            statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
        )
        # the deadline of a grant, and by how much clocks may differ
        margin = timedelta(seconds=10, minutes=5)
        assert abs(datetime.now(UTC) + margin - issued) < timedelta(seconds=60)
    assert role["Statement"][0]["Condition"]["StringEquals"] == {
        "aws:SourceIdentity": store.issued[-2].source_identity
    }
    assert federated["Statement"][0]["Condition"]["StringEquals"] == {
        "aws:userid": user_id(store, became[1])
    }
    assert "inline policy of the role dev-read in AWS account 222222222222" in page
    assert "does not stop" in page and "IAM user behind this target" in page


def test_it_goes_by_the_session_where_no_source_identity_is_carried(carol, client_of, store):
    target = Target.find("dev-read")
    target.source_identity = False
    target.save()
    given = become(client_of("alice"))
    policy, _ = policies(carol.get(PAGE).text)
    pattern = policy["Statement"][0]["Condition"]["StringLike"]["aws:userid"]
    assert pattern.startswith("*:") and user_id(store, given).endswith(pattern[1:])


def test_it_shows_a_grant_until_its_credentials_end(store, client_of):
    become(client_of("alice"), seconds=900)
    now = datetime.now(UTC)
    assert len(active_grants_for("local:alice", now)) == 1
    assert len(active_grants_for("local:alice", now + timedelta(seconds=880))) == 1
    assert active_grants_for("local:alice", now + timedelta(seconds=901)) == []
    assert active_grants_for("local:bob", now) == []


def put(kind: Event, ago: timedelta, grant: str, outcome: str = "", **facts) -> None:
    day, at = audit.event_key(datetime.now(UTC) - ago, grant)
    known = {
        "person": "local:alice",
        "target": "dev-read",
        "aws_account": "222222222222",
        "grant": grant,
        **facts,
    }
    with transaction() as writes:
        writes.create(audit.event(kind, at=(day, at + outcome), **known))


def test_it_shows_what_may_have_been_issued_and_not_what_failed(carol, client_of):
    client_of("alice")
    facts = {
        "target_kind": "role",
        "session_name": "alice.unsure",
        "source_identity": "alice.x",
        "seconds": 3600,
    }
    put(Event.GRANT_INTENDED, timedelta(minutes=30), "unsure", **facts)
    put(Event.GRANT_INTENDED, timedelta(minutes=90), "over", **facts)
    moment = timedelta(minutes=5)
    put(Event.GRANT_INTENDED, moment, "failed", **facts)
    put(Event.GRANT_FAILED, moment - timedelta(microseconds=1), "failed", "#outcome", **facts)
    page = carol.get(PAGE).text
    assert len(policies(page)) == 2 and "may have been issued" in page and "alice.unsure" in page


def test_it_does_not_show_a_grant_that_was_refused_after_its_intent(carol, client_of):
    client_of("alice")
    facts = {"target_kind": "role", "session_name": "alice.late", "seconds": 3600}
    put(Event.GRANT_INTENDED, timedelta(minutes=5), "late", **facts)
    put(Event.GRANT_STOPPED, timedelta(minutes=5), "late", "#outcome", **facts)
    assert "alice.late" not in carol.get(PAGE).text


def test_it_finds_a_grant_of_36_hours(store, client_of):
    client_of("alice")
    ends = datetime.now(UTC) + timedelta(minutes=5)
    put(
        Event.GRANT_DONE,
        timedelta(hours=35, minutes=55),
        "long",
        expires_at=ends.isoformat(),
        target_kind="federated_user",
    )
    assert [each.ends for each in active_grants_for("local:alice", datetime.now(UTC))] == [ends]


def test_it_says_so_where_nothing_lives(carol, client_of):
    client_of("alice")
    assert "nothing that cooper handed out" in carol.get(PAGE).text


@pytest.mark.parametrize(
    "zone", [UTC, datetime.now().astimezone().tzinfo], ids=["UTC", "of this machine"]
)
def test_its_policies_fit_into_iam(zone):
    now = datetime.now(UTC).astimezone(zone)
    made = revocation.revocation_of_person("x" * 64, "p" * 600, "the role r", "222222222222", now)
    assert (
        len(json.dumps(json.loads(made.policy), separators=(",", ":"))) < 2048
    )  # an IAM user's inline policies
    assert json.loads(made.policy)["Statement"][0]["Condition"]["DateLessThan"][
        "aws:TokenIssueTime"
    ].endswith("Z")


def test_the_page_still_changes_the_person(carol, client_of):
    alice = client_of("alice")
    become(alice)
    assert submit(carol, PAGE, "person_form", disabled="on").status_code == 302
    assert Person.find("local:alice").disabled and len(policies(carol.get(PAGE).text)) == 2


def test_a_persons_history_has_what_they_did_and_what_was_done_to_them(carol, client_of):
    become(client_of("alice"))
    submit(carol, PAGE, "person_form", disabled="on")
    page = carol.get(f"{ALICE}history/").text
    assert "disabled a person" in page and "local:carol" in page and "signed in" in page.lower()
    assert f'href="{ALICE}history/"' in carol.get(PAGE).text
