"""The catalogue of a request: read once, and anew after the request has changed it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client

from brokers import catalogue
from brokers.models import Association, Target
from brokers.request_catalogue import catalogue_of
from core.dynamo import OutcomeUnknown
from core.errors import Unavailable
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support import faults
from tests.support.faults import Fault
from tests.support.forms import submit

ClientOf = Callable[..., Client]


def new_title(title: str) -> None:
    """Edit a target as another process does, or as a request itself."""
    target = Target.find("dev-read")
    assert target
    target.title = title
    catalogue.edit(lambda writes: writes.save(target), "dev-read")


def title_for(request: HttpRequest) -> str:
    return str(catalogue_of(request).targets["dev-read"].title)


def elsewhere(edit: Callable[[], Any]) -> None:
    """Let another process edit: this one does not know of it."""
    edited_at = catalogue.cache.edited_at
    edit()
    catalogue.cache.edited_at = edited_at


@pytest.fixture
def request_now(store: object) -> HttpRequest:
    catalogue.current()
    faults.clear()
    return HttpRequest()


def test_it_takes_no_call_beside_the_first_read(request_now: HttpRequest) -> None:
    catalogue_of(request_now)
    catalogue_of(request_now)
    assert [call.operation for call in faults.journal()] == ["BatchGetItem"]


def test_what_was_changed_elsewhere_takes_one_query(request_now: HttpRequest) -> None:
    elsewhere(lambda: new_title("Renamed"))
    faults.clear()
    assert title_for(request_now) == "Renamed"
    assert title_for(request_now) == "Renamed"
    assert faults.count("dynamodb", "BatchGetItem", "installation") == 1
    assert faults.count("dynamodb", "Query", "changes") == 1


def test_it_stays_the_same_whatever_is_changed_elsewhere(request_now: HttpRequest) -> None:
    before = title_for(request_now)
    elsewhere(lambda: new_title("Renamed"))
    catalogue.current()
    assert title_for(request_now) == before
    assert title_for(HttpRequest()) == "Renamed"


def test_whoever_edits_sees_it(request_now: HttpRequest) -> None:
    assert title_for(request_now) != "Renamed"
    new_title("Renamed")
    assert title_for(request_now) == "Renamed"
    new_title("Again")
    assert title_for(request_now) == "Again"


def test_whoever_edits_before_looking_sees_it(request_now: HttpRequest) -> None:
    # the stamp is read, as the middleware does, and then the edit comes
    Installation.find(STOP_SWITCH_ITEM)
    other = HttpRequest()
    catalogue_of(other)
    new_title("Renamed")
    assert title_for(other) == "Renamed"


def test_an_edit_whose_answer_was_lost_is_looked_for(request_now: HttpRequest) -> None:
    assert title_for(request_now) != "Renamed"
    lost = Fault("dynamodb", "TransactWriteItems", mode="lost")
    with faults.on(lost) as [fault], pytest.raises(OutcomeUnknown):
        new_title("Renamed")
    assert fault.hit
    assert title_for(request_now) == "Renamed"


@pytest.mark.parametrize("cold", [False, True])
def test_without_the_stamp_it_is_not_read(request_now: HttpRequest, cold: bool) -> None:
    if cold:
        catalogue.forget()
    absent = Fault("dynamodb", "BatchGetItem", table="changes", mode="absent")
    with faults.on(absent) as [fault], pytest.raises(Unavailable, match="could not be read"):
        catalogue_of(request_now)
    assert fault.hit


def test_a_cold_process_reads_all_of_it(request_now: HttpRequest) -> None:
    catalogue.forget()
    assert "dev-read" in catalogue_of(request_now).targets


# -- in the admin ----------------------------------------------------------------------------------
def queries() -> int:
    return faults.count("dynamodb", "Query", "changes")


def test_an_administrator_s_post_reads_it_at_most_once_before_it_writes(
    client_of: ClientOf,
) -> None:
    carol = client_of("carol")
    page = "/admin/brokers/target/dev-read/change/"
    carol.get(page)
    faults.clear()
    assert submit(carol, page, "target_form", title="Renamed").status_code == 302
    assert queries() == 0
    assert "Renamed" in carol.get("/admin/brokers/target/").text


def test_an_administrator_sees_what_another_process_changed(client_of: ClientOf) -> None:
    carol = client_of("carol")
    carol.get("/admin/brokers/target/")
    elsewhere(lambda: new_title("Changed elsewhere"))
    faults.clear()
    assert "Changed elsewhere" in carol.get("/admin/brokers/target/").text
    assert queries() == 1


def test_home_shows_an_association_of_another_process(client_of: ClientOf) -> None:
    alice = client_of("alice")
    assert "prod-break-glass" not in alice.get("/").text
    rule = Association("prod-break-glass", "local:developers")
    elsewhere(lambda: catalogue.edit(lambda writes: writes.create(rule), "prod-break-glass"))
    assert "prod-break-glass" in alice.get("/").text
