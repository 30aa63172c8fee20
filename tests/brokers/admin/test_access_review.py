"""The quarterly review: who may become what, through which group, since when, last used."""

import csv
import io

import pytest

from brokers.admin import last_used
from brokers.admin.access_review import END, NOT_KNOWN, NOT_LATELY
from brokers.models import Target
from core.audit import Event
from tests.support.events import all_events
from tests.support.forms import submit

REVIEW = "/admin/brokers/target/review/"


def rows_of(client, **query) -> list[dict[str, str]]:
    answer = client.get(REVIEW, query)
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


def test_it_is_recorded_before_it_is_sent_and_open_to_auditors_alone(carol, client_of):
    rows_of(client_of("erin"), target="dev-read")
    events = [event for event in all_events() if event.event == Event.AUDIT_EXPORTED]
    assert [(event.person, event.facts["review"]) for event in events] == [
        ("local:erin", "dev-read")
    ]
    assert client_of("alice").get(REVIEW).status_code == 403
