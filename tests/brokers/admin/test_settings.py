"""Settings, with the default contact: changed with a code, on the audit log, never with a stop."""

import pytest

from core.audit import Event
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support.codes import next_code
from tests.support.events import all_events
from tests.support.forms import fields_of, submit

LIST = "/admin/cooper/settings/"
ADDRESS = f"{LIST}contact/change/"
FORM = "settings_form"
STOP = "/admin/cooper/installation/grants/change/"


@pytest.fixture(autouse=True)
def no_contact(store):
    Installation.update_item(STOP_SWITCH_ITEM, actions=[Installation.default_contact.remove()])


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def contact() -> str | None:
    return Installation.find(STOP_SWITCH_ITEM).default_contact


def kinds() -> list[str]:
    return [event.event for event in all_events()]


def test_the_menu_leads_to_one_page_of_settings(carol):
    menu = carol.get("/admin/").text
    assert f'<a href="{LIST}">Settings</a>' in menu
    assert carol.get(LIST)["Location"] == ADDRESS
    page = carol.get(ADDRESS).text
    assert "<title>Settings · cooper</title>" in page and "<h1>Settings</h1>" in page
    assert "Stop all grants" not in page and "Running" not in page


def test_the_contact_is_set_and_taken_away_with_a_code(carol):
    answer = submit(carol, ADDRESS, FORM, default_contact="IT, room 7")
    assert answer.status_code == 302 and answer["Location"] == ADDRESS
    assert contact() == "IT, room 7"
    assert "The default contact is now IT, room 7.<" in carol.get(ADDRESS).text

    submit(carol, ADDRESS, FORM, default_contact="")
    assert not contact()
    assert "There is no default contact any more.<" in carol.get(ADDRESS).text
    assert kinds()[-2:] == [Event.CONTACT_CHANGED] * 2
    assert Event.STOP_SET not in kinds() and Event.STOP_LIFTED not in kinds()


def test_it_takes_a_code(carol):
    assert submit(carol, ADDRESS, FORM, default_contact="x", code="").status_code == 403
    assert not contact()


def test_it_never_touches_the_stop_and_a_stop_never_it(carol):
    fields = fields_of(carol.get(ADDRESS).text, FORM)
    submit(carol, STOP, "installation_form", stopped="on", reason="key leak")
    before = Installation.find(STOP_SWITCH_ITEM)

    # a page from before the stop: nothing on it has changed
    assert submit_fields(carol, fields, "IT").status_code == 302
    after = Installation.find(STOP_SWITCH_ITEM)
    assert after.default_contact == "IT"
    assert after.stopped is True and after.stopped_since == before.stopped_since
    assert after.stop_reason == "key leak"

    submit(carol, STOP, "installation_form", stopped="off")
    assert contact() == "IT"


def submit_fields(carol, fields, typed):
    return carol.post(ADDRESS, fields | {"default_contact": typed, "code": next_code("carol")})


def test_it_is_not_saved_over_another_one(carol):
    fields = fields_of(carol.get(ADDRESS).text, FORM)
    submit(carol, ADDRESS, FORM, default_contact="IT")
    answer = submit_fields(carol, fields, "mine")
    assert answer.status_code == 409 and "Now: IT." in answer.text
    assert contact() == "IT"


def test_it_has_to_be_one_line(carol):
    assert submit(carol, ADDRESS, FORM, default_contact="a\u202eb").status_code == 400
    assert not contact()


def test_it_has_a_history_of_its_own(carol):
    submit(carol, ADDRESS, FORM, default_contact="IT")
    submit(carol, STOP, "installation_form", stopped="on")
    history = carol.get(f"{LIST}contact/history/").text
    assert "History of Settings" in history and "changed the default contact" in history
    assert "stopped grants" not in history


@pytest.mark.parametrize("name", ["grants", "schema", "secret-keys"])
def test_it_shows_nothing_else_of_the_installation(carol, name):
    assert carol.get(f"{LIST}{name}/change/").status_code == 302
