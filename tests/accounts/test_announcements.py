"""Announcements: on the next page of each web session, without a further call, until put away."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts import announcements
from accounts.announcements import Announcement, Happening
from accounts.models import StoredPreferences
from accounts.preferences import preferences_key, set_theme
from accounts.sessions import SIGNED_IN_FROM
from core.errors import CooperError
from tests.support import clock, faults

ALICE = "local:alice"
HERE = "127.0.0.1"
NO_WRITE = faults.Fault(operation="UpdateItem", table="once", mode="deny")


def announce(client: str = "cli-of-alice", person: str = ALICE, **facts: object) -> Announcement:
    announcement = Announcement(Happening.COMMAND_LINE, client, "203.0.113.7", **facts)
    announcements.announce(person, announcement)
    return announcement


def page(browser, path: str = "/") -> str:
    return browser.get(path).content.decode()


def signed_in_from(browser, address: str):
    session = browser.session
    session[SIGNED_IN_FROM] = {"address": address, "browser": "Firefox"}
    session.save()
    return browser


def put_away(browser, *ids: str, **fields: str):
    return browser.post("/announcements/seen/", {"announcement": ids, **fields})


def stored() -> dict:
    item = StoredPreferences.find(preferences_key(ALICE))
    return item.announcements.as_dict()


# -- shown -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/", "/me/", "/command-line/", "/credentials/"])
def test_it_is_at_the_top_of_whatever_page_comes_next(client_of, path):
    announce()
    shown = page(client_of("alice"), path)
    assert "A new command line signed in as you: cli-of-alice, from 203.0.113.7." in shown
    assert 'href="/command-line/#mine"' in shown
    assert shown.index("cli-of-alice") < shown.index("<h1")


def test_it_is_on_the_pages_of_the_administration_too(client_of):
    announce(person="local:carol")
    assert "cli-of-alice" in page(client_of("carol"), "/admin/")


def test_each_web_session_of_the_person_shows_it_and_nobody_elses(client_of):
    first, second = client_of("alice"), client_of("alice")
    announce()
    for browser in (first, second):
        assert "cli-of-alice" in page(browser)
    for browser in (client_of("bob"), client_of(None)):
        assert "cli-of-alice" not in page(browser, "/login/")
    assert "cli-of-alice" not in page(client_of("bob"))


def test_it_costs_a_page_no_call(client_of):
    alice = client_of("alice")
    page(alice)
    before = calls_of(alice)
    announce()
    assert calls_of(alice) == before


def calls_of(browser) -> list[str]:
    faults.clear()
    page(browser)
    return [call.operation for call in faults.journal()]


def test_what_a_stranger_calls_themselves_is_text(client_of):
    announce("<script>{client}{0}</script>\u202e" + "x" * 500)
    shown = page(client_of("alice"))
    assert "<script>{client}" not in shown and "&lt;script&gt;{client}{0}" in shown
    assert len(stored().popitem()[1]["client"]) == announcements.LONGEST


def test_the_answer_to_a_form_has_none(client_of):
    alice = client_of("alice")
    announce()
    assert "cli-of-alice" not in alice.post("/credentials/", {}).content.decode()


def test_it_is_shown_no_more_after_three_months(client_of):
    announce(at=datetime.now(UTC) - timedelta(days=91))
    assert "cli-of-alice" not in page(client_of("alice"))


@pytest.mark.parametrize("entry", ["text", {"happening": "another"}, {}])
def test_what_another_cooper_keeps_there_is_passed_over(client_of, entry):
    announce()
    actions = [StoredPreferences.announcements.set({"one": entry})]
    StoredPreferences.update_item(preferences_key(ALICE), actions=actions)
    assert client_of("alice").get("/").status_code == 200


# -- kept ------------------------------------------------------------------------------------------
def test_it_stands_beside_the_preferences(client_of):
    set_theme(ALICE, "dark")
    announce()
    assert 'data-theme="dark"' in page(client_of("alice"))


def test_the_newest_are_kept_and_the_same_one_once(store):
    for number in range(announcements.MOST + 3):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
        for _ in range(2):
            announce(f"cli-{number}", id=f"id{number}", at=at)
    kept = {entry["client"] for entry in stored().values()}
    assert kept == {f"cli-{number}" for number in range(3, announcements.MOST + 3)}


def test_what_cannot_be_kept_is_an_error(store):
    with faults.on(NO_WRITE), pytest.raises(CooperError):
        announce()


# -- put away --------------------------------------------------------------------------------------
def test_it_is_put_away_for_this_web_session_alone(client_of):
    here, elsewhere = client_of("alice"), client_of("alice")
    announcement = announce()
    answer = put_away(here, announcement.id, next="/me/?before=x")
    assert answer["Location"] == "/me/?before=x"
    assert "cli-of-alice" not in page(here)
    assert "cli-of-alice" in page(elsewhere)


def test_later_web_sessions_from_that_address_do_not_show_it_and_others_do(client_of):
    announcement = announce()
    put_away(client_of("alice"), announcement.id)
    clock.shift(5)
    assert "cli-of-alice" not in page(signed_in_from(client_of("alice"), HERE))
    for address in ("198.51.100.9", ""):
        assert "cli-of-alice" in page(signed_in_from(client_of("alice"), address))


def test_a_web_session_that_does_not_say_when_it_began_shows_it(client_of):
    announcement = announce()
    put_away(client_of("alice"), announcement.id)
    clock.shift(5)
    browser = signed_in_from(client_of("alice"), HERE)
    session = browser.session
    del session["authenticated_at"]
    session.save()
    assert "cli-of-alice" in page(browser, "/me/")


def test_a_later_one_is_shown_again(client_of):
    alice = client_of("alice")
    put_away(alice, announce("first").id)
    announce("second")
    shown = page(alice)
    assert "second" in shown and "first" not in shown


@pytest.mark.parametrize("ids", [[], ["nonsense"], ["x" * 100_000], ["a"] * 500])
def test_nonsense_puts_nothing_away(client_of, ids):
    alice = client_of("alice")
    announce()
    assert put_away(alice, *ids).status_code == 302
    assert "cli-of-alice" in page(alice)


def test_it_takes_the_csrf_token_and_its_person(client_of):
    announcement = announce()
    alice = client_of("alice", enforce_csrf_checks=True)
    assert put_away(alice, announcement.id).status_code == 403
    put_away(client_of("bob"), announcement.id)
    assert alice.get(f"/announcements/seen/?announcement={announcement.id}").status_code == 302
    assert "cli-of-alice" in page(alice)


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example/"])
def test_it_never_leads_away(client_of, place):
    assert put_away(client_of("alice"), announce().id, next=place)["Location"] == "/"
