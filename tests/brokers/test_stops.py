"""What is stopped is said on every page that it touches, in words and a colour of danger."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.utils import quote

from brokers import catalogue
from brokers.models import Association, AwsAccount, State, Target
from core import admin
from core.dynamo import transaction
from core.emergency_stop import put_stop
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support import faults

ALL_STOPPED = "All grants are stopped"
ACCOUNT_STOPPED = "Grants in Development (222222222222) are stopped"
PORTAL = ("/", "/targets/dev-read/", "/device/", "/nowhere/")
STOP_PAGE = "/admin/cooper/installation/grants/change/"
ADMIN = (
    "/admin/",
    "/admin/brokers/target/",
    "/admin/brokers/target/dev-read/change/",
    "/admin/brokers/target/import/",
    STOP_PAGE,
    "/admin/cooper/settings/contact/change/",
    "/admin/cooper/auditevent/",
    "/admin/accounts/person/",
)


@pytest.fixture
def all_stopped(store):
    switch = Installation.find(STOP_SWITCH_ITEM)
    switch.stopped = True
    with transaction() as writes:
        writes.save(switch)


@pytest.fixture
def account_stopped(store):
    account = AwsAccount.find("222222222222")
    account.stopped = True
    catalogue.edit(lambda writes: writes.save(account), accounts=["222222222222"])


def banner_of(text: str) -> str:
    """Return the text of the banner of a page, or ""."""
    match = re.search(r'<div class="stops"[^>]*>(.*?)</div>', text, re.DOTALL)
    return re.sub(r"<[^>]+>", "", match[1]).strip() if match else ""


# -- the banner ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("person", "address"),
    [("alice", page) for page in PORTAL] + [("bob", "/")] + [("carol", page) for page in ADMIN],
)
def test_every_page_says_that_all_grants_are_stopped(client_of, all_stopped, person, address):
    assert ALL_STOPPED in banner_of(client_of(person).get(address).text)


@pytest.fixture
def stopped_for_a_reason(store):
    since = datetime.now(UTC).replace(hour=0, minute=5)
    with transaction() as writes:
        put_stop(writes, since, "local:dan", "Key leak in <prod>.")


FACTS = "All grants are stopped since 00:05 UTC: Key leak in &lt;prod&gt;. Nobody becomes anything"


def test_the_banner_says_since_when_and_why_and_whom_to_ask(client_of, stopped_for_a_reason):
    banner = banner_of(client_of("alice").get("/").text)
    assert banner.startswith(FACTS) and "local:dan" not in banner
    contact = Installation.find(STOP_SWITCH_ITEM).default_contact
    assert banner.endswith(f"until an administrator lifts the stop. Ask {contact}.")


def test_administrators_see_who_stopped_it_and_the_way_to_lift_it(client_of, stopped_for_a_reason):
    carol = client_of("carol")
    banner = banner_of(carol.get("/").text)
    assert banner.startswith(FACTS)
    assert banner.endswith("Stopped by local:dan. Go to the emergency stop")
    assert "Go to the emergency stop" not in carol.get(STOP_PAGE).text


def test_a_refusal_says_since_when_and_why(client_of, stopped_for_a_reason):
    tool = {"headers": {"Accept": "application/json"}}
    answer = client_of("alice").post("/targets/dev-read/credentials/", {}, **tool)
    assert "stopped by an administrator of cooper since 00:05 UTC: Key leak" in answer.text


@pytest.mark.parametrize(("person", "address"), [("alice", "/"), ("carol", "/admin/")])
def test_no_page_has_a_banner_while_nothing_is_stopped(client_of, person, address):
    assert banner_of(client_of(person).get(address).text) == ""


@pytest.mark.parametrize(
    ("person", "address"), [("alice", page) for page in PORTAL] + [("carol", "/admin/")]
)
def test_a_stopped_aws_account_is_named_to_whom_it_concerns(
    client_of, account_stopped, person, address
):
    assert ACCOUNT_STOPPED in banner_of(client_of(person).get(address).text)


def test_a_stopped_aws_account_is_not_named_to_somebody_with_nothing_in_it(
    client_of, account_stopped
):
    text = client_of("bob").get("/").text
    assert banner_of(text) == "" and "222222222222" not in text


def test_a_stopped_aws_account_is_not_named_to_somebody_whose_associations_there_have_ended(
    client_of, account_stopped
):
    alice = client_of("alice")
    assert ACCOUNT_STOPPED in banner_of(alice.get("/").text)
    for name in ("dev-read", "dev-admin", "dev-uploads"):
        association = Association.find(name, "local:developers")
        association.until = datetime.now(UTC) - timedelta(seconds=1)
        catalogue.edit(lambda writes, ended=association: writes.save(ended), name)
    assert banner_of(alice.get("/").text) == ""


def test_a_switch_that_is_not_there_counts_as_stopped(client_of, store):
    Installation.delete_item(STOP_SWITCH_ITEM)
    assert ALL_STOPPED in banner_of(client_of("alice").get("/").text)


def test_nobody_who_has_not_signed_in_is_told(client_of, all_stopped):
    assert banner_of(client_of(None).get("/login/").text) == ""


def test_credentials_that_were_issued_wait_for_no_further_read(client_of):
    alice = client_of("alice")
    calls = []
    # the first one reads the catalogue
    for way in ("console", "console", "credentials"):
        before = faults.count("dynamodb")
        response = alice.post(f"/targets/dev-read/{way}/", {"duration": 900})
        assert response.status_code in (200, 303)
        calls.append(faults.count("dynamodb") - before)
    assert calls[2] == calls[1]


# -- buttons ---------------------------------------------------------------------------------------
def buttons_of(text: str) -> list[str]:
    """Return the buttons that become a target."""
    return re.findall(r"<button[^>]*>(?:Open console|Get credentials|Console|Credentials)", text)


@pytest.mark.parametrize("address", ["/", "/targets/dev-read/"])
def test_its_buttons_are_disabled_with_the_reason(client_of, all_stopped, address):
    text = client_of("alice").get(address).text
    buttons = buttons_of(text)
    assert buttons and all(" disabled" in button for button in buttons)
    for reason_id in re.findall(r'<button[^>]*aria-describedby="([^"]+)"', text):
        assert f'id="{reason_id}">{ALL_STOPPED}' in text
    assert client_of("alice").post("/targets/dev-read/console/", {}).status_code == 403


def test_a_sensitive_targets_link_is_no_link_while_it_is_stopped(client_of, all_stopped):
    assert "Open…" not in client_of("alice").get("/").text


def test_only_the_buttons_of_that_aws_account_are_disabled(client_of, account_stopped):
    text = client_of("alice").get("/").text
    disabled = [" disabled" in button for button in buttons_of(text)]
    assert True in disabled and False in disabled
    target = client_of("alice").get("/targets/staging-deploy/").text
    assert not any(" disabled" in button for button in buttons_of(target))


# -- words and colours -----------------------------------------------------------------------------
def cells(text: str, column: str) -> list[str]:
    return re.findall(rf'<td [^>]*class="field-{column}[^"]*">(.*?)</td>', text)


DANGER = '<strong class="state danger">{}</strong>'


def test_a_switch_that_stops_all_grants_looks_like_danger(client_of, all_stopped):
    page = client_of("carol").get(STOP_PAGE).text
    assert DANGER.format("Stopped") in page


def test_a_switch_that_stops_nothing_does_not(client_of):
    page = client_of("carol").get(STOP_PAGE).text
    assert "stop-button" in page and '"state danger"' not in page


def test_a_stopped_aws_account_looks_like_danger(client_of, account_stopped):
    found = cells(client_of("carol").get("/admin/brokers/awsaccount/").text, "stopped")
    assert DANGER.format("Stopped") in found and "Running" in found
    page = client_of("carol").get("/admin/brokers/awsaccount/222222222222/change/").text
    assert DANGER.format("Stopped") in page


@pytest.mark.parametrize("state", [State.PENDING, State.DISABLED])
def test_a_target_that_nobody_can_become_looks_like_danger(client_of, state):
    target = Target.find("dev-read")
    target.state = str(state)
    catalogue.edit(lambda writes: writes.save(target), "dev-read")
    found = cells(client_of("carol").get("/admin/brokers/target/").text, "state_label")
    assert DANGER.format(state) in found and "enabled" in found


def test_a_sensitive_target_is_marked_so_in_its_list_and_on_its_page(client_of):
    carol = client_of("carol")
    found = cells(carol.get("/admin/brokers/target/").text, "sensitive")
    assert found.count(DANGER.format("Sensitive")) == 2
    assert DANGER.format("Sensitive") in carol.get("/admin/brokers/target/prod-admin/change/").text


def test_no_list_or_page_of_the_admin_shows_a_bare_tick_or_cross(client_of, all_stopped):
    """A tick or a cross says nothing of what is good: words do."""
    for name in ("alice", "bob"):
        client_of(name)
    carol = client_of("carol")
    pages = []
    for document_class, model_admin in admin.site._registry.items():
        options = document_class._meta
        address = f"/admin/{options.app_label}/{options.model_name}/"
        pages.append(carol.get(address, follow=True))
        documents = model_admin.documents(pages[-1].wsgi_request)[:1]
        pages += [carol.get(f"{address}{quote(document.pk)}/change/") for document in documents]
    assert len(pages) > 12
    for page in pages:
        assert page.status_code == 200
        assert not re.search(r"icon-(yes|no)\.svg", page.text), page.wsgi_request.path
