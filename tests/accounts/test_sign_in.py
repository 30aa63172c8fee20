"""Signing in, web sessions, and who may still come in."""

import re
import time

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client

from accounts import passwords, throttle
from accounts.models import LocalAccount, Person, WebSession
from accounts.providers import local
from accounts.sessions import SessionStore, hash_session_key
from core.audit import AuditEvent
from core.dynamo import documents, transaction
from demo.seed import PASSWORD
from tests.support import clock
from tests.support.events import all_events
from tests.support.forms import errors_in
from tests.support.stored import items_of

RIGHT = {"username": "alice", "password": PASSWORD}
WRONG = {"username": "alice", "password": "not the password"}


@pytest.fixture
def browser(client_of):
    return client_of(None)


def test_it_signs_alice_in_and_shows_her_targets(browser):
    answer = browser.post("/login/", RIGHT, follow=True)
    assert answer.status_code == 200 and "Development, read only" in answer.text
    [event] = [e for e in all_events() if e.event == "person:sign-in:done"]
    assert event.person == "local:alice" and event.source == "127.0.0.1" and event.request_id


def test_it_leads_on_to_the_page_that_was_asked_for(browser):
    asked = browser.get("/targets/dev-read/")
    assert asked.headers["Location"] == "/login/?next=%2Ftargets%2Fdev-read%2F"
    answer = browser.post("/login/", RIGHT | {"next": "/targets/dev-read/"})
    assert answer.headers["Location"] == "/targets/dev-read/"


@pytest.mark.parametrize(
    "next_page",
    ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", "evil"],
)
def test_it_never_leads_to_another_site(browser, next_page):
    assert browser.post("/login/", RIGHT | {"next": next_page}).headers["Location"] == "/"


@pytest.mark.parametrize(
    "spelling",
    ["Alice", " alice ", "ALICE", "\uff41\uff4c\uff49\uff43\uff45"],
    ids=["case", "blanks", "upper", "full-width"],
)
def test_it_knows_one_account_under_every_spelling(browser, spelling):
    assert browser.post("/login/", RIGHT | {"username": spelling}).status_code == 302
    assert [str(p.person) for p in Person.everything()] == ["local:alice"]


def answers(browser, **form):
    page = browser.post("/login/", form)
    token = page.context["csrf_token"]
    return page.status_code, page.text.replace(str(token), "").replace(form["username"], "")


def test_it_does_not_tell_which_names_exist(browser, store):
    disabled = LocalAccount.find("bob")
    disabled.disabled = True
    with transaction() as writes:
        writes.save(disabled)
    seen = {
        answers(browser, username="alice", password="wrong"),
        answers(browser, username="nobody", password="wrong"),
        answers(browser, username="bob", password=PASSWORD),
    }
    assert len(seen) == 1 and seen.pop()[0] == 403


def test_it_records_refused_sign_ins_without_the_password(browser):
    browser.post("/login/", WRONG)
    [event] = [e for e in all_events() if e.event == "person:sign-in:refused"]
    assert "alice" in event.why and "not the password" not in str(event.serialize())


def refusals() -> list[AuditEvent]:
    return [e for e in all_events() if e.event == "person:sign-in:refused"]


@pytest.mark.parametrize("tries", [1, 7])
def test_it_keeps_no_password_that_was_typed_as_the_name(browser, store, caplog, tries):
    typed = "Correct-Horse_battery.4711"
    with caplog.at_level("DEBUG"):
        for _ in range(tries):
            browser.post("/login/", {"username": typed, "password": "x"})

    kept = [str(items_of(store, document)) for document in documents()]
    assert typed.lower() not in " ".join([*kept, caplog.text]).lower()
    assert len(refusals()) == tries and "unknown name" in refusals()[0].why


def test_the_audit_log_tells_the_same_unknown_name_from_another(browser):
    for username in ("nobody-1", "nobody-2", "NOBODY-1"):
        browser.post("/login/", {"username": username, "password": "x"})
    names = sorted(event.why for event in refusals())
    assert len(set(names)) == 2


def test_it_stops_guessing_before_hashing(browser, monkeypatch):
    hashes = []
    monkeypatch.setattr(passwords.Turn, "is_password", lambda *a: hashes.append(a) or False)
    codes = [browser.post("/login/", WRONG).status_code for _ in range(8)]
    assert codes == [403] * 5 + [429] * 3 and len(hashes) == 5


def test_it_lets_the_owner_in_from_elsewhere_while_somebody_guesses(browser):
    for _ in range(7):
        browser.post("/login/", WRONG, REMOTE_ADDR="203.0.113.9")
    for _ in range(20):
        answer = Client().post("/login/", RIGHT, REMOTE_ADDR="198.51.100.7")
        assert answer.status_code == 302


@pytest.mark.parametrize("spelling", ["ALICE", " alice", "\uff41lice", "alice\x00"])
def test_it_counts_every_spelling_as_the_same_account(browser, spelling):
    for _ in range(5):
        browser.post("/login/", WRONG)
    assert browser.post("/login/", RIGHT | {"username": spelling}).status_code in (400, 429)


def test_it_ignores_forwarded_addresses_from_strangers(browser):
    codes = [
        browser.post("/login/", WRONG, HTTP_X_FORWARDED_FOR=f"198.51.100.{n}").status_code
        for n in range(7)
    ]
    assert codes[5:] == [429, 429]


def test_it_believes_a_trusted_proxy_alone(browser, settings):
    settings.COOPER_TRUSTED_PROXIES = ["127.0.0.1/32"]
    for n in range(7):
        assert (
            browser.post(
                "/login/", WRONG, HTTP_X_FORWARDED_FOR=f"1.2.3.4, 198.51.100.{n}"
            ).status_code
            == 403
        )


def test_it_counts_one_address_whatever_port_the_proxy_names(browser, settings):
    settings.COOPER_TRUSTED_PROXIES = ["127.0.0.1/32"]
    codes = [
        browser.post(
            "/login/", WRONG, HTTP_X_FORWARDED_FOR=f"198.51.100.7:{49_152 + n}"
        ).status_code
        for n in range(7)
    ]
    assert codes[5:] == [429, 429]


@pytest.fixture
def _noon(store):
    """Stop the clock at noon, in the beginning of a minute; tests move it on."""
    noon = int(time.time()) // local.DAY * local.DAY + local.DAY // 2
    with clock.travelling(noon, stand_still=True):
        yield


def guess_from_everywhere(browser, tries: int, beginning: str = "198.51.100") -> list[int]:
    return [
        browser.post("/login/", WRONG, REMOTE_ADDR=f"{beginning}.{n}").status_code
        for n in range(tries)
    ]


@pytest.mark.usefixtures("_noon")
def test_it_lets_the_owner_in_from_a_known_place_whatever_comes_from_everywhere(
    browser, monkeypatch
):
    monkeypatch.setattr(local, "ACCOUNT_GUESSES", 3)
    throttle.remember("alice#192.0.2.1", local.DAY)
    guess_from_everywhere(browser, 6)
    for _ in range(20):
        assert Client().post("/login/", RIGHT, REMOTE_ADDR="192.0.2.1").status_code == 302


@pytest.mark.usefixtures("_noon")
def test_it_lets_the_owner_in_from_a_new_place_after_the_wait_that_it_tells(browser):
    assert guess_from_everywhere(browser, local.ACCOUNT_GUESSES) == [403] * 100
    assert guess_from_everywhere(browser, 3, "203.0.113") == [403, 429, 429]
    for _ in range(8):
        told = browser.post("/login/", RIGHT, REMOTE_ADDR="192.0.2.1")
    assert told.status_code == 429 and "not affected" not in told.text
    seconds = int(re.search(r"Wait (\d+) s", told.text)[1])
    assert seconds <= 60
    clock.shift(seconds)
    assert browser.post("/login/", RIGHT, REMOTE_ADDR="192.0.2.1").status_code == 302
    assert Client().post("/login/", RIGHT, REMOTE_ADDR="192.0.2.1").status_code == 302


@pytest.mark.usefixtures("_noon")
def test_it_hashes_one_guess_a_minute_from_new_places_after_the_day_s(browser, monkeypatch):
    monkeypatch.setattr(local, "ACCOUNT_GUESSES", 3)
    hashed_ones = []
    monkeypatch.setattr(passwords.Turn, "is_password", lambda *a: hashed_ones.append(a) or False)
    for minute in range(5):
        guess_from_everywhere(browser, 6, f"198.51.{minute}")
        clock.shift(60)
    assert len(hashed_ones) == 3 + 5


@pytest.mark.usefixtures("_noon")
def test_it_says_that_the_network_address_is_what_is_slowed_down(browser, monkeypatch):
    monkeypatch.setattr(local, "SOURCE_GUESSES", 2)
    said = [browser.post("/login/", WRONG | {"username": f"n{n}"}).text for n in range(3)]
    assert "network address" not in said[1] and "from your network address" in said[2]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "alice"},
        {"username": "x" * 300, "password": "y"},
        {"username": "a", "password": "x" * 5000},
    ],
)
def test_it_shows_the_form_again_for_garbage(browser, form):
    answer = browser.post("/login/", form)
    assert answer.status_code == 400 and "errorlist" in answer.text


def test_it_gives_a_new_session_id_at_sign_in(browser):
    browser.cookies["cooper"] = "a" * 32
    browser.post("/login/", RIGHT)
    assert browser.cookies["cooper"].value not in ("", "a" * 32)


def test_it_stores_no_usable_cookie(browser):
    browser.post("/login/", RIGHT)
    cookie = browser.cookies["cooper"].value
    [stored] = WebSession.everything()
    assert stored.key_hash == hash_session_key(cookie) and cookie not in str(stored.serialize())


def test_it_never_revives_a_signed_out_session(browser):
    browser.post("/login/", RIGHT)
    cookie = browser.cookies["cooper"].value
    late = SessionStore(cookie)
    late["seen"] = True
    assert browser.post("/logout/").headers["Location"] == "/login/?signed-out=1"
    with pytest.raises(UpdateError):
        late.save()
    copied = Client()
    copied.cookies["cooper"] = cookie
    assert copied.get("/").status_code == 302 and WebSession.everything() == []


def test_it_begins_an_empty_session_when_the_old_one_is_deleted_while_it_is_read(browser):
    browser.post("/login/", RIGHT)
    cookie = browser.cookies["cooper"].value
    [stored] = WebSession.everything()
    stored.update(actions=[WebSession.touched_at.set(int(time.time()) - 100)])

    def find_and_delete(key):
        web_session = WebSession.find(key)
        SessionStore().delete(cookie)
        return web_session

    late = SessionStore(cookie, find_and_delete)
    assert list(late.keys()) == []
    late["seen"] = True
    late.save()
    [begun_anew] = WebSession.everything()
    assert begun_anew.person is None and begun_anew.key_hash != hash_session_key(cookie)


@pytest.mark.parametrize(("field", "ago", "alive"), [
    ("touched_at", 1790, True), ("touched_at", 1801, False), ("created_at", 43_190, True),
    ("created_at", 43_201, False),
])  # fmt: skip
def test_it_ends_web_sessions_idle_or_old(browser, field, ago, alive):
    browser.post("/login/", RIGHT)
    [stored] = WebSession.everything()
    stored.update(actions=[getattr(WebSession, field).set(int(time.time()) - ago)])
    assert (browser.get("/").status_code == 200) is alive


def test_it_keeps_a_session_in_use(browser):
    browser.post("/login/", RIGHT)
    [stored] = WebSession.everything()
    stored.update(actions=[WebSession.touched_at.set(int(time.time()) - 100)])
    browser.get("/")
    assert time.time() - float(WebSession.everything()[0].touched_at) < 5


@pytest.mark.parametrize("change", [{"disabled": True}, {"epoch": 2}])
def test_it_turns_away_a_disabled_or_ended_person_at_the_next_request(browser, change):
    browser.post("/login/", RIGHT)
    person = Person.find("local:alice")
    for key, value in change.items():
        setattr(person, key, value)
    with transaction() as writes:
        writes.save(person)
    assert browser.get("/").status_code == 302


def test_it_follows_a_change_of_groups_in_a_living_session(browser):
    browser.post("/login/", RIGHT)
    person = Person.find("local:alice")
    person.groups = []
    with transaction() as writes:
        writes.save(person)
    assert "You have no targets yet" in browser.get("/").text


def test_it_signs_out_by_post_alone(browser):
    browser.post("/login/", RIGHT)
    assert browser.get("/logout/").headers["Location"] == "/"
    assert browser.get("/").status_code == 200


def test_it_sends_forms_without_a_token_away(store):
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/login/", RIGHT)
    assert answer.status_code == 403 and "too old" in errors_in(answer.text)
    answer = strict.post("/logout/")
    assert answer.status_code == 403 and "reload the page" in answer.text
