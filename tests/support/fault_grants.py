"""Every way out of a credential, each as its last request."""

from typing import Any

from django.test import Client

from brokers import catalogue
from brokers.models import Target
from tests.support.codes import give_device, next_code
from tests.support.command_line import CommandLineTool
from tests.support.fault_flows import JSON, Operation, become, become_with_code

DEV, PROD = "222222222222", "444444444444"
SEVERAL = ["dev-read", "dev-uploads", "staging-deploy"]


def several(**headers: str) -> Any:
    """Return the flow that becomes several targets at once."""
    fields = {"target": SEVERAL, "duration": "900"}
    return lambda browser: browser.post("/credentials/", fields, **headers)


def by_command_line(browser: Client) -> Any:
    """Ask as the AWS CLI does, with a token."""
    return CommandLineTool().sign_in(browser).credentials(DEV, "dev-read")


def by_api(browser: Client) -> Any:
    """Ask cooper's own API, with the same token."""
    tool = CommandLineTool().sign_in(browser)
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {tool.access}"}
    address = "/api/v1/targets/dev-read/credentials"
    return Client(raise_request_exception=False).post(
        address, "{}", content_type="application/json", **bearer
    )


def open_to_command_lines() -> None:
    """Open the sensitive target of the seed to command lines, by a permit."""
    target = Target.find("prod-admin")
    target.command_lines = "permit"
    catalogue.edit(lambda writes: writes.save(target), "prod-admin")


def asked_for_permit(browser: Client) -> tuple[CommandLineTool, str]:
    """Return a command line that has asked for a permit, and the link's path."""
    open_to_command_lines()
    give_device(browser.username)
    tool = CommandLineTool().sign_in(browser)
    message = tool.credentials(PROD, "prod-admin").json()["message"]
    path = "/permit/" + message.split("/permit/")[1].split("/")[0] + "/"
    return tool, path


def by_permit(browser: Client) -> Any:
    """Ask, permit it, and ask again."""
    tool, path = asked_for_permit(browser)
    browser.post(path, {"code": next_code(browser.username), "reason": ""})
    return tool.credentials(PROD, "prod-admin")


GRANTS = {
    "role in the console": Operation("alice", become("dev-read", "console"), is_grant=True),
    "role with credentials": Operation("alice", become("dev-read", "credentials"), is_grant=True),
    "role for credential_process": Operation(
        "alice", become("dev-read", "credentials", **JSON), is_grant=True
    ),
    "role, in a new worker": Operation(
        "alice", become("dev-read", "credentials"), is_grant=True, cold=True
    ),
    "federated user in the console": Operation(
        "alice", become("dev-uploads", "console"), is_grant=True
    ),
    "federated user with credentials": Operation(
        "alice", become("dev-uploads", "credentials"), is_grant=True
    ),
    "federated user for credential_process": Operation(
        "alice", become("dev-uploads", "credentials", **JSON), is_grant=True
    ),
    "sensitive role in the console": Operation(
        "alice", become_with_code("prod-admin", "console"), is_grant=True
    ),
    "sensitive role for credential_process": Operation(
        "alice", become_with_code("prod-admin", "credentials", **JSON), is_grant=True
    ),
    "role in the console, at a service": Operation(
        "alice",
        become("dev-read", "console", {"service": "s3", "region": "eu-west-1"}),
        is_grant=True,
    ),
    "several targets on a page": Operation("alice", several(), is_grant=True, in_steps=True),
    "several targets for a tool": Operation("alice", several(**JSON), is_grant=True, in_steps=True),
    "role by a command line": Operation("alice", by_command_line, is_grant=True, method="get"),
    "role by the API": Operation("alice", by_api, is_grant=True),
    # where its permit is not found it asks for another one
    "sensitive role by a permit": Operation(
        "alice", by_permit, is_grant=True, method="get", writes_what_aws_says=True
    ),
}
