"""A person's own page: what it shows, what it changes, and that it is nobody else's."""

import pytest

from accounts import preferences
from brokers import catalogue
from brokers.models import State, Target
from tests.support import faults
from tests.support.codes import give_device

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
@pytest.mark.parametrize("page", ["/", "/me/", "/device/", "/nowhere/"])
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
