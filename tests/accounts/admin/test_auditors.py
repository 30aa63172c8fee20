"""An auditor reads and exports the audit log, with a code of her own, and changes nothing."""

import pytest

from accounts.models import LocalAccount
from brokers.models import Target
from core.audit import AuditEvent, Event
from tests.support.codes import give_device, next_code
from tests.support.forms import fields_of, submit

LIST = "/admin/cooper/auditevent/"


@pytest.fixture
def erin(client_of):
    return client_of("erin")


def test_she_reads_the_record_one_event_and_histories(erin, client_of):
    client_of("alice").post("/targets/dev-read/credentials/", {"duration": 900})
    page = erin.get(LIST, {"q": "dev-read"}).text
    assert ">became a target<" in page
    address = page.split('class="field-when')[1].split('href="')[1].split('"')[0]
    assert "access key id" in erin.get(address).text
    history = erin.get("/admin/brokers/target/dev-read/history/").text
    assert "local:alice" in history and 'href="/admin/brokers/' not in history
    assert "signed in" in erin.get("/admin/accounts/person/local_3Aalice/history/").text


def test_she_is_offered_nothing_that_is_shut(erin):
    for address in ("/", "/admin/", "/admin/cooper/", LIST):
        page = erin.get(address).text
        links = {part.split('"')[0].split("?")[0] for part in page.split('href="')[1:]}
        inside = {
            link
            for link in links
            if link.startswith(("/admin/", "/targets/")) and "static" not in link
        }
        assert inside, address
        assert {link for link in inside if erin.get(link).status_code in (403, 404)} == set(), (
            address
        )


def test_her_looks_are_on_record(erin):
    erin.get(LIST, {"q": "alice"})
    seen = [
        each
        for each in AuditEvent.by_person.query("local:erin")
        if each.event == Event.AUDIT_VIEWED
    ]
    assert [each.facts["asked"] for each in seen] == ["q=alice"]


def test_she_exports_with_a_code_of_her_own_device(erin):
    assert erin.get(f"{LIST}export/").headers["Location"].startswith("/device/?next=")
    give_device("erin")
    page = erin.get(f"{LIST}export/")
    fields = fields_of(page.text, "export_form") | {"format": "csv"}
    assert erin.post(f"{LIST}export/", fields | {"code": next_code("carol")}).status_code == 400
    answer = erin.post(f"{LIST}export/", fields | {"code": next_code("erin")})
    assert answer.status_code == 200 and b"person:sign-in:done" in b"".join(
        answer.streaming_content
    )


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/admin/brokers/target/dev-read/change/", {"title": "Erin's"}),
        ("/admin/brokers/target/dev-read/try/", {}),
        ("/admin/brokers/target/dev-read/delete/", {"post": "yes"}),
        (
            "/admin/brokers/target/",
            {"action": "delete_chosen", "_selected_action": ["dev-read"], "confirmed": "yes"},
        ),
        (
            "/admin/accounts/localaccount/add/",
            {"username": "eve", "password": "long-and-rare-4711"},
        ),
        (
            "/admin/accounts/person/",
            {"action": "end_web_sessions", "_selected_action": ["local:erin"]},
        ),
        ("/admin/cooper/installation/grants/change/", {"stopped": "on"}),
    ],
)
def test_she_changes_nothing_even_with_a_code(erin, address, fields):
    give_device("erin")
    assert erin.post(address, fields | {"code": next_code("erin")}).status_code == 403
    assert (
        Target.find("dev-read").title == "Development, read only"
        and LocalAccount.find("eve") is None
    )
    refused = [
        each
        for each in AuditEvent.by_person.query("local:erin")
        if each.event == Event.ADMIN_REFUSED
    ]
    assert [each.facts["path"] for each in refused] == [address]


def test_she_is_not_told_what_is_wrong_inside(erin, client_of):
    assert "KMS" not in erin.get("/readyz").text and "KMS" in client_of("carol").get("/readyz").text


def test_she_is_an_auditor_until_she_leaves_the_group_and_an_administrator_once_she_is_one(
    client_of, settings
):
    erin = client_of("erin")
    assert erin.get("/admin/brokers/target/").status_code == 403
    settings.COOPER_ADMIN_GROUPS = ["local:auditors"]
    assert erin.get("/admin/brokers/target/").status_code == 200
    settings.COOPER_ADMIN_GROUPS, settings.COOPER_AUDITOR_GROUPS = ["local:admins"], []
    assert erin.get(LIST).status_code == 403


def test_the_same_group_name_of_another_provider_gives_nothing(client_of, settings):
    settings.COOPER_AUDITOR_GROUPS = ["okta:auditors"]
    assert client_of("erin").get(LIST).status_code == 403


def test_a_local_account_becomes_an_auditor_at_once(client_of):
    bob = client_of("bob")
    assert bob.get(LIST).status_code == 403
    submit(
        client_of("carol"),
        "/admin/accounts/localaccount/bob/change/",
        "localaccount_form",
        groups="auditors",
    )
    assert (
        bob.get(LIST).status_code == 200 and bob.get("/admin/accounts/person/").status_code == 403
    )
