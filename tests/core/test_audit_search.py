"""The audit log is searched by person, target, event and request id, within days, page by page."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.utils import quote

from core import audit, audit_search
from core.audit import AuditEvent, Event
from core.dynamo import transaction

LIST = "/admin/cooper/auditevent/"
NOW = datetime.now(UTC)


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def put(at: datetime, name: str, kind: Event = Event.TARGET_CHANGED, **facts) -> None:
    with transaction() as writes:
        writes.create(audit.event(kind, at=audit.event_key(at, name), **facts))


def older(page: str) -> str:
    """Return the address behind the link that goes on."""
    link = next((said for said in ('">Older</a>', '">Look further back</a>') if said in page), "")
    return (
        LIST + "?" + page.split(link, maxsplit=1)[0].rsplit('href="?', 1)[1].replace("&amp;", "&")
        if link
        else ""
    )


def all_pages(client, **asked) -> str:
    seen = page = client.get(LIST, asked).text
    for _ in range(40):
        address = older(page)
        if not address:
            return seen
        page = client.get(address).text
        seen += page
    raise AssertionError("the pages never end")


def results(page: str) -> str:
    """Return the rows of the list, without the form above them."""
    return page.split('id="result_list"')[1] if 'id="result_list"' in page else ""


def test_it_finds_events_by_kind_and_by_noun(carol, client_of):
    client_of("bob").get("/admin/")
    page = results(carol.get(LIST, {"event": "admin:enter:refused"}).text)
    assert (
        ">local:bob<" in page and ">opened the administration<" in page and "signed in" not in page
    )
    page = results(carol.get(LIST, {"event": "person:"}).text)
    assert ">signed in<" in page and ">opened the administration<" not in page


def test_it_finds_the_request_that_an_error_page_names(carol, client_of):
    answer = client_of("bob").get("/admin/brokers/target/")
    number = answer.headers["X-Request-Id"]
    assert number in answer.text
    page = results(carol.get(LIST, {"request": number}).text)
    assert (
        page.count(">opened the administration<") == 1
        and ">local:bob<" in page
        and "signed in" not in page
    )


def test_it_finds_what_fits_all_of_what_was_typed(carol):
    for number, who in enumerate(("local:x", "local:y")):
        put(
            NOW - timedelta(days=3),
            f"in{number}",
            person=who,
            target="one",
            reason=f"-inside-{who}-",
        )
        put(
            NOW - timedelta(days=5),
            f"out{number}",
            person=who,
            target="one",
            reason=f"-outside-{who}-",
        )
        put(
            NOW - timedelta(days=3),
            f"odd{number}",
            Event.TARGET_TRIED,
            person=who,
            target="one",
            reason="-odd-",
        )
    days = {
        "since": f"{NOW - timedelta(days=4):%Y-%m-%d}",
        "day": f"{NOW - timedelta(days=2):%Y-%m-%d}",
    }
    page = results(all_pages(carol, q="x", event="target:change:done", **days))
    assert (
        "-inside-local:x-" in page
        and "local:y" not in page
        and "-outside-" not in page
        and "-odd-" not in page
    )
    page = results(all_pages(carol, q="one", event="target:", **days))
    assert (
        "-inside-local:x-" in page
        and "-inside-local:y-" in page
        and "-odd-" in page
        and "-outside-" not in page
    )


@pytest.mark.parametrize(
    "asked", [{"event": "target:change:done"}, {"q": "one"}, {"q": "x", "event": "target:"}]
)
def test_it_goes_through_the_pages_of_a_search_without_losing_an_event(carol, asked):
    for number in range(120):
        put(
            NOW - timedelta(hours=number),
            f"n{number:03}",
            person="local:x",
            target="one",
            reason=f"-{number:03}-",
        )
        put(
            NOW - timedelta(hours=number),
            f"o{number:03}",
            Event.STOP_SET,
            person="local:z",
            reason="other",
        )
    seen = all_pages(carol, **asked)
    assert [number for number in range(120) if seen.count(f">-{number:03}-<") != 1] == []
    assert ">other<" not in seen


def test_it_goes_on_where_time_was_over(carol, monkeypatch):
    monkeypatch.setattr(audit_search, "PATIENCE", -1.0)
    put(NOW - timedelta(days=3), "old", Event.KEYS_ENCRYPTED, reason="-far-")
    page = carol.get(LIST, {"event": "keys:encrypt:done"}).text
    assert "-far-" not in page and "Older days have not been searched yet" in page
    since = f"{NOW - timedelta(days=6):%Y-%m-%d}"
    assert all_pages(carol, event="keys:encrypt:done", since=since).count(">-far-<") == 1


def test_it_looks_across_a_long_silence(carol):
    put(
        NOW - timedelta(days=100),
        "old",
        Event.KEYS_ENCRYPTED,
        request_id="0123456789abcdef",
        reason="-far-",
    )
    page = carol.get(LIST, {"request": "0123456789abcdef"}).text
    assert "-far-" not in page and "Look further back" in page
    assert all_pages(carol, request="0123456789abcdef").count(">-far-<") == 1


def test_a_young_log_offers_nothing_older_than_its_first_event(carol):
    page = carol.get(LIST).text
    assert ">ran set-up<" in page and "Older</a>" not in page
    nothing = carol.get(LIST, {"event": "catalogue:import:refused"}).text
    assert "No matching events" in nothing and "Look further back" not in nothing

    put(NOW - timedelta(days=100), "old", Event.KEYS_ENCRYPTED)
    assert "Older</a>" in carol.get(LIST).text
    assert "Look further back" in carol.get(LIST, {"event": "catalogue:import:refused"}).text


def test_a_log_that_one_call_does_not_read_may_have_older_events(carol):
    for number in range(3):
        put(NOW, f"n{number}", Event.EXPORT_DONE, reason="x" * 390_000)
    assert "Older</a>" in carol.get(LIST).text


def test_it_shows_the_outcome_of_grants_that_were_searched_by_event(carol, client_of):
    client_of("alice").post("/targets/dev-read/credentials/", {"duration": 900})
    page = results(carol.get(LIST, {"event": "grant:begin:intended"}).text)
    assert ">issued<" in page and "may have been" not in page


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"q": "nobody-of-this-name"}, "Enter a person as local:alice"),
        ({"since": "2026-01-05", "day": "2026-01-06"}, "No matching events"),
    ],
)
def test_it_says_what_to_do_where_nothing_is_found(carol, asked, said):
    assert said in carol.get(LIST, asked).text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"event": "no:such:event"}, "Select a valid choice"),
        ({"day": "yesterday"}, "Enter a valid date"),
        ({"since": "2026-02-02", "day": "2026-02-01"}, "before the first one"),
        ({"request": "x" * 65}, "at most 64 characters"),
    ],
)
def test_it_says_what_is_wrong_with_a_search_and_keeps_what_was_typed(carol, asked, said):
    page = carol.get(LIST, {"q": "alice", **asked}).text
    assert said in page and 'value="alice"' in page and "Nothing was searched" in page


def test_it_keeps_the_search_in_the_address_of_the_next_page(carol):
    for number in range(60):
        put(NOW - timedelta(minutes=number), f"n{number:03}", target="one", reason="x")
    address = older(carol.get(LIST, {"q": "one", "event": "target:", "since": "2026-01-02"}).text)
    assert all(
        part in address for part in ("q=one", "event=target%3A", "since=2026-01-02", "before=")
    )


def test_it_records_the_look_at_one_event_and_at_a_history(carol, client_of):
    client_of("alice")
    found = next(iter(AuditEvent.by_person.query("local:alice")))
    assert carol.get(f"{LIST}{quote(found.pk)}/change/").status_code == 200
    assert carol.get("/admin/accounts/person/local_3Aalice/history/").status_code == 200
    mine = [
        each
        for each in AuditEvent.by_person.query("local:carol")
        if each.event == Event.AUDIT_VIEWED
    ]
    assert [each.facts["asked"] for each in mine] == [found.pk, "history of person local:alice"]
