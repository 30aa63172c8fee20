"""Nobody becomes an administrator unseen, and the last one stays."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpRequest

from accounts import administrators, local_accounts, login
from accounts.identity import Group, Identity
from accounts.models import LocalAccount, Person
from accounts.providers.base import Provider
from accounts.sessions import SessionStore
from core.audit import AuditEvent, Event
from core.audit_history import events_of
from core.dynamo import Transaction
from core.errors import Conflict, Refused
from tests.support.codes import give_device, next_code
from tests.support.events import all_events
from tests.support.forms import errors_in, fields_of, submit

PEOPLE = "/admin/accounts/person/"
LIST = "/admin/accounts/localaccount/"
FORM = "localaccount_form"
LAST = "the last one who can administer"
SEEN = "/administrators/seen/"


class Okta(Provider):
    """Another provider of the installation."""

    id = "okta"
    label = "Okta"


@pytest.fixture
def okta(settings):
    settings.COOPER_PROVIDERS = [
        *settings.COOPER_PROVIDERS,
        "tests.accounts.test_administrators.Okta",
    ]
    settings.COOPER_ADMIN_GROUPS = ["local:admins", "okta:chiefs"]


def arrive(*groups: str, name: str = "olga") -> Person:
    """Let somebody sign in by the other provider."""
    request = HttpRequest()
    request.session = SessionStore()
    identity = Identity(
        "okta", name, name.title(), frozenset(Group("okta", each) for each in groups)
    )
    return login.sign_in(request, identity).stored_person


def alone(client_of):
    """Return Carol's browser where she is the only administrator."""
    local_accounts.disable("dan")
    return client_of("carol")


def made() -> list[AuditEvent]:
    return list(events_of(administrators.NEW_ADMINS))


# -- the last one stays ----------------------------------------------------------------------------
def test_the_last_one_leaves_no_group_of_administrators(client_of):
    carol = alone(client_of)
    answer = submit(carol, f"{LIST}carol/change/", FORM, groups="visitors")
    assert answer.status_code == 403 and LAST in errors_in(answer.text)
    assert LocalAccount.find("carol").groups == ["admins"] and "visitors" in answer.text


def test_the_refusal_uses_no_code_up(client_of):
    carol, code = alone(client_of), next_code("carol")
    submit(carol, f"{LIST}carol/change/", FORM, groups="visitors", code=code)
    assert submit(carol, f"{LIST}bob/change/", FORM, name="Bob B.", code=code).status_code == 302


@pytest.mark.parametrize("words", [("disable", "carol"), ("groups", "carol", "visitors")])
def test_the_command_refuses_it_too_and_says_why(store, words):
    local_accounts.disable("dan")
    with pytest.raises(CommandError, match=LAST) as refused:
        call_command("cooper_user", *words)
    assert refused.value.returncode == 1
    assert not LocalAccount.find("carol").disabled and LocalAccount.find("carol").groups == [
        "admins"
    ]


def test_others_may_leave(client_of):
    carol = client_of("carol")
    assert submit(carol, f"{LIST}dan/change/", FORM, groups="visitors").status_code == 302
    assert LocalAccount.find("dan").groups == ["visitors"]


def test_an_administrator_of_another_provider_who_was_here_counts(okta, store):
    arrive("chiefs")
    local_accounts.disable("dan")
    local_accounts.disable("carol")
    assert LocalAccount.find("carol").disabled


@pytest.mark.parametrize("why", ["never here", "other group", "disabled", "provider gone"])
def test_one_who_cannot_come_in_does_not_count(okta, store, settings, why):
    if why != "never here":
        person = arrive("chiefs" if why != "other group" else "others")
        person.disabled = why == "disabled"
        person.save()
    if why == "provider gone":
        settings.COOPER_PROVIDERS = settings.COOPER_PROVIDERS[:1]
    local_accounts.disable("dan")
    with pytest.raises(Refused, match=LAST):
        local_accounts.disable("carol")


def test_the_last_one_of_all_providers_stays(okta, store):
    person = arrive("chiefs")
    local_accounts.disable("dan")
    local_accounts.disable("carol")
    with pytest.raises(Refused, match=LAST):
        administrators.guard_admin_change(Transaction(), str(person.person), was=True, will=False)


def test_one_who_was_removed_in_the_same_instant_does_not_count(store):
    writes = Transaction()
    administrators.guard_admin_change(writes, "local:dan", was=True, will=False)
    local_accounts.disable("carol")
    with pytest.raises(Conflict, match="at this very moment"):
        writes.commit()
    assert not LocalAccount.find("dan").disabled


def test_two_who_remove_each_other_at_the_same_time_do_not_both_win(client_of):
    give_device("dan")
    browsers = {name: client_of(name) for name in ("carol", "dan")}
    other = {"carol": "dan", "dan": "carol"}
    fields = {}
    for name, browser in browsers.items():
        page = browser.get(f"{LIST}{other[name]}/change/").text
        fields[name] = fields_of(page, FORM) | {"disabled": "on", "code": next_code(name)}

    def remove(name: str) -> int:
        return browsers[name].post(f"{LIST}{other[name]}/change/", fields[name]).status_code

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(remove, browsers))
    left = [name for name in browsers if not LocalAccount.find(name).disabled]
    assert left, answers


# -- a new one is seen -----------------------------------------------------------------------------
def seen(browser, until: str | None = None, **typed: str):
    """Say that one has seen them, as the page of it does; with a code unless another is given."""
    fields = {"code": typed.get("code") or next_code(browser.username)}
    page = browser.get(SEEN).text
    marks = re.findall(r'name="until" value="([^"]*)"', page)
    fields["until"] = until if until is not None else marks[0]
    return browser.post(SEEN, fields | typed)


@pytest.fixture
def dan(client_of):
    give_device("dan")
    return client_of("dan")


def test_every_other_administrator_is_told_once_of_a_new_one(client_of, dan):
    """Whoever made them knows; all others are told until they say with a code that they saw it."""
    carol = client_of("carol")
    submit(carol, f"{LIST}bob/change/", FORM, groups="admins")
    for address in ("/admin/", LIST, f"{PEOPLE}local_3Acarol/change/", SEEN):
        assert "local:bob was made an administrator by local:carol on 20" in dan.get(address).text
        assert "was made an administrator" not in carol.get(address).text
    assert seen(dan).status_code == 302
    assert "was made an administrator" not in dan.get("/admin/").text
    [event] = made()
    assert event.person == "local:carol" and event.facts["object"] == "local:bob"


def test_it_lasts_over_signing_in_again_and_a_later_one_is_told_too(client_of, dan):
    submit(client_of("carol"), f"{LIST}bob/change/", FORM, groups="admins")
    seen(client_of("dan"))
    submit(client_of("carol"), f"{LIST}alice/change/", FORM, groups="admins")
    page = client_of("dan").get("/admin/").text
    assert "local:alice was made" in page and "local:bob was made" not in page


@pytest.mark.parametrize("until", ["", "9999", "2999-01-01T00:00:00.000000+00:00#x", "\x00"])
def test_nothing_else_makes_it_go_away(client_of, dan, until):
    submit(client_of("carol"), f"{LIST}bob/change/", FORM, groups="admins")
    code = next_code("dan")
    assert seen(dan, until, code=code).status_code == 302
    assert "local:bob was made" in dan.get("/admin/").text
    assert seen(dan, code=code).status_code == 302, "no code was used up"
    assert "local:bob was made" not in dan.get("/admin/").text


@pytest.mark.parametrize("code", ["", "000000", "letters"])
def test_only_a_code_makes_it_go_away(client_of, dan, code):
    submit(client_of("carol"), f"{LIST}bob/change/", FORM, groups="admins")
    page = dan.get(SEEN).text
    until = re.search(r'name="until" value="([^"]*)"', page)[1]
    response = dan.post(SEEN, {"until": until, "code": code})
    assert response.status_code in (400, 403)
    assert response.context["form"].errors["code"]
    assert "local:bob was made" in response.text
    assert "local:bob was made" in dan.get("/admin/").text
    assert Event.NEW_ADMINS_ACKNOWLEDGED not in {event.event for event in all_events()}


def test_no_window_covers_it(client_of, dan, settings):
    submit(client_of("carol"), f"{LIST}bob/change/", FORM, groups="admins")
    settings.COOPER_STEP_UP_SECONDS = 300
    submit(dan, "/admin/brokers/target/dev-read/change/", "target_form", title="By Dan")
    response = dan.post(SEEN, {"until": made()[-1].at})
    assert response.status_code == 403
    assert "local:bob was made" in dan.get("/admin/").text


def test_who_has_no_device_sets_one_up_first(client_of):
    submit(client_of("carol"), f"{LIST}bob/change/", FORM, groups="admins")
    dan = client_of("dan")
    for response in (dan.get(SEEN), dan.post(SEEN, {"until": made()[-1].at})):
        assert response["Location"].startswith("/device/?next=")
    assert "local:bob was made" in dan.get("/admin/").text


def test_that_it_was_seen_is_on_the_audit_log(client_of, dan):
    submit(client_of("carol"), f"{LIST}bob/change/", FORM, groups="admins")
    seen(dan)
    events = [e for e in all_events() if e.event == Event.NEW_ADMINS_ACKNOWLEDGED]
    [event] = events
    assert (event.person, event.facts["step_up"]) == ("local:dan", "code")


def test_auditors_and_others_are_not_told(client_of):
    submit(client_of("carol"), f"{LIST}bob/change/", FORM, groups="admins")
    assert "was made an administrator" not in client_of("erin").get("/admin/").text


def test_it_says_who_did_it_on_the_host(client_of, store):
    call_command("cooper_user", "groups", "bob", "admins")
    [event] = made()
    page = client_of("dan").get("/admin/").text
    assert f"by {event.facts['os_user']} on the host {event.facts['host']}" in page


def test_it_says_that_a_provider_did_it_once(okta, client_of):
    arrive("chiefs")
    arrive("chiefs")
    assert (
        "okta:olga was made an administrator by the provider okta"
        in client_of("dan").get("/admin/").text
    )
    assert len(made()) == 1
    arrive("others")
    arrive("chiefs")
    assert len(made()) == 2


@pytest.mark.parametrize(
    ("operation", "count"),
    [
        (lambda: local_accounts.add("frank", "", ["admins"], "long-and-rare-4711"), 1),
        (lambda: local_accounts.add("frank", "", ["others"], "long-and-rare-4711"), 0),
        (lambda: (local_accounts.disable("dan"), local_accounts.enable("dan")), 1),
        (lambda: local_accounts.set_groups("dan", ["admins", "visitors"]), 0),
        (lambda: local_accounts.set_password("dan", "long-and-rare-4711"), 0),
    ],
    ids=["added", "added without", "enabled again", "another group", "a password"],
)
def test_it_is_told_of_whoever_can_newly_administer(store, operation, count):
    operation()
    assert len(made()) == count and all(each.event == Event.PERSON_MADE_ADMIN for each in made())


def test_signing_in_to_a_local_account_makes_nobody_an_administrator_once_more(client_of):
    client_of("carol")
    client_of("carol")
    assert made() == []


def test_it_is_found_in_the_record_under_who_became_one(client_of):
    carol = client_of("carol")
    submit(carol, f"{LIST}bob/change/", FORM, groups="admins")
    page = carol.get("/admin/cooper/auditevent/", {"event": "person:make-administrator:done"}).text
    assert ">local:bob<" in page and ">local:carol<" in page
