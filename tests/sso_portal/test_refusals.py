"""What a command line asks for and may not have is on the audit log, and answered alike."""

import pytest
from django.test import Client

from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support.command_line import CommandLineTool
from tests.support.events import all_events

PRODUCTION = "444444444444"

WORDS = "Target not found, or you have no access. Your targets are at http://testserver/, or ask "


@pytest.fixture
def tool(client_of):
    return CommandLineTool().sign_in(client_of("alice"))


def ask_api(tool: CommandLineTool, name: str):
    headers = {"HTTP_AUTHORIZATION": f"Bearer {tool.access}"}
    address = f"/api/v1/targets/{name}/credentials"
    return Client().post(address, content_type="application/json", **headers)


def refusals() -> list[tuple[str, str, str, str]]:
    return [
        (event.person, event.target, event.facts["client_kind"], event.why)
        for event in all_events()
        if event.event == "grant:begin:refused"
    ]


@pytest.mark.parametrize("way", ["sso", "api"])
def test_a_target_of_others_is_refused_on_the_audit_log(tool, way):
    before = len(refusals())
    if way == "sso":
        tool.credentials(PRODUCTION, "prod-break-glass")
    else:
        ask_api(tool, "prod-break-glass")

    kind = "API" if way == "api" else "another program"
    assert refusals()[before:] == [("local:alice", "prod-break-glass", kind, "not entitled")]


def test_a_closed_target_of_theirs_is_refused_with_the_program_that_asked(tool):
    before = len(refusals())
    ask_api(tool, "prod-admin")
    why = "closed to command lines"
    assert refusals()[before:] == [("local:alice", "prod-admin", "API", why)]


@pytest.mark.parametrize("name", ["prod-break-glass", "nothing-there"])
def test_it_leads_to_the_portal_and_the_default_contact(tool, name):
    assert tool.credentials(PRODUCTION, name).json()["message"] == f"{WORDS}{contact()}."
    assert ask_api(tool, name).json()["message"] == f"{WORDS}{contact()}."

    Installation.update_item(STOP_SWITCH_ITEM, actions=[Installation.default_contact.remove()])
    administrator = "an administrator of cooper"
    assert tool.credentials(PRODUCTION, name).json()["message"] == f"{WORDS}{administrator}."


def contact() -> str:
    return str(Installation.find(STOP_SWITCH_ITEM).default_contact)
