"""What a person is shown once is in items of its own: nothing but sign-in writes the person."""

import re

import pytest

from accounts import administrators, notices, totp
from accounts.models import OnceRecord, Person
from core import audit
from core.dynamo import transaction
from demo.seed import PASSWORD
from tests.conftest import sign_in
from tests.support.codes import give_device
from tests.support.events import all_events

ALICE = "local:alice"
TEXT = "Your device for one-time codes was reset by local:carol on some day."


def post_sign_in(browser) -> str:
    """Return the page after the sign-in."""
    form = {"username": "alice", "password": PASSWORD}
    return browser.post("/login/", form, follow=True).text


def test_a_notice_is_shown_at_the_next_sign_in_once(client_of):
    client_of("alice")
    give_device("alice")
    totp.reset_device(ALICE, by="local:carol")
    version = Person.find(ALICE).version

    assert "was reset by local:carol" in post_sign_in(client_of(None))
    assert Person.find(ALICE).version == version + 1, "the sign-in itself writes the person, once"
    assert "was reset by local:carol" not in post_sign_in(client_of(None))
    assert notices.waiting_for(ALICE) == ""


def test_a_newer_notice_takes_the_place_of_an_older_one(store):
    for text in ("first", "second"):
        with transaction() as writes:
            notices.leave(writes, ALICE, text)
    assert notices.waiting_for(ALICE) == "second"
    assert notices.waiting_for("local:bob") == ""


def test_a_notice_of_an_earlier_cooper_is_shown_once_as_well(client_of):
    client_of("alice")
    person = Person.find(ALICE)
    person.notice = TEXT
    person.save()

    assert TEXT in post_sign_in(client_of(None))
    assert Person.find(ALICE).notice is None
    assert TEXT not in post_sign_in(client_of(None))


def test_a_notice_of_an_earlier_cooper_is_not_lost_when_the_sign_in_is(client_of, monkeypatch):
    client_of("alice")
    person = Person.find(ALICE)
    person.notice = TEXT
    person.save()

    monkeypatch.setattr("django.contrib.auth.login", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sign_in(client_of(None), "alice")
    monkeypatch.undo()
    assert TEXT in post_sign_in(client_of(None))


def make_administrator(person: str) -> str:
    """Return the place of the event in the audit log."""
    with transaction() as writes:
        administrators.guard_admin_change(writes, person, was=False, will=True)
    return max(event.at for event in all_events() if event.facts.get("object") == person)


def new_admins(person: str) -> list[str]:
    events = administrators.unacknowledged_new_admins(Person.find(person))
    return [event.facts["object"] for event in events]


def test_acknowledging_new_administrators_leaves_the_person_alone(client_of):
    client_of("carol")
    until = make_administrator("local:eve")
    carol = Person.find("local:carol")
    administrators.acknowledge_new_admins(carol, until)
    assert Person.find("local:carol").version == carol.version
    assert new_admins("local:carol") == []

    make_administrator("local:mallory")
    assert new_admins("local:carol") == ["local:mallory"]
    client_of("dan")
    assert new_admins("local:dan") == ["local:eve", "local:mallory"]


def test_whoever_makes_an_administrator_is_not_told_of_it_but_all_others_are(
    client_of, monkeypatch
):
    client_of("carol")
    client_of("dan")
    monkeypatch.setattr(administrators, "NOTICE_LIMIT", 2)
    with audit.acting(person="local:carol"):
        for name in ("one", "two", "three"):
            make_administrator(f"local:{name}")
    with audit.acting(person="local:dan"):
        make_administrator("local:eve")
    # one's own do not use up what is told at once
    assert new_admins("local:carol") == ["local:eve"]
    assert new_admins("local:dan") == ["local:one", "local:two"]


def test_the_notice_is_one_line_whose_link_says_where_it_leads(client_of):
    carol = client_of("carol")
    make_administrator("local:eve")
    first = notice_of(carol)
    assert first.startswith("local:eve was made an administrator by")
    assert first.endswith(" Look at it, and confirm it with a code")

    make_administrator("local:mallory")
    assert "local:mallory" not in notice_of(carol)
    assert "And 1 more." in notice_of(carol)


def notice_of(carol) -> str:
    [notice] = re.findall(
        r'<section class="notice"[^>]*>(.*?)</section>', carol.get("/admin/").text, re.DOTALL
    )
    return " ".join(re.sub(r"<[^>]+>", " ", notice).split())


def test_what_was_acknowledged_with_an_earlier_cooper_still_is(client_of):
    client_of("carol")
    until = make_administrator("local:eve")
    carol = Person.find("local:carol")
    carol.administrators_seen = until
    carol.save()
    assert new_admins("local:carol") == []

    newest = make_administrator("local:mallory")
    administrators.acknowledge_new_admins(Person.find("local:carol"), newest)
    assert new_admins("local:carol") == []


def test_nothing_is_stored_under_a_person_s_own_name(store):
    with transaction() as writes:
        notices.leave(writes, "okta:" + "x" * 1500, "text")
        notices.acknowledge(writes, "okta:" + "x" * 1500, "until")
    keys = [str(record.what) for record in OnceRecord.everything()]
    assert len(keys) == 2 and all(len(key) < 100 for key in keys)
