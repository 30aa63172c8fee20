import json
import re
import subprocess
import sys

import pytest

from tests.support.aws_cli import SUITES_NOW, AwsCli, aws_cli
from tests.support.browser import (
    check_layout,
    follow,
    page,
    see,
    sign_in,
    violations,
)
from tests.support.browser import served_demo as demo
from tests.support.paths import ROOT
from tests.support.sso_home import BOTO3, PROFILE, Home, running, with_sts

__all__ = ["aws_cli", "demo", "page"]  # fixtures
pytestmark = pytest.mark.browser

SCRIPT = ROOT / "sso_portal" / "profile_script.py"


def signed_in_by(cli: AwsCli, page, decision: str) -> tuple[int, str]:
    """Run `aws sso login`, answer in the browser, and return the CLI's exit code and words."""
    with cli.started("sso", "login", "--profile", PROFILE, "--no-browser") as login:
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
    aws_cli.configure(with_sts(block, demo["aws"]))

    code, said = signed_in_by(aws_cli, page, "Allow")
    assert code == 0 and "Successfully logged into" in said, said
    used = aws_cli.run("sts", "get-caller-identity", "--profile", PROFILE)
    assert ":assumed-role/dev-read/alice." in json.loads(used.stdout)["Arn"], used.stderr

    # boto3 goes on with what the CLI has kept, and keeps what it gets
    home = Home(aws_cli.home)
    home.let_programs_renew()
    with running(home, *BOTO3) as program:
        answer = program.ask(PROFILE)
    assert ":assumed-role/dev-read/alice." in answer.get("arn", ""), answer

    option = ("--access-token", home.token()["accessToken"], "--profile", PROFILE)
    accounts = aws_cli.run("sso", "list-accounts", *option)
    assert "Development" in accounts.stdout, accounts.stderr

    # the script finds the token where this CLI keeps it; what was added above goes
    script = subprocess.run(
        [sys.executable, "-I", SCRIPT, demo["url"]],
        env={"HOME": str(aws_cli.home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert script.returncode == 0, script.stderr
    assert (aws_cli.home / ".aws/config").read_text() == block

    out = aws_cli.run("sso", "logout", "--profile", PROFILE)
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
