import json
import re

import pytest

from tests.support.aws_cli import SUITES, AwsCli, aws_cli
from tests.support.browser import (
    check_layout,
    chromium,
    demo,
    follow,
    page,
    see,
    sign_in,
    violations,
)

__all__ = ["aws_cli", "chromium", "demo", "page"]  # fixtures
pytestmark = pytest.mark.browser

SUITES_NOW = [SUITES[0], *(pytest.param(suite, marks=pytest.mark.soak) for suite in SUITES[1:])]
"""The sample of each run; all of them in the soak."""


def signed_in_by(cli: AwsCli, page, decision: str) -> tuple[int, str]:
    """Run `aws sso login`, answer in the browser, and return the CLI's exit code and words."""
    with cli.started("sso", "login", "--profile", "cooper-dev-read", "--no-browser") as login:
        page.goto(printed_address(login))
        see(page.get_by_role("heading", name="Allow a command line to sign in as you?"))
        check_layout(page, "command-line-allow")
        assert violations(page) == []
        follow(page, page.get_by_role("button", name=decision))
        said, _ = login.communicate(timeout=60)
    return login.returncode, said


def printed_address(login) -> str:
    """Return the address to open in a browser, once the CLI has printed it."""
    said = ""
    for line in login.stdout:
        said += line
        address = re.search(r"http://127\.0\.0\.1:\d+/authorize\S+", line)
        if address:
            return address[0]
    raise AssertionError(f"no address was printed: {said}")


@pytest.mark.parametrize("aws_cli", SUITES_NOW, indirect=True)
def test_the_aws_cli_signs_in_and_uses_a_target(aws_cli, page, demo):
    sign_in(page, "alice")
    page.goto("/command-line/")
    check_layout(page, "command-line-set-up")
    assert violations(page) == []
    block = page.locator("#block code").text_content()
    # the embedded AWS is AWS here
    sts = f"\nsts =\n  endpoint_url = {demo['aws']}\n"
    aws_cli.configure(re.sub(r"(sso_oidc =\n.*\n)", rf"\1{sts.lstrip()}", block))

    code, said = signed_in_by(aws_cli, page, "Allow")
    assert code == 0 and "Successfully logged into" in said, said
    used = aws_cli.run("sts", "get-caller-identity", "--profile", "cooper-dev-read")
    assert ":assumed-role/dev-read/alice." in json.loads(used.stdout)["Arn"], used.stderr

    token = json.loads(re.search(r"\{.*\"accessToken\".*\}", aws_cli.cached_tokens())[0])
    option = ("--access-token", token["accessToken"], "--profile", "cooper-dev-read")
    accounts = aws_cli.run("sso", "list-accounts", *option)
    assert "Development" in accounts.stdout, accounts.stderr

    out = aws_cli.run("sso", "logout", "--profile", "cooper-dev-read")
    assert out.returncode == 0, out.stderr
    after = aws_cli.run("sso", "list-accounts", *option)
    assert "This session is over. Run: aws sso login" in after.stderr


@pytest.mark.parametrize("aws_cli", SUITES_NOW, indirect=True)
def test_the_aws_cli_says_that_its_person_said_no(aws_cli, page):
    sign_in(page, "alice")
    page.goto("/command-line/")
    aws_cli.configure(page.locator("#block code").text_content())
    code, said = signed_in_by(aws_cli, page, "Deny")
    assert code != 0 and "Failed to retrieve an authorization code" in said
