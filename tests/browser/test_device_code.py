"""A real AWS CLI on a host without a browser signs in by a code that its person types."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import WebSession
from accounts.sessions import AUTHENTICATED_AT, SessionStore
from demo.seed import PASSWORD
from tests.support.aws_cli import SUITES_NOW, aws_cli
from tests.support.browser import (
    check_layout,
    expect,
    follow,
    page,
    see,
    sign_in,
    violations,
)
from tests.support.served import serving
from tests.support.sso_home import PROFILE, Home, HttpTool, with_sts

__all__ = ["aws_cli", "page"]  # fixtures
pytestmark = pytest.mark.browser

HOUR = 3_600

LOGIN = ("sso", "login", "--profile", PROFILE, "--use-device-code", "--no-browser")


@pytest.fixture(scope="module")
def demo(begin_anew) -> Iterator[dict[str, Any]]:
    settings = {"COOPER_EMBEDDED": "1", "COOPER_DEVICE_CODE": "local:developers"}
    with begin_anew() as aws, serving(aws.environment() | settings) as url:
        yield {"url": url, "aws": aws.endpoint_url}


def printed(login) -> tuple[str, str]:
    """Return the address and the code that the CLI prints."""
    said = ""
    for line in login.stdout:
        said += line
        code = re.search(r"^[A-Z]{4}-[A-Z]{4}$", said, re.MULTILINE)
        if code:
            address = re.search(r"http://127\.0\.0\.1:\d+\S+", said)
            assert address, said
            return address[0], code[0]
    raise AssertionError(f"no code was printed: {said}")


def let_sign_ins_age(seconds: float) -> None:
    """Let everybody have signed in so long ago, in web sessions that go on."""
    for web_session in WebSession.everything():
        data = SessionStore().decode(str(web_session.data))
        moment = datetime.now(UTC) - timedelta(seconds=seconds)
        data[AUTHENTICATED_AT] = moment.isoformat()
        web_session.data = SessionStore().encode(data)
        web_session.save()


def type_code(page, address: str, code: str, password: str = "") -> None:
    """Open the printed address, type the code as people do, and wait for the question."""
    page.goto(address)
    page.get_by_label("Code").fill(code.lower().replace("-", " "))
    if password:
        see(page.get_by_text("Your sign-in is older than 5 minutes"))
        check_layout(page, "device-code-password")
        page.get_by_label("Password").fill(password)
    follow(page, page.get_by_role("button", name="Go on"))
    see(page.get_by_role("heading", name="Allow this host to sign in as you?"))
    see(page.locator("dl.facts").get_by_text(code, exact=True))
    see(page.get_by_text("It comes from the same address as this browser."))


@pytest.mark.parametrize("aws_cli", SUITES_NOW, indirect=True)
def test_the_aws_cli_signs_in_by_a_code_that_is_typed(aws_cli, page, demo):
    sign_in(page, "alice")
    page.goto("/command-line/")
    block = page.locator("#block code").text_content()
    aws_cli.configure(with_sts(block, demo["aws"]))

    with aws_cli.started(*LOGIN) as login:
        address, code = printed(login)
        assert code not in address and address.endswith("/code/")
        page.goto(address)
        see(page.get_by_label("Code"))
        check_layout(page, "device-code")
        assert violations(page) == []

        type_code(page, address, code)
        check_layout(page, "device-code-question")
        assert violations(page) == []
        follow(page, page.get_by_role("button", name="Allow"))
        see(page.get_by_text("The tool goes on by itself"))
        said, _ = login.communicate(timeout=60)
    assert login.returncode == 0 and "Successfully logged into" in said, said

    used = aws_cli.run("sts", "get-caller-identity", "--profile", PROFILE)
    assert ":assumed-role/dev-read/alice." in json.loads(used.stdout)["Arn"], used.stderr
    assert "refreshToken" not in Home(aws_cli.home).token()

    # each web session is told of it
    page.goto("/")
    region = page.get_by_role("region", name="What happened in your name")
    expect(region).to_contain_text("A command line on a host without a browser was allowed")

    let_sign_ins_age(7 * HOUR + 60)
    with aws_cli.started(*LOGIN) as login:
        type_code(page, *printed(login), password=PASSWORD)
        follow(page, page.get_by_role("button", name="Deny"))
        see(page.get_by_text("the code is good no more"))
        said, _ = login.communicate(timeout=60)
    assert login.returncode != 0 and "Its person did not allow it." in said, said


def test_a_sign_in_comes_before_what_would_end_within_the_hour(page, demo):
    sign_in(page, "alice")
    let_sign_ins_age(7 * HOUR + 60)
    tool = HttpTool(server=demo["url"])
    tool.register()
    page.goto(tool.authorize_address())
    see(page.get_by_role("heading", name="Sign in anew first"))
    check_layout(page, "sign-in-anew")
    assert violations(page) == []

    page.get_by_label("Password").fill(PASSWORD)
    follow(page, page.get_by_role("button", name="Go on"))
    see(page.get_by_role("heading", name="Allow a command line to sign in as you?"))
