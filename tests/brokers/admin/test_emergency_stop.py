"""The page of the emergency stop: its state, one button, a reason; a stop must not wait."""

import re
from datetime import UTC, datetime

import pytest

from core.audit import AuditEvent, Event
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support.events import all_events
from tests.support.forms import fields_of, submit

LIST = "/admin/cooper/installation/"
ADDRESS = f"{LIST}grants/change/"
FORM = "installation_form"
SAVED, REFUSED, CONFLICT = 302, 403, 409


@pytest.fixture
def carol(client_of):
    return client_of("carol")


@pytest.fixture
def dan(client_of):
    return client_of("dan")


def switch() -> Installation:
    return Installation.find(STOP_SWITCH_ITEM)


def stop(client, reason: str = "") -> object:
    return submit(client, ADDRESS, FORM, stopped="on", reason=reason)


def lift(client, **typed: str) -> object:
    return submit(client, ADDRESS, FORM, **{"stopped": "off"} | typed)


def events(kind: Event) -> list[AuditEvent]:
    return [event for event in all_events() if event.event == kind]


# -- one page --------------------------------------------------------------------------------------
def test_it_is_one_page_with_one_name(carol):
    assert carol.get(LIST)["Location"] == ADDRESS
    page = carol.get(ADDRESS).text
    assert "<title>Emergency stop · cooper</title>" in page
    assert "<h1>Emergency stop</h1>" in page
    assert f'<a href="{LIST}" aria-current="true">Emergency stop</a>' in page
    assert "top switch" not in page and ">grants<" not in page
    assert "default_contact" not in page


def test_it_says_the_state_and_has_one_button_for_the_other(carol):
    page = carol.get(ADDRESS).text
    assert "Running" in page
    assert ">Stop all grants</button>" in page and "Lift the stop" not in page
    # an emergency takes no code
    assert 'name="code"' not in page

    stop(carol, "key leak")
    page = carol.get(ADDRESS).text
    since = switch().stopped_since
    assert re.search(
        rf"Stopped</strong> since <time [^>]*>{since:%Y-%m-%d %H:%M} UTC</time> by", page
    )
    assert 'person/local_3Acarol/change/">local:carol</a>: key leak' in page
    assert ">Lift the stop</button>" in page and "Stop all grants" not in page
    assert 'name="code"' in page


# -- what it does ----------------------------------------------------------------------------------
def test_a_stop_says_since_when_by_whom_and_why_and_a_lift_takes_it_off(carol):
    before = datetime.now(UTC)
    answer = stop(carol, "key leak")
    assert answer.status_code == SAVED and answer["Location"] == ADDRESS
    assert switch().stopped is True
    assert before <= switch().stopped_since <= datetime.now(UTC)
    assert (switch().stopped_by, switch().stop_reason) == ("local:carol", "key leak")
    assert "All grants are stopped.<" in carol.get(ADDRESS).text

    assert lift(carol, reason="keys changed").status_code == SAVED
    assert switch().stopped is False
    assert not (switch().stopped_since or switch().stopped_by or switch().stop_reason)
    assert "The stop is lifted: people become their targets again.<" in carol.get(ADDRESS).text

    assert [event.why for event in events(Event.STOP_SET)] == ["key leak"]
    assert [event.why for event in events(Event.STOP_LIFTED)] == ["keys changed"]


def test_a_press_without_a_button_does_nothing(carol):
    stop(carol)
    assert lift(carol, stopped="").status_code == 400
    fields = fields_of(carol.get(ADDRESS).text, FORM)
    assert carol.post(ADDRESS, fields).status_code == 400
    assert switch().stopped is True


def test_a_lift_without_a_code_is_refused(carol):
    stop(carol)
    assert lift(carol, code="").status_code == REFUSED
    assert switch().stopped is True and not events(Event.STOP_LIFTED)


def test_a_reason_has_to_be_one_line(carol):
    answer = stop(carol, "a\u202eb")
    assert answer.status_code == 400 and switch().stopped is False
    assert "This has to be one line" in answer.text


# -- two at once -----------------------------------------------------------------------------------
def test_a_stop_does_not_wait_for_what_changed_meanwhile(carol):
    fields = fields_of(carol.get(ADDRESS).text, FORM) | {"stopped": "on"}
    submit(carol, "/admin/cooper/settings/contact/change/", "settings_form", default_contact="IT")
    assert carol.post(ADDRESS, fields).status_code == SAVED
    assert switch().stopped is True and switch().default_contact == "IT"


def test_a_second_stop_leaves_the_first(carol, dan):
    fields = fields_of(dan.get(ADDRESS).text, FORM) | {"stopped": "on", "reason": "me too"}
    stop(carol, "key leak")
    assert dan.post(ADDRESS, fields).status_code == SAVED
    assert (switch().stopped_by, switch().stop_reason) == ("local:carol", "key leak")
    assert "All grants are stopped already.<" in dan.get(ADDRESS).text
    assert len(events(Event.STOP_SET)) == 1


def test_a_stop_that_was_set_anew_is_not_lifted_unseen(carol):
    stop(carol, "key leak")
    fields = fields_of(carol.get(ADDRESS).text, FORM) | {"stopped": "off"}
    lift(carol)
    stop(carol, "the next one")
    answer = carol.post(ADDRESS, fields | {"code": "000000"})
    assert answer.status_code == CONFLICT and "Nothing was done" in answer.text
    assert "the next one" in answer.text
    assert switch().stopped is True


# -- what an earlier cooper left -------------------------------------------------------------------
def test_a_stop_without_since_by_and_reason_reads_well_and_is_lifted(carol):
    Installation.update_item(STOP_SWITCH_ITEM, actions=[Installation.stopped.set(True)])
    page = carol.get(ADDRESS).text
    assert "Stopped</strong></p>" in page
    assert lift(carol).status_code == SAVED and switch().stopped is False


def test_a_switch_that_does_not_say_is_shown_as_stopped(carol, client_of):
    Installation.update_item(STOP_SWITCH_ITEM, actions=[Installation.stopped.remove()])
    assert "Stopped</strong>" in carol.get(ADDRESS).text
    alice = client_of("alice")
    assert "All grants are stopped" in alice.get("/").text
    assert alice.post("/targets/dev-read/console/", {}).status_code == REFUSED
    assert lift(carol).status_code == SAVED
    assert "All grants are stopped" not in alice.get("/").text


# -- its history -----------------------------------------------------------------------------------
def test_its_history_has_its_stops_alone(carol):
    stop(carol, "key leak")
    submit(carol, "/admin/cooper/settings/contact/change/", "settings_form", default_contact="IT")
    history = carol.get(f"{LIST}grants/history/").text
    assert "History of Emergency stop" in history
    assert "stopped grants" in history and "key leak" in history
    assert "changed the default contact" not in history
