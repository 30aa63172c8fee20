"""The audit log in the admin."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.utils import quote

from core import audit
from core.audit import AuditEvent, Event
from core.audit_history import events_of
from core.dynamo import transaction
from tests.support import faults
from tests.support.faults import Fault
from tests.support.forms import submit

LIST = "/admin/cooper/auditevent/"


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def put(at: datetime, name: str, kind: Event = Event.TARGET_CHANGED, **facts) -> None:
    with transaction() as writes:
        writes.create(audit.event(kind, at=audit.event_key(at, name), **facts))


def test_it_shows_the_newest_first_and_who_did_it(carol, client_of):
    client_of("alice").post("/targets/dev-read/credentials/", {"duration": 900})
    page = carol.get(LIST).text
    assert (
        page.index(">read the audit log<") < page.index(">became a target<")
        and "local:alice" in page
    )


def test_it_shows_a_grant_with_its_outcome_as_one(carol, client_of):
    client_of("alice").post("/targets/dev-read/credentials/", {"duration": 900})
    page = carol.get(LIST, {"q": "dev-read"}).text
    assert page.count(">became a target<") == 1 and ">issued<" in page


def test_it_says_of_a_grant_without_outcome_that_it_may_have_been_issued(carol):
    put(datetime.now(UTC) - timedelta(seconds=61), "abc", Event.GRANT_INTENDED, target="dev-read")
    put(datetime.now(UTC) - timedelta(seconds=5), "abd", Event.GRANT_INTENDED, target="dev-admin")
    assert "may have been issued" in carol.get(LIST, {"q": "dev-read"}).text
    assert "under way" in carol.get(LIST, {"q": "dev-admin"}).text


def test_it_shows_a_grant_that_was_refused_after_its_intent_as_one_with_the_reason(carol):
    day, at = audit.event_key(datetime.now(UTC), "abc")
    with transaction() as writes:
        writes.create(audit.event(Event.GRANT_INTENDED, at=(day, at), target="dev-read"))
        refusal = audit.event(
            Event.GRANT_STOPPED, at=(day, f"{at}#outcome"), target="dev-read", why="was stopped"
        )
        writes.create(refusal)
    page = carol.get(LIST, {"q": "dev-read"}).text
    assert page.count(">became a target<") == 1 and ">refused<" in page and "was stopped" in page
    by_kind = carol.get(LIST, {"event": "grant:finish:refused"}).text
    assert ">became a target<" in by_kind and "was stopped" in by_kind


def test_it_goes_back_page_by_page_and_day_by_day_without_losing_an_event(carol):
    begin = datetime.now(UTC) - timedelta(days=9)
    for number in range(130):
        put(begin + timedelta(hours=number), f"n{number:03}", reason=f"number-{number:03}-")
    seen, address = "", LIST
    for _ in range(12):
        page = carol.get(address).text
        seen += page
        if "Older</a>" not in page:
            break
        address = (
            LIST + "?" + page.split('">Older</a>')[0].rsplit('href="?', 1)[1].replace("&amp;", "&")
        )
    assert [number for number in range(130) if seen.count(f"number-{number:03}-") != 1] == []


def test_it_goes_to_a_day(carol):
    put(datetime(2026, 1, 5, 12, tzinfo=UTC), "old", reason="long ago")
    assert "long ago" in carol.get(LIST, {"day": "2026-01-05"}).text
    assert "long ago" not in carol.get(LIST, {"day": "2026-01-04"}).text


@pytest.mark.parametrize(
    "query",
    [
        "day=nonsense", "before=nonsense", "before=2026-99-99", "q=%00",
        "q=" + "x" * 3000, "p=3", "o=1", "q=a&before=2020-01-01", "q=a&since=9999-12-31",
        "day=9999-12-31", "day=0001-01-01", "since=0001-01-01", "before=0001-01-01",
        "before=9999-12-31",
    ],
)  # fmt: skip
def test_it_survives_odd_parameters(carol, query):
    assert carol.get(f"{LIST}?{query}").status_code == 200


def test_it_finds_a_persons_events_by_name(carol, client_of):
    client_of("bob").get("/targets/dev-read/")
    page = carol.get(LIST, {"q": "bob"}).text
    assert ">signed in<" in page and ">local:bob<" in page and ">local:alice<" not in page


def test_it_shows_one_event_with_everything_that_is_known(carol, client_of):
    client_of("alice").post(
        "/targets/dev-read/credentials/", {"duration": 900, "reason": "because"}
    )
    [intent] = [each for each in events_of("dev-read") if each.event == Event.GRANT_INTENDED]
    page = carol.get(LIST).text
    address = next(
        part.split('"')[0]
        for part in page.split('href="')[1:]
        if intent.grant in part.split('"')[0]
    )
    shown = carol.get(address).text
    assert (
        "because" in shown
        and "access key id" in shown
        and "issued" in shown
        and intent.request_id in shown
    )


def test_it_is_read_only(carol):
    assert carol.get(f"{LIST}add/").status_code == 403
    assert carol.post(f"{LIST}add/", {"event": "x"}).status_code == 403
    [event] = [
        each
        for each in AuditEvent.by_person.query("local:carol")
        if each.event == Event.SIGN_IN_DONE
    ][:1]
    for operation in ("change", "delete"):
        assert (
            carol.post(f"{LIST}{quote(event.pk)}/{operation}/", {"post": "yes"}).status_code == 403
        )


def test_it_records_that_it_was_looked_at_and_shows_nothing_when_that_cannot_be_recorded(carol):
    carol.get(LIST, {"q": "alice"})
    viewed = [
        each
        for each in AuditEvent.by_person.query("local:carol")
        if each.event == Event.AUDIT_VIEWED
    ]
    assert [each.facts["asked"] for each in viewed] == ["q=alice"]
    with faults.on(Fault("dynamodb", "TransactWriteItems", mode="error", status=500)):
        assert carol.get(LIST).status_code == 503


def test_it_records_who_is_refused_at_the_door(client_of):
    assert client_of("bob").get("/admin/brokers/target/").status_code == 403
    refused = [
        each
        for each in AuditEvent.by_person.query("local:bob")
        if each.event == Event.ADMIN_REFUSED
    ]
    assert [each.facts["path"] for each in refused] == ["/admin/brokers/target/"]


def test_it_shows_the_history_of_a_target_with_what_changed(carol):
    submit(carol, "/admin/brokers/target/dev-read/change/", "target_form", title="A new title")
    page = carol.get("/admin/brokers/target/dev-read/history/").text
    assert (
        "<del>Development, read only</del> <ins>A new title</ins>" in page and "local:carol" in page
    )


def test_an_events_own_page_lists_its_particulars_with_their_values_escaped(carol):
    moment = datetime.now(UTC)
    day, at = audit.event_key(moment, "abc")
    with transaction() as writes:
        changes = {"owner": ["<b>a</b>", "<br>"]}
        event = audit.event(
            Event.TARGET_CHANGED, at=(day, at), target="dev-read", via="<i>x</i>", changes=changes
        )
        writes.create(event)
    page = carol.get(f"{LIST}{quote(event.pk)}/change/").text
    assert "<li>owner: <code>&lt;b&gt;a&lt;/b&gt; -&gt; &lt;br&gt;</code></li>" in page
    assert "<li>via: <code>&lt;i&gt;x&lt;/i&gt;</code></li>" in page
    assert page.count("&lt;br&gt;") == 1


@pytest.mark.parametrize(("count", "has_older"), [(50, False), (51, True)])
def test_it_offers_older_events_only_where_there_are_some(carol, count, has_older):
    for number in range(count):
        put(datetime.now(UTC), f"n{number:03}", target="ledger")
    assert ("Older</a>" in carol.get(LIST, {"q": "ledger"}).text) == has_older
