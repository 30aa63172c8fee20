"""A person's own page: what it shows, what it changes, and that it is nobody else's."""

import html
import re

import pytest

from accounts import preferences
from brokers import catalogue, own_history
from brokers.models import State, Target
from tests.support import clock, faults
from tests.support.codes import give_device
from tests.support.lag import index_without

ALICE = "local:alice"


def main_of(answer) -> str:
    return answer.text.split("<main")[1].split("</main>")[0]


def preferences_seen(browser) -> preferences.Preferences:
    return preferences.preferences_of(browser.get("/me/").wsgi_request)


# -- who, and what groups give
def test_it_says_who_one_is_and_what_each_group_gives(client_of):
    page = main_of(client_of("alice").get("/me/"))
    assert "<code>local:alice</code>" in page
    assert "<code>local:developers</code>" in page
    assert '<a href="/targets/dev-read/">' in page


def test_a_group_that_gives_nothing_says_so(client_of):
    page = main_of(client_of("bob").get("/me/"))
    assert "gives nothing" in page and "None of your groups gives you a target." in page


def test_what_is_disabled_is_not_given(client_of):
    target = Target.find("dev-read")
    target.state = str(State.DISABLED)
    catalogue.edit(lambda writes: writes.save(target), "dev-read")
    assert '"/targets/dev-read/"' not in main_of(client_of("alice").get("/me/"))


# -- the device
def test_it_says_whether_there_is_a_device(client_of):
    alice = client_of("alice")
    assert "Set one up" in main_of(alice.get("/me/"))
    give_device("alice")
    page = main_of(alice.get("/me/"))
    assert "recovery codes left" in page and "Replace or remove it" in page


# -- preferences
@pytest.mark.parametrize("theme", ["light", "dark", "system"])
@pytest.mark.parametrize("page", ["/", "/me/", "/device/", "/nowhere/", "/admin/"])
def test_every_page_has_the_theme_from_the_server(client_of, theme, page):
    carol = client_of("carol")
    carol.post("/me/preferences/", {"theme": theme})
    answer = carol.get(page)
    assert f'data-theme="{theme}"' in answer.text.partition(">\n<head")[0]

    # what the browser paints before a stylesheet has come
    scheme = "light dark" if theme == "system" else theme
    assert f'<meta name="color-scheme" content="{scheme}">' in answer.text


def test_preferences_are_changed_by_post_and_lead_back(client_of):
    alice = client_of("alice")
    answer = alice.post("/me/preferences/", {"theme": "dark", "new_tab": "no", "next": "/?q=dev"})
    assert answer.headers["Location"] == "/?q=dev"
    assert preferences_seen(alice) == preferences.Preferences("dark", new_tab=False)

    answer = alice.post("/me/preferences/", {"theme": "light", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/me/?saved"
    assert preferences_seen(alice) == preferences.Preferences("light", new_tab=False)
    assert preferences_seen(client_of("carol")) == preferences.DEFAULTS


def test_what_is_as_it_was_is_not_written_again(client_of):
    alice = client_of("alice")
    alice.get("/me/")
    faults.clear()
    alice.post("/me/preferences/", {"theme": "system", "new_tab": "yes"})
    assert [call.operation for call in faults.journal()] == ["BatchGetItem"]
    alice.post("/me/preferences/", {"theme": "dark", "new_tab": "yes"})
    assert [call.operation for call in faults.journal()].count("UpdateItem") == 1


@pytest.mark.parametrize("fields", [{"theme": "sepia"}, {"new_tab": "1"}, {"theme": "\x00"}])
def test_another_preference_is_refused_on_its_field(client_of, fields):
    alice = client_of("alice")
    answer = alice.post("/me/preferences/", fields)
    assert answer.status_code == 400 and "errorlist" in answer.text
    assert preferences_seen(alice) == preferences.DEFAULTS


def test_a_get_changes_no_preference(client_of):
    alice = client_of("alice")
    alice.get("/me/preferences/?theme=dark")
    assert preferences_seen(alice) == preferences.DEFAULTS


def test_another_site_changes_no_preference(client_of):
    alice = client_of("alice", enforce_csrf_checks=True)
    assert alice.post("/me/preferences/", {"theme": "dark"}).status_code == 403
    assert preferences_seen(alice) == preferences.DEFAULTS


# -- history
BECOME = {"duration": "900"}


def times_of(page: str) -> list[str]:
    return re.findall(
        r'<th scope="row"><time datetime="([^"]+)"', page.partition("What you did")[2]
    )


def test_history_shows_what_one_did_and_what_is_still_open(client_of):
    alice = client_of("alice")
    alice.post("/targets/dev-read/credentials/", BECOME)
    alice.post("/targets/prod-admin/credentials/", BECOME | {"reason": "INC-1"})
    client_of("carol")

    history = main_of(alice.get("/me/")).partition("What you did")[2]
    assert history.count("open until") == 1
    assert history.count(">Became a target: issued") == 1 and "may have been" not in history
    assert '<td data-label="Way">credentials</td>' in history
    assert 'Became a target: refused<div class="hint">' in history
    assert '<a href="/targets/prod-admin/">prod-admin</a>' in history
    assert '<a href="/targets/dev-read/">dev-read</a>' in history
    assert "Signed in" in history and "local:carol" not in history

    clock.shift(901)
    assert "open until" not in main_of(alice.get("/me/"))


def test_history_does_not_tell_that_a_target_exists(client_of):
    alice = client_of("alice")
    before = times_of(main_of(alice.get("/me/")))
    for name in ("prod-break-glass", "nothing-there"):
        assert alice.post(f"/targets/{name}/credentials/", BECOME).status_code == 404
    page = main_of(alice.get("/me/"))
    assert times_of(page) == before and "prod-break-glass" not in page


def test_history_is_paged_without_a_gap_or_a_double(client_of, monkeypatch):
    monkeypatch.setattr(own_history, "PER_PAGE", 3)
    alice = client_of("alice")
    for _ in range(4):
        alice.post("/targets/dev-read/credentials/", BECOME)

    pages, url = [], "/me/"
    while url:
        page = html.unescape(main_of(alice.get(url)))
        pages.append(page)
        older = re.search(r'href="(/me/\?before=[^"#]+)', page)
        url = older and older[1]

    history = "".join(page.partition("What you did")[2] for page in pages)
    assert history.count(">Became a target: issued") == 4 and history.count("Signed in") == 1
    assert "may have been issued" not in history
    assert len(pages) in (3, 4, 5)


@pytest.mark.parametrize("before", ["", "x", "2026", "\x00", "9999-99-99", "x" * 5000])
def test_a_place_that_is_none_is_the_newest(client_of, before):
    answer = client_of("alice").get("/me/", {"before": before})
    assert answer.status_code == 200 and "Signed in" in answer.text


def test_an_outcome_that_the_index_lacks_is_shown_all_the_same(client_of):
    alice = client_of("alice")
    alice.post("/targets/dev-read/credentials/", BECOME)
    with faults.on(index_without("cooper-audit", lambda at: at.endswith("#outcome"))):
        history = main_of(alice.get("/me/")).partition("What you did")[2]
    assert ">Became a target: issued" in history and "may have been issued" not in history


def test_the_page_is_four_calls(client_of):
    alice = client_of("alice")
    alice.get("/me/")
    faults.clear()
    alice.get("/me/")
    operations = [call.operation for call in faults.journal()]
    assert operations == ["BatchGetItem", "Query", "BatchGetItem", "Query"]
