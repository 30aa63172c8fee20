"""What real AWS CLIs say to people who may not, or not any more; and that others build on them."""

import json
import re
from collections.abc import Iterator

import pytest

from accounts import command_lines
from accounts.command_lines import CommandLine
from accounts.models import Person
from brokers import catalogue
from brokers.models import Association, Target
from core.dynamo import transaction
from tests.support.aws_cli import SUITES_NOW, AwsCli, aws_cli
from tests.support.served import serving
from tests.support.sso_home import PROFILE, Home, signed_in_home

__all__ = ["aws_cli"]  # a fixture

NO_ACCESS = (
    "An error occurred (ForbiddenException) when calling the GetRoleCredentials operation: "
    "Target not found, or you have no access. Your targets are at ADDRESS/, "
    "or ask Platform team, platform@example.com."
)
SIGNED_OUT = (
    "The SSO session associated with this profile has expired or is otherwise invalid. "
    "To refresh this SSO session run aws sso login with the corresponding profile."
)
"""The CLI's own: cooper's message is not shown with this error."""

EXPORT = ("configure", "export-credentials", "--profile", PROFILE)

CALLER = ("sts", "get-caller-identity", "--profile")

OTHER_PROFILE = f"""
[profile through-a-process]
credential_process = aws {" ".join(EXPORT)} --format process
region = us-east-1
services = SESSION
"""
"""What tools do that know no endpoints, but credential_process."""


@pytest.fixture
def server(store) -> Iterator[str]:
    with serving(store.environment() | {"COOPER_EMBEDDED": "1"}) as url:
        yield url


def refusal_of(cli: AwsCli) -> str:
    """Return what the CLI says when it asks for credentials and gets none."""
    cli.forget_credentials()
    done = cli.run(*CALLER, PROFILE)
    assert done.returncode in (254, 255) and done.stdout == "", done.stdout
    words = done.stderr.strip().removeprefix("aws: [ERROR]: ")
    return re.sub(r"http://127\.0\.0\.1:\d+", "ADDRESS", words)


def set_disabled(person: str, *, disabled: bool) -> None:
    stored = Person.find(person)
    stored.disabled = disabled
    with transaction() as writes:
        writes.save(stored)


def use_through_a_process(cli: AwsCli, home: Home) -> str:
    """Use a target through a profile that runs the CLI; return who that is to AWS."""
    with home.config.open("a") as config:
        config.write(OTHER_PROFILE.replace("SESSION", home.session))
    done = cli.run(*CALLER, "through-a-process")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["Arn"]


@pytest.mark.parametrize("aws_cli", SUITES_NOW, indirect=True)
def test_it_renews_its_token_serves_other_tools_and_says_what_is_wrong(aws_cli, server, store):
    home = signed_in_home(aws_cli.home, server, store.endpoint_url)
    before = home.token()["accessToken"]
    home.let_token_end()
    assert ":assumed-role/dev-read/alice." in use_through_a_process(aws_cli, home)
    assert home.token()["accessToken"] != before

    association = Association.find("dev-read", "local:developers")
    catalogue.edit(lambda writes: writes.delete(association), "dev-read")
    # the CLI keeps credentials until they expire, and cooper cannot take them back
    assert aws_cli.run(*EXPORT).returncode == 0
    assert refusal_of(aws_cli) == NO_ACCESS

    catalogue.edit(lambda writes: writes.delete(Target.find("dev-read")), "dev-read")
    assert refusal_of(aws_cli) == NO_ACCESS

    set_disabled("local:alice", disabled=True)
    assert refusal_of(aws_cli) == SIGNED_OUT
    set_disabled("local:alice", disabled=False)

    (command_line,) = CommandLine.everything()
    command_lines.end(str(command_line.session_id))
    assert refusal_of(aws_cli) == SIGNED_OUT

    # Bob may become nothing, and has the file of a colleague
    home.sign_in(server, "bob")
    assert refusal_of(aws_cli) == NO_ACCESS
