"""The kind of program is kept with each grant of a command line, shown and searched."""

import json

import pytest
from django.test import Client

from tests.support.command_line import CommandLineTool
from tests.support.events import all_events
from tests.support.removals import stop_all

DEV = "222222222222"
AWS_CLI = "aws-cli/2.23.6 ua/2.0 os/linux md/command#sts.get-caller-identity"
BOTO3 = "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1"
LIST = "/admin/cooper/auditevent/"


@pytest.fixture
def alice(client_of):
    return client_of("alice")


@pytest.fixture
def tool(alice):
    return CommandLineTool().sign_in(alice)


def use(tool: CommandLineTool, user_agent: str, target: str = "dev-read"):
    tool.extra = {"HTTP_USER_AGENT": user_agent}
    return tool.credentials(DEV, target)


def call_api(tool: CommandLineTool, user_agent: str):
    headers = {"HTTP_AUTHORIZATION": f"Bearer {tool.access}", "HTTP_USER_AGENT": user_agent}
    path = "/api/v1/targets/dev-read/credentials"
    return Client().post(path, "", content_type="application/json", **headers)


def kinds_of_grants() -> list[tuple[str, str]]:
    events = [event for event in all_events() if event.event.startswith("grant:")]
    return [(event.event, event.facts.get("client_kind", "")) for event in events]


def test_it_is_kept_with_each_grant(tool):
    assert use(tool, AWS_CLI).status_code == 200
    assert call_api(tool, "curl/8.14.1").status_code == 200
    assert kinds_of_grants() == [
        ("grant:begin:intended", "AWS CLI"),
        ("grant:finish:done", "AWS CLI"),
        ("grant:begin:intended", "API"),
        ("grant:finish:done", "API"),
    ]
    assert all_events()[-4].facts["client_version"] == "2.23.6"


def test_it_is_kept_with_a_refused_one(tool):
    stop_all()
    assert use(tool, BOTO3).status_code == 403
    assert {kind for _, kind in kinds_of_grants()} == {"boto3"}
    assert kinds_of_grants()[-1][0].endswith(":refused")


def test_it_is_kept_with_one_beyond_the_limit(tool, settings):
    settings.COOPER_CLI_GRANTS_PER_MINUTE = 1
    assert [use(tool, BOTO3).status_code for _ in range(2)] == [200, 429]
    assert kinds_of_grants()[-1] == ("grant:begin:refused", "boto3")


def test_of_a_strange_one_nothing_is_kept(tool):
    assert use(tool, 'evil/1 "client_kind": "AWS CLI" <script>').status_code == 200
    assert {kind for _, kind in kinds_of_grants()} == {"another program"}
    assert "evil" not in json.dumps([event.details for event in all_events()])


def test_its_person_sees_it_in_their_list_and_history(alice, tool):
    for user_agent in (BOTO3, AWS_CLI, BOTO3):
        use(tool, user_agent)
    assert 'data-label="By">AWS CLI, boto3<' in alice.get("/command-line/").content.decode()
    assert "command line, boto3" in alice.get("/me/").content.decode()


@pytest.fixture
def log(client_of, alice, tool):
    """Return what reads the ways of an audit log with grants by several programs."""
    for user_agent in (BOTO3, AWS_CLI):
        use(tool, user_agent)
    call_api(tool, "curl/8")
    alice.post("/targets/dev-read/credentials/", {"duration": "900"})
    alice.post("/targets/dev-read/console/", {"duration": "900"})
    carol = client_of("carol")

    def ways(**search: str) -> list[str]:
        page = carol.get(LIST, {"event": "grant:", **search})
        return [event.entry.way for event in page.context["cl"].result_list]

    return ways


@pytest.mark.parametrize("name", ["", "alice", "dev-read", "222222222222"])
def test_the_audit_log_is_searched_by_it(log, name):
    assert log(q=name) == [
        "console",
        "credentials",
        "command line, API",
        "command line, AWS CLI",
        "command line, boto3",
    ]
    for way in ("console", "credentials", "command line, AWS CLI", "command line, API"):
        assert log(q=name, way=way) == [way]
    assert len(log(q=name, way="command line")) == 3
    assert log(q=name, way="command line, Terraform") == []


def test_no_text_of_a_person_passes_for_a_way(log, alice):
    reason = 'because "way": "console", "client_kind": "Terraform"'
    alice.post("/targets/dev-read/credentials/", {"duration": "900", "reason": reason})
    assert log(way="command line, Terraform") == [] and log(way="console") == ["console"]


def test_a_way_that_there_is_not_is_an_error_on_the_field(client_of):
    page = client_of("carol").get(LIST, {"way": "by pigeon"}).content.decode()
    assert "by pigeon is not one of the available choices" in page
