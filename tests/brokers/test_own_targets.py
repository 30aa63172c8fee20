"""What of home is one person's: stars, folds, recents, what is open, and for how long."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from accounts import preferences
from accounts.preferences import TargetChoices
from brokers import catalogue, home_history, home_pages
from core.audit import Event, event, event_key
from tests.support import clock, faults

ALICE = "local:alice"
DEV = "222222222222"


def section(text: str, title: str) -> str:
    """Return a section of the person's own, "" when there is none."""
    match = re.search(rf"{title}</h2>.*?</section>", text, re.DOTALL)
    return match[0] if match else ""


def names_in(text: str) -> list[str]:
    return re.findall(r'<div class="name"><a href="/targets/([^/]+)/">', text)


def shared(text: str) -> str:
    """Return the part that everybody of equal groups gets."""
    return text[text.index('<div class="all">') : text.rindex("</section>")]


def become(browser, name: str, **fields: object) -> None:
    assert browser.post(f"/targets/{name}/credentials/", fields).status_code == 200


# -- stars and folds -------------------------------------------------------------------------------
def test_a_star_puts_a_target_first_and_its_loss_takes_it_away(client_of):
    alice = client_of("alice")
    everybody = shared(alice.get("/").text)
    assert section(alice.get("/").text, "Favourites") == ""

    answer = alice.post("/star/", {"star": "target:dev-read"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    text = alice.get("/").text
    assert names_in(section(text, "Favourites")) == ["dev-read"]
    assert 'name="unstar" value="target:dev-read"' in text and shared(text) == everybody
    assert 'aria-label="Take the star of Development, read only away"' in text

    alice.post("/star/", {"unstar": "target:dev-read"})
    assert section(alice.get("/").text, "Favourites") == ""


def test_a_targets_own_page_gives_it_a_star_and_takes_it_away(client_of):
    alice = client_of("alice", enforce_csrf_checks=True)
    for change, after in (("star", ["dev-read"]), ("unstar", [])):
        text = alice.get("/targets/dev-read/").text
        form = re.search(r'<form[^>]* action="/star/".*?</form>', text, re.DOTALL)[0]
        fields = dict(re.findall(r'name="(\w+)" value="([^"]+)"', form))
        assert fields.keys() == {"csrfmiddlewaretoken", "next", change}
        answer = alice.post("/star/", fields)
        assert answer.headers["Location"] == "/targets/dev-read/"
        assert names_in(section(alice.get("/").text, "Favourites")) == after


def test_home_leads_to_credentials_of_several_where_there_are_several(client_of):
    link = '<a href="/credentials/">Credentials of several</a>'
    assert link in client_of("alice").get("/").text
    assert link not in client_of("bob").get("/").text


def test_a_starred_aws_account_puts_its_targets_first(client_of):
    alice = client_of("alice")
    targets = catalogue.current().targets
    of_account = {name for name in targets if targets[name].aws_account == DEV}
    alice.post("/star/", {"star": f"aws-account:{DEV}"})
    text = alice.get("/").text
    names = names_in(section(text, "Favourites"))
    assert names and set(names) <= of_account
    assert set(names) == set(names_in(shared(text))) & of_account


def test_without_a_script_the_star_of_an_aws_account_is_taken_away_too(client_of):
    alice = client_of("alice")
    alice.post("/star/", {"star": f"aws-account:{DEV}"})
    text = alice.get("/?folds").text
    assert text.count('name="unstar"') == 1
    assert re.search(rf'name="unstar" aria-label="[^"]+" value="aws-account:{DEV}">★', text)


def test_a_star_shows_nobody_what_they_may_not_become(client_of):
    bob = client_of("bob")
    bob.post("/star/", {"star": "target:dev-read"})
    bob.post("/star/", {"star": f"aws-account:{DEV}"})
    assert "dev-read" not in bob.get("/").text
    alice = client_of("alice")
    alice.post("/star/", {"star": "target:no-such-target"})
    assert section(alice.get("/").text, "Favourites") == ""


def test_a_folded_aws_account_comes_folded_and_all_else_is_the_same(client_of):
    alice = client_of("alice")
    before = shared(alice.get("/").text)
    home_pages.kept.clear()
    alice.get("/")
    kept = len(home_pages.kept)

    alice.post("/fold/", {"fold": f"aws-account:{DEV}"})
    text = shared(alice.get("/").text)
    assert f'value="aws-account:{DEV}">☆</button><details><summary>' in text
    assert text.count("<details>") == 1 and text.replace("<details>", "<details open>") == before
    assert len(home_pages.kept) == kept

    without_script = alice.get("/?folds").text
    button = re.search(rf'name="(\w+)" value="aws-account:{DEV}">Keep unfolded', without_script)
    answer = alice.post("/fold/", {button[1]: f"aws-account:{DEV}", "next": "/?folds"})
    assert answer.headers["Location"] == "/?folds" and shared(alice.get("/").text) == before


@pytest.mark.parametrize("address", ["/star/", "/fold/"])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"star": "target:a", "unstar": "target:a", "fold": "target:a", "unfold": "target:a"},
        {"star": "nonsense", "fold": "nonsense"},
        {"star": "target:" + "a" * 200, "fold": "aws-account:../x"},
    ],
)
def test_what_is_no_star_and_no_fold_is_refused(client_of, address, fields):
    assert client_of("alice").post(address, fields).status_code == 400


def test_a_script_gets_a_word_and_no_page(client_of):
    answer = client_of("alice").post(
        "/star/", {"star": "target:dev-read"}, headers={"accept": "application/json"}
    )
    assert (answer.status_code, answer.json()) == (200, {})


# -- recents ---------------------------------------------------------------------------------------
def test_what_was_just_granted_is_recent_and_says_until_when_it_is_open(client_of):
    alice = client_of("alice")
    assert section(alice.get("/").text, "Recent") == ""
    become(alice, "dev-read", duration=1800)
    recent = section(alice.get("/").text, "Recent")
    assert names_in(recent) == ["dev-read"] and "open until" in recent

    clock.shift(1801)
    recent = section(client_of("alice").get("/").text, "Recent")
    assert names_in(recent) == ["dev-read"] and "open until" not in recent
    assert section(client_of("carol").get("/").text, "Recent") == ""


def granted(name: str, ago: timedelta, kind: Event = Event.GRANT_DONE):
    moment = datetime.now(UTC) - ago
    facts = {"expires_at": (moment + timedelta(hours=1)).isoformat()}
    return event(kind, at=event_key(moment), target=name, grant=f"{name}-{ago}", **facts)


def test_a_script_learns_what_is_open_without_the_page(client_of):
    as_json = {"accept": "application/json"}
    alice = client_of("alice")
    assert alice.get("/", headers=as_json).json() == {"open_until": {}}
    alice.post("/targets/dev-read/console/", {"duration": "900"})
    alice.post("/targets/prod-admin/console/", {"duration": "900"})

    moments = alice.get("/", headers=as_json).json()["open_until"]
    ends = datetime.fromisoformat(moments.pop("dev-read"))
    assert timedelta(0) < ends - datetime.now(UTC) <= timedelta(seconds=900) and moments == {}
    assert client_of(None).get("/", headers=as_json).status_code == 401


def test_recents_are_ordered_by_how_often_and_how_lately(store):
    often_last_month = [granted("often", timedelta(days=30, minutes=place)) for place in range(40)]
    events = [
        *often_last_month,
        granted("thrice", timedelta(days=2, minutes=1)),
        granted("thrice", timedelta(days=2, minutes=2)),
        granted("thrice", timedelta(days=2, minutes=3)),
        granted("today", timedelta(minutes=5)),
        granted("refused", timedelta(minutes=1), Event.GRANT_STOPPED),
        granted("failed", timedelta(minutes=1), Event.GRANT_FAILED),
    ]
    history = home_history.history_from(events, datetime.now(UTC))
    assert history.names == ("thrice", "today", "often")
    assert set(history.open_until) == {"today"}


def test_home_takes_one_call_more_for_them_and_is_good_without(client_of):
    alice = client_of("alice")
    become(alice, "dev-read")
    alice.get("/")
    faults.clear()
    assert section(alice.get("/").text, "Recent")
    assert [call.operation for call in faults.journal()] == ["BatchGetItem", "Query"]

    faults.clear()
    assert "Recent" not in alice.get("/?q=dev").text
    assert "Query" not in [call.operation for call in faults.journal()]


def test_home_stands_while_the_index_does_not_answer(client_of, monkeypatch):
    def fail(person: str) -> None:
        raise home_history.CooperError("DynamoDB did not answer.")

    alice = client_of("alice")
    become(alice, "dev-read")
    monkeypatch.setattr(home_history, "_newest_events", fail)
    text = alice.get("/").text
    assert section(text, "Recent") == "" and "dev-read" in names_in(shared(text))


# -- how long --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("chosen", "offered"), [(1800, 1800), (0, 3600), (60, 3600), (999_999, 3600)]
)
def test_one_click_gives_what_was_chosen_last_within_what_the_target_gives(
    client_of, chosen, offered
):
    preferences.choose(ALICE, "dev-read", TargetChoices(seconds=chosen))
    preferences.star(ALICE, "target:dev-read")
    favourites = section(client_of("alice").get("/").text, "Favourites")
    assert f'name="duration" value="{offered}">Console' in favourites


@pytest.mark.parametrize("new_tab", [True, False])
def test_the_console_opens_in_a_new_tab_unless_one_prefers_otherwise(client_of, new_tab):
    preferences.set_new_tab(ALICE, new_tab)
    form = re.search(r'<form id="become"[^>]*>', client_of("alice").get("/").text)[0]
    assert ('target="_blank"' in form) is new_tab


def test_a_target_that_takes_a_reason_is_not_opened_by_one_click(client_of):
    text = client_of("alice").get("/").text
    line = next(row for row in text.split("<li ") if "/targets/prod-admin/" in row)
    assert "takes a code" in line and "formaction" not in line


# -- where one click lands -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("service", "region", "words"),
    [
        ("s3", "eu-west-1", "opens S3 in eu-west-1"),
        ("s3", "", "opens S3"),
        ("", "eu-west-1", "opens in eu-west-1"),
        ("", "", ""),
        ("no-such-service", "cn-north-1", ""),
        ("s3", "nonsense", "opens S3"),
    ],
)
def test_a_row_says_where_one_click_lands_as_it_was_chosen_last(client_of, service, region, words):
    preferences.choose(ALICE, "dev-read", TargetChoices(region, service, 900))
    alice = client_of("alice")
    alice.post("/star/", {"star": "target:dev-read"})
    text = alice.get("/").text
    assert ("opens " in section(text, "Favourites")) is bool(words)
    assert f"<span>{words}</span>" in section(text, "Favourites") or not words
    assert (f'data-landing="{words}"' in text) is bool(words)
    assert "opens " not in shared(text)
