"""The default contact beside the stop switch: changed with a code, on the audit log."""

import pytest

from core.audit import Event
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support.events import all_events
from tests.support.forms import submit

ADDRESS = "/admin/cooper/installation/grants/change/"
FORM = "installation_form"


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def contact() -> str | None:
    return Installation.find(STOP_SWITCH_ITEM).default_contact


def test_it_is_set_and_taken_away_with_a_code(carol):
    assert submit(carol, ADDRESS, FORM, default_contact="IT, room 7").status_code == 302
    assert contact() == "IT, room 7"
    submit(carol, ADDRESS, FORM, default_contact="")
    assert not contact()

    kinds = [event.event for event in all_events()]
    assert kinds.count(Event.CONTACT_CHANGED) == 2
    assert Event.STOP_SET not in kinds
    assert Event.STOP_LIFTED not in kinds


@pytest.mark.parametrize("stopped", ["on", None])
def test_it_takes_a_code_even_beside_a_stop(carol, stopped):
    answer = submit(carol, ADDRESS, FORM, default_contact="x", code="", stopped=stopped)
    assert answer.status_code in (400, 403)
    assert not contact()
    assert Installation.find(STOP_SWITCH_ITEM).stopped is False


def test_a_stop_leaves_it_and_takes_no_code(carol):
    submit(carol, ADDRESS, FORM, default_contact="IT")
    assert submit(carol, ADDRESS, FORM, code="", stopped="on").status_code == 302
    assert contact() == "IT"
    assert Installation.find(STOP_SWITCH_ITEM).stopped is True


def test_it_has_to_be_one_line(carol):
    assert submit(carol, ADDRESS, FORM, default_contact="a\u202eb").status_code == 400
    assert not contact()


def test_the_emergency_stop_is_called_so_and_says_what_became_of_all_grants(carol):
    page = carol.get(ADDRESS).text
    assert "<h1>Emergency stop</h1>" in page
    assert "top switch" not in page
    submit(carol, ADDRESS, FORM, code="", stopped="on")
    assert "All grants are stopped.<" in carol.get("/admin/cooper/installation/").text
    submit(carol, ADDRESS, FORM, stopped=None)
    listed = carol.get("/admin/cooper/installation/").text
    assert "All grants run again.<" in listed
    assert "changed successfully" not in listed
