"""A request id begins with its time, so that what it left on the audit log is found at once."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from core import audit, request_ids
from core.audit import Event
from core.dynamo import transaction
from tests.support import faults

LIST = "/admin/cooper/auditevent/"
MOMENT = datetime(2026, 3, 4, 23, 59, 58, 700_000, tzinfo=UTC)
OLD_ID = "0123456789abcdef"

ClientOf = Callable[..., Client]


@pytest.fixture
def carol(client_of: ClientOf) -> Client:
    return client_of("carol")


def put(at: datetime, name: str, request_id: str, **facts: str) -> None:
    with transaction() as writes:
        key = audit.event_key(at, name)
        event = audit.event(Event.TARGET_CHANGED, at=key, request_id=request_id, **facts)
        writes.create(event)


def rows(page: str) -> str:
    """Return the rows of the list, without the form above them."""
    return page.partition('id="result_list"')[2]


# -- the ids
def test_ids_sort_by_their_time_and_give_it_back() -> None:
    moments = [MOMENT + timedelta(seconds=number) for number in range(5)]
    ids = [request_ids.new(moment) for moment in moments]
    assert ids == sorted(ids) and ids[0].startswith("20260304-235958-")
    assert request_ids.moment_of(ids[0]) == MOMENT.replace(microsecond=0)


def test_ids_of_one_second_differ() -> None:
    assert len({request_ids.new(MOMENT) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "typed",
    [
        "20260304-235958-a01b1c",
        " 20260304-235958-A01B1C ",
        "20260304-235958-aoLbic",
        "20260304 235958 a01b1c",
        "20260304\u2013235958\u2013a01b1c",
    ],
)
def test_an_id_is_read_however_it_was_passed_on(typed: str) -> None:
    assert request_ids.read(typed) == "20260304-235958-a01b1c"


@pytest.mark.parametrize(
    "text",
    ["", OLD_ID, "local:alice", "20261304-235958-a01b1c", "20260304-235958-a01b1", "prod-admin"],
)
def test_other_text_is_no_id(text: str) -> None:
    assert request_ids.read(text) == ""


# -- where people see them
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("path", ["/targets/dev-read/", "/no-such-page/", "/admin/"])
def test_a_refusal_names_its_request_and_the_log_does(
    client_of: ClientOf, caplog: pytest.LogCaptureFixture, path: str, accept: str
) -> None:
    bob = client_of("bob")
    with caplog.at_level(logging.WARNING):
        answer = bob.get(path, headers={"accept": accept})
    request_id = answer.headers["X-Request-Id"]
    assert answer.status_code in (403, 404)
    assert request_ids.read(request_id) == request_id and request_id in answer.text
    assert f"request {request_id}: " in caplog.text


def test_who_may_see_the_audit_log_gets_there_from_the_refusal(
    carol: Client, client_of: ClientOf
) -> None:
    page = carol.get("/targets/nowhere/")
    address = f"{LIST}?q={page.headers['X-Request-Id']}"
    assert f'href="{address}"' in page.text and carol.get(address).status_code == 200
    assert LIST not in client_of("bob").get("/targets/nowhere/").text


# -- finding them
@pytest.mark.parametrize("field", ["q", "request"])
def test_it_reads_the_minutes_of_the_request_alone(carol: Client, field: str) -> None:
    request_id = request_ids.new(MOMENT)
    put(MOMENT, "before-midnight", request_id, reason="-before-")
    put(MOMENT + timedelta(seconds=4), "after-midnight", request_id, reason="-after-")
    for number in range(300):
        others = MOMENT + timedelta(hours=1, seconds=number)
        put(others, f"n{number:03}", OLD_ID, reason="-others-")
    carol.get(LIST)

    faults.clear()
    page = rows(carol.get(LIST, {field: request_id.upper()}).text)
    queries = [call for call in faults.journal() if call.operation == "Query"]
    assert page.count("-before-") == 1 and page.count("-after-") == 1 and "-others-" not in page
    # two days of as many partitions each, beside what every page of the admin reads
    partitions = len(audit.partitions_of(MOMENT.date()) + audit.partitions_of(MOMENT.date()))
    assert len(queries) <= partitions + 2


def test_a_request_of_many_events_is_read_page_by_page(carol: Client) -> None:
    request_id = request_ids.new(MOMENT)
    for number in range(120):
        put(
            MOMENT + timedelta(milliseconds=number),
            f"n{number:03}",
            request_id,
            reason=f"-{number}-",
        )

    whole = page = carol.get(LIST, {"q": request_id}).text
    while ">Older</a>" in page:
        link = page.split(">Older</a>")[0].rsplit('href="', 1)[1].rstrip('"')
        page = carol.get(LIST + link.replace("&amp;", "&")).text
        whole += page
    assert [number for number in range(120) if whole.count(f">-{number}-<") != 1] == []


def test_days_that_were_chosen_count_too(carol: Client) -> None:
    request_id = request_ids.new(MOMENT)
    put(MOMENT, "before-midnight", request_id, reason="-before-")
    put(MOMENT + timedelta(seconds=4), "after-midnight", request_id, reason="-after-")
    page = rows(carol.get(LIST, {"q": request_id, "since": "2026-03-05"}).text)
    assert "-after-" in page and "-before-" not in page
    assert "-after-" not in rows(carol.get(LIST, {"q": request_id, "since": "2026-03-06"}).text)


def test_it_says_where_to_look_for_a_request_without_an_event(carol: Client) -> None:
    page = carol.get(LIST, {"q": request_ids.new(MOMENT)}).text
    assert "This request left no event" in page and "2026-03-04 23:59:58 UTC" in page
    assert "Look further back" not in page
