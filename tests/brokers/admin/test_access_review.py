"""The quarterly review: who may become what, through which group, since when, last used."""

import csv
import io

import pytest

from brokers.admin import last_used
from brokers.admin.access_review import END, NOT_KNOWN, NOT_LATELY
from brokers.models import Target
from core.audit import Event
from tests.support.codes import give_device, next_code
from tests.support.events import all_events
from tests.support.forms import fields_of, submit

REVIEW = "/admin/brokers/target/review/"


def rows_of(client, **typed) -> list[dict[str, str]]:
    code = next_code(client.get("/me/").wsgi_request.user.pk.removeprefix("local:"))
    answer = client.post(REVIEW, typed | {"code": code})
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode()
    *rows, last = csv.DictReader(io.StringIO(text))
    assert last["target"] == END and last["title"] == f"{len(rows)} lines"
    return rows


@pytest.fixture
def carol(client_of):
    last_used.forget()
    client_of("alice").post("/targets/dev-read/credentials/", {"duration": 900})
    return client_of("carol")


def test_it_has_each_person_with_group_and_last_use(carol):
    [row] = [row for row in rows_of(carol, target="dev-read") if row["person"] == "local:alice"]
    assert row["group"] == "local:developers" and row["target_last_used"].startswith("20")
    assert row["since"] == NOT_KNOWN


def test_it_knows_since_when_from_the_history(carol):
    page = "/admin/brokers/target/dev-read/change/"
    submit(carol, page, "target_form", **{"associations-1-group": "visitors"})
    [row] = [row for row in rows_of(carol, target="dev-read") if row["group"] == "local:visitors"]
    assert row["since"].startswith("20") and row["person"] == ""


def test_a_person_has_their_own_rows_alone(carol):
    rows = rows_of(carol, person="local:alice")
    assert {row["person"] for row in rows} == {"local:alice"}
    assert "dev-read" in {row["target"] for row in rows}


def test_it_has_everything_and_says_what_was_not_used(carol):
    rows = rows_of(carol)
    assert len({row["target"] for row in rows}) > 3
    assert NOT_LATELY in {row["target_last_used"] for row in rows}


def test_no_cell_is_run_as_a_formula(carol):
    target = Target.find("dev-read")
    target.title = "=HYPERLINK(1)"
    target.save()
    carol.get("/admin/brokers/target/")
    submit(carol, "/admin/brokers/target/dev-read/change/", "target_form", description="x")
    assert {row["title"] for row in rows_of(carol, target="dev-read")} == {"'=HYPERLINK(1)"}


def reviews() -> list[tuple[str, str]]:
    events = [event for event in all_events() if event.event == Event.AUDIT_EXPORTED]
    return [(event.person, event.facts["review"]) for event in events]


def test_it_is_recorded_before_it_is_sent_and_open_to_auditors_alone(client_of):
    erin = client_of("erin")
    give_device("erin")
    code = next_code("erin")
    answer = erin.post(REVIEW, {"target": "dev-read", "code": code})
    assert reviews() == [("local:erin", "dev-read")] and answer.streaming
    assert client_of("alice").get(REVIEW).status_code == 403
    assert client_of("alice").post(REVIEW, {"code": "000000"}).status_code == 403


def test_its_form_has_what_the_link_names_and_records_nothing(carol):
    page = carol.get(REVIEW, {"target": "dev-read", "person": "local:alice"})
    form = fields_of(page.text, "review_form")
    assert (form["target"], form["person"]) == ("dev-read", "local:alice") and "code" in form
    assert reviews() == []


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "This needs a one-time code from your device."),
        ({"code": "000000"}, "code"),
        ({"target": "no-such", "code": "000000"}, "There is no target no-such."),
        ({"person": "nobody", "code": "000000"}, "Nobody with this name has signed in yet."),
        ({"target": "x\ny", "code": "000000"}, "There is no target"),
        ({"person": "😀" * 600, "code": "000000"}, "Nobody with this name"),
        ({"person": "x" * 601, "code": "000000"}, "at most 600 characters"),
    ],
)
def test_nothing_is_sent_without_a_right_code_and_names_that_exist(carol, typed, words):
    answer = carol.post(REVIEW, typed)
    assert answer.status_code == 400 and words in answer.text and "errorlist" in answer.text
    assert reviews() == []
