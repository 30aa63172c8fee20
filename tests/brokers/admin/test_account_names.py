"""The name of an AWS account, typed in the form of a target in it."""

import pytest

from brokers import catalogue
from brokers.models import AwsAccount, Target
from core.audit import Event
from core.audit_history import events_of
from demo.seed import SPARE_ROLE
from tests.support.events import all_events
from tests.support.forms import submit

DEV_READ, FORM = "/admin/brokers/target/dev-read/change/", "target_form"
ADD_ROLE = "/admin/brokers/target/add/?kind=role"
SPARE = f"arn:aws:iam::444444444444:role/{SPARE_ROLE}"
IN_NEW_ACCOUNT = "arn:aws:iam::999999999999:role/elsewhere"
OWN, OTHER = "222222222222", "444444444444"
SAVED = 302


@pytest.fixture
def carol(client_of):
    return client_of("carol")


def save(carol, **typed):
    answer = submit(carol, DEV_READ, FORM, **typed)
    assert answer.status_code == SAVED


def renames() -> list[tuple[str, object]]:
    return [
        (event.aws_account, event.facts["changes"])
        for event in all_events()
        if event.event == Event.ACCOUNT_CHANGED
    ]


def target_changes() -> dict[str, list[object]]:
    events = events_of("dev-read")
    [event] = [event for event in events if event.event == Event.TARGET_CHANGED]
    return event.facts["changes"]


def test_a_changed_name_is_written_with_an_event_of_the_account(carol):
    before = AwsAccount.find(OWN).name
    save(carol, account_name="Playground")
    assert AwsAccount.find(OWN).name == "Playground"
    assert renames() == [(OWN, {"name": [before, "Playground"]})]


def test_a_cleared_name_is_cleared(carol):
    before = AwsAccount.find(OWN).name
    save(carol, account_name="")
    assert AwsAccount.find(OWN).name is None
    assert renames() == [(OWN, {"name": [before, None]})]


def test_a_name_that_was_left_as_it_was_writes_nothing(carol):
    version = AwsAccount.find(OWN).version
    save(carol, title="New")
    assert AwsAccount.find(OWN).version == version
    assert renames() == []


def test_moving_a_role_takes_no_name_to_another_account(carol):
    before = AwsAccount.find(OTHER).name
    save(carol, role_arn=SPARE)
    assert Target.find("dev-read").aws_account == OTHER
    assert AwsAccount.find(OTHER).name == before
    assert renames() == []


def test_moving_a_role_takes_no_name_to_a_new_account(carol):
    save(carol, role_arn=IN_NEW_ACCOUNT)
    assert AwsAccount.find("999999999999").name is None


def test_a_name_that_is_typed_while_moving_is_that_of_the_account_moved_to(carol):
    before = AwsAccount.find(OWN).name
    save(carol, role_arn=SPARE, account_name="Support")
    assert AwsAccount.find(OTHER).name == "Support"
    assert AwsAccount.find(OWN).name == before


def test_clearing_the_name_while_moving_clears_no_account(carol):
    names = [AwsAccount.find(OWN).name, AwsAccount.find(OTHER).name]
    save(carol, role_arn=SPARE, account_name="")
    assert [AwsAccount.find(OWN).name, AwsAccount.find(OTHER).name] == names
    assert "account_name" not in target_changes()
    assert renames() == []


def test_adding_a_target_without_a_name_keeps_that_of_its_account(carol):
    before = AwsAccount.find(OTHER).name
    typed = {"name": "support-read", "role_arn": SPARE, "max_seconds": "3600"}
    assert submit(carol, ADD_ROLE, FORM, **typed).status_code == SAVED
    assert AwsAccount.find(OTHER).name == before
    assert catalogue.current().targets["support-read"].aws_account == OTHER
