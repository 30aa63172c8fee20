"""A target's page: where to land, for how long, in which tab, and what was chosen last time."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.preferences import TargetChoices, choose, set_new_tab
from brokers import catalogue
from brokers.contacts import write_contact
from brokers.models import Target
from core import audit
from core.audit import Event
from core.dynamo import transaction
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support import faults
from tests.support.faults import Fault

PAGE = "/targets/dev-read/"
CONSOLE = f"{PAGE}console/"
CHOSEN = {"service": "s3", "region": "eu-west-1", "duration": "900", "destination": ""}

ClientOf = Callable[..., Client]


@pytest.fixture
def alice(client_of: ClientOf) -> Client:
    return client_of("alice")


def landing(response: object) -> str:
    """Return where the console's sign-in leads."""
    location = response.headers["Location"]  # type: ignore[attr-defined]
    return parse_qs(urlsplit(location).query)["Destination"][0]


def form_tag(page: str) -> str:
    return re.search(r"<form[^>]*panel[^>]*>", page)[0]  # type: ignore[index]


# -- where to land
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (CHOSEN, "https://eu-west-1.console.aws.amazon.com/s3/home"),
        (CHOSEN | {"region": ""}, "https://us-east-1.console.aws.amazon.com/s3/home"),
        (
            CHOSEN | {"service": ""},
            "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1",
        ),
        (CHOSEN | {"destination": "/ec2/x"}, "https://eu-west-1.console.aws.amazon.com/ec2/x"),
        # a region that this botocore has not heard of yet
        (CHOSEN | {"region": "eu-west-9"}, "https://eu-west-9.console.aws.amazon.com/s3/home"),
    ],
)
def test_the_console_opens_at_the_service_in_the_region(
    alice: Client, fields: dict[str, str], expected: str
) -> None:
    assert landing(alice.post(CONSOLE, fields)) == expected


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("service", "no-such", "Choose a service of the list"),
        ("region", "cn-north-1", "one of the partition aws-cn"),
        ("region", "evil.example/", "not a region such as eu-central-1"),
        ("duration", "60", "greater than or equal to 900"),
    ],
)
def test_a_choice_that_there_is_not_is_refused_on_its_field(
    alice: Client, field: str, value: str, message: str
) -> None:
    response = alice.post(CONSOLE, CHOSEN | {field: value, "reason": "ticket 4711"})
    assert response.status_code == 400 and message in response.text
    assert "ticket 4711" in response.text
    assert '<option value="s3" selected data-path' in response.text or field == "service"


def test_the_targets_own_page_and_region_are_the_default(alice: Client) -> None:
    target = Target.get("dev-read")
    target.update(actions=[Target.destination.set("/rds/home"), Target.region.set("eu-central-1")])
    assert "eu-central-1" in landing(alice.post(CONSOLE, {}))


def test_the_button_says_for_how_long(alice: Client) -> None:
    assert re.search(
        r"Open console</span><span data-duration> for 1 hour</span>", alice.get(PAGE).text
    )


# -- remembered
def test_what_was_chosen_is_there_next_time(alice: Client) -> None:
    alice.post(CONSOLE, CHOSEN)
    page = alice.get(PAGE).text
    assert '<option value="s3" selected data-path' in page
    assert '<option value="eu-west-1" selected>' in page
    assert '<option value="900" selected>' in page and "for 15 minutes" in page
    # and for whoever opens it with one click elsewhere
    assert landing(alice.post(CONSOLE, {"duration": "900"})).endswith(
        "eu-west-1.console.aws.amazon.com/s3/home"
    )
    assert '<option value="s3" selected data-path' in alice.get(PAGE).text


def test_another_target_has_its_own(alice: Client) -> None:
    alice.post(CONSOLE, CHOSEN)
    assert '<option value="s3" selected' not in alice.get("/targets/prod-admin/").text


def test_a_refused_grant_is_not_remembered(alice: Client) -> None:
    with faults.on(Fault(service="sts", mode="deny")):
        assert alice.post(CONSOLE, CHOSEN).status_code >= 400
    assert '<option value="s3" selected' not in alice.get(PAGE).text


def updates_of_preferences(alice: Client, fields: dict[str, str]) -> int:
    faults.clear()
    assert alice.post(CONSOLE, fields).status_code == 303
    return sum(
        call.operation == "UpdateItem" and "cooper-once" in call.tables for call in faults.journal()
    )


def test_it_is_written_only_when_it_changed(alice: Client) -> None:
    alice.post(CONSOLE, CHOSEN)
    assert updates_of_preferences(alice, CHOSEN) == 0
    assert updates_of_preferences(alice, {"duration": "900"}) == 0
    assert updates_of_preferences(alice, CHOSEN | {"service": "ec2"}) == 1


def test_the_console_opens_although_nothing_can_be_remembered(alice: Client) -> None:
    with faults.on(Fault(service="dynamodb", operation="UpdateItem", table="once", mode="error")):
        assert alice.post(CONSOLE, CHOSEN).status_code == 303


def test_what_is_remembered_is_checked_again(alice: Client) -> None:
    choose("local:alice", "dev-read", TargetChoices("cn-north-1", "gone", 43_200))
    assert "us-east-1" in landing(alice.post(CONSOLE, {}))
    page = alice.get(PAGE).text
    assert "cn-north-1" not in page and "for 1 hour" in page


# -- the tab
def test_it_opens_in_a_new_tab_unless_the_person_says_otherwise(alice: Client) -> None:
    tag = form_tag(alice.get(PAGE).text)
    assert 'target="_blank"' in tag and 'rel="noopener"' in tag
    set_new_tab("local:alice", new_tab=False)
    assert "_blank" not in form_tag(alice.get(PAGE).text)


def test_what_is_corrected_in_the_new_tab_opens_there(alice: Client) -> None:
    page = alice.post(CONSOLE, CHOSEN | {"destination": "https://evil.example/"})
    assert page.status_code == 400 and "_blank" not in form_tag(page.text)


# -- signing out first
def sign_out_line(page: str) -> str:
    match = re.search(r'<p class="[^"]*sign-out-first.*?</p>', page, re.DOTALL)
    return match[0] if match else ""


def test_it_says_how_to_sign_out_while_another_console_is_open(alice: Client) -> None:
    assert sign_out_line(alice.get(PAGE).text) == ""
    alice.post(CONSOLE, {"duration": "900"})
    line = sign_out_line(alice.get("/targets/dev-uploads/").text)
    assert "https://signin.aws.amazon.com/oauth?Action=logout" in line
    assert "Development, read only" in line and "log out" in line


@pytest.mark.parametrize("way", ["credentials", "console"])
def test_it_does_not_for_credentials_and_what_has_ended(alice: Client, way: str) -> None:
    ends = datetime.now(UTC) + timedelta(minutes=30 if way == "credentials" else -1)
    put_grant("local:alice", way, ends)
    assert sign_out_line(alice.get(PAGE).text) == ""


def test_it_does_not_for_another_persons_console(alice: Client) -> None:
    put_grant("local:bob", "console", datetime.now(UTC) + timedelta(minutes=30))
    assert sign_out_line(alice.get(PAGE).text) == ""
    put_grant("local:alice", "console", datetime.now(UTC) + timedelta(minutes=30))
    assert sign_out_line(alice.get(PAGE).text)


def put_grant(person: str, way: str, ends: datetime) -> None:
    with transaction() as writes:
        event = audit.event(
            Event.GRANT_DONE,
            person=person,
            target="dev-read",
            way=way,
            expires_at=ends.isoformat(),
        )
        writes.create(event)


def test_the_page_is_there_without_that_line_when_the_index_does_not_answer(alice: Client) -> None:
    with faults.on(Fault(service="dynamodb", operation="Query", table="audit", mode="error")):
        assert alice.get(PAGE).status_code == 200


# -- whom to ask
def test_it_says_that_no_owner_is_named_and_whom_to_ask_instead(alice: Client) -> None:
    target = Target.find("dev-read")
    target.owner = None
    catalogue.edit(lambda writes: writes.save(target), "dev-read")
    contact = Installation.find(STOP_SWITCH_ITEM).default_contact
    assert f"<dt>Owner</dt><dd>Nobody named; ask {contact}</dd>" in alice.get(PAGE).text

    with transaction() as writes:
        write_contact(str(contact), "", writes)
    owner = "<dt>Owner</dt><dd>Nobody named; ask an administrator of cooper</dd>"
    assert owner in alice.get(PAGE).text
