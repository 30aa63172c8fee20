"""A target that takes a reason and a code, by the real AWS CLI: the link, the page, one use."""

import json
import re

import pytest

from tests.support.aws_cli import AwsCli, aws_cli
from tests.support.browser import (
    check_layout,
    expect,
    follow,
    next_code,
    page,
    preview,
    see,
    sign_in,
    violations,
)
from tests.support.browser import served_demo as demo
from tests.support.sso_home import PROFILE, with_sts

__all__ = ["aws_cli", "demo", "page"]  # fixtures
pytestmark = pytest.mark.browser

QUESTION = re.compile("Permit this command line")


@pytest.fixture
def other_page(chromium, demo):
    """Return a page of another person's browser."""
    context = chromium.new_context(base_url=demo["url"])
    context.set_default_timeout(45_000)
    yield context.new_page()
    context.close()


def open_fold(page, field: str) -> None:
    """Unfold the part of the form that has a field, unless it is open."""
    fold = page.locator(f"details:has(#{field}):not([open]) > summary")
    if fold.count():
        fold.first.click()


def open_to_command_lines(page, otpauth: str) -> None:
    """Let an administrator make the target sensitive, demand a reason, and open it."""
    sign_in(page, "carol")
    page.goto("/admin/brokers/target/dev-read/change/")
    page.get_by_label("Sensitive").check()
    open_fold(page, "id_reason_pattern")
    page.get_by_label("Pattern of the reason").fill(r"OPS-\d{1,6}")
    page.get_by_label("Example of a reason").fill("OPS-42")
    open_fold(page, "id_command_lines")
    page.locator("#id_command_lines").select_option("with a permit")
    check_layout(page, "permit-admin")
    preview(page)
    page.locator("#id_code").fill(next_code(otpauth))
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile("/admin/brokers/target/$"))


def set_up_device(page) -> str:
    """Set a device up; return its secret as an otpauth address has it."""
    page.get_by_label("Password").fill("cooper-demo")
    follow(page, page.get_by_role("button", name="Set up my device"))
    see(page.get_by_role("heading", name="Set up your device"))
    otpauth = f"secret={page.locator('code.seed').text_content()}"
    page.get_by_label("One-time code").fill(next_code(otpauth))
    follow(page, page.get_by_role("button", name="Confirm"))
    see(page.get_by_role("heading", name="Your device is set up"))
    return otpauth


def printed_in(lines) -> str:
    """Return the address to open in a browser, once the CLI has printed it."""
    for line in lines:
        printed = re.search(r"http://\S+/authorize\S+", line)
        if printed:
            return printed[0]
    raise AssertionError("no address was printed")


def signed_in_cli(cli: AwsCli, page, aws: str) -> None:
    """Set a CLI up for alice and sign it in."""
    page.goto("/command-line/")
    expect(page.locator("label", has_text="dev-read")).to_contain_text("with a permit each time")
    cli.configure(with_sts(page.locator("#block code").text_content(), aws))
    with cli.started("sso", "login", "--profile", PROFILE, "--no-browser") as login:
        address = printed_in(login.stdout)
        page.goto(address)
        follow(page, page.get_by_role("button", name="Allow"))
        login.communicate(timeout=60)
    assert login.returncode == 0


def link_of(cli: AwsCli) -> str:
    """Return the link that the CLI prints instead of becoming the target."""
    refused = cli.run("configure", "export-credentials", "--profile", PROFILE)
    printed = re.search(
        r"dev-read takes a one-time code and a reason such as OPS-42\. "
        r"Open (http://\S+/permit/\w+/) within 10 minutes, then run the command again\.",
        refused.stderr,
    )
    assert refused.returncode != 0 and printed, refused.stderr
    return printed[1]


@pytest.mark.parametrize("aws_cli", ["trixie"], indirect=True)
def test_the_cli_prints_a_link_where_its_person_permits_one_use(
    aws_cli, page, other_page, chromium, demo
):
    open_to_command_lines(other_page, demo["carol"])
    sign_in(page, "alice")
    page.goto("/device/")
    otpauth = set_up_device(page)
    signed_in_cli(aws_cli, page, demo["aws"])
    link = link_of(aws_cli)

    # somebody else, be it an administrator, cannot use it
    other_page.goto(link)
    see(other_page.get_by_text("This link is for somebody else"))

    page.goto(link)
    see(page.get_by_role("heading", name=QUESTION))
    see(page.locator("main dd").get_by_text("botocore-client-"))
    check_layout(page, "permit")
    assert violations(page) == []
    page.get_by_label("Reason").fill("because")
    follow(page, page.get_by_role("button", name="Permit it once"))
    see(page.get_by_text("This target takes a reason such as OPS-42."))
    check_layout(page, "permit-refused")
    assert violations(page) == []
    # it granted nothing, and what was asked for is the same
    assert link_of(aws_cli) == link

    without_script = chromium.new_context(
        base_url=demo["url"],
        java_script_enabled=False,
        storage_state=page.context.storage_state(),
    )
    plain = without_script.new_page()
    plain.goto(link)
    plain.get_by_label("Reason").fill("OPS-7")
    plain.get_by_label("One-time code").fill(next_code(otpauth))
    follow(plain, plain.get_by_role("button", name="Permit it once"))
    see(plain.get_by_role("heading", name="Permitted once"))
    without_script.close()

    page.goto(link)
    check_layout(page, "permit-given")
    assert violations(page) == []
    used = aws_cli.run("sts", "get-caller-identity", "--profile", PROFILE)
    assert ":assumed-role/dev-read/alice." in json.loads(used.stdout)["Arn"], used.stderr

    # the CLI keeps its credentials for as long as they last
    again = aws_cli.run("sts", "get-caller-identity", "--profile", PROFILE)
    assert again.returncode == 0, again.stderr
    page.goto(link)
    see(page.get_by_role("heading", name="This permit was used"))
