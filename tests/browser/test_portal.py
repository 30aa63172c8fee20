"""The main job in a real browser: console, credentials, and an administrator at work."""

import re

import boto3
import pytest

from tests.support.browser import (
    check_layout,
    expect,
    follow,
    in_menu,
    next_code,
    open_console,
    page,
    preview,
    row_of,
    see,
    sign_in,
    violations,
)
from tests.support.browser import started_demo as demo

__all__ = ["demo", "page"]  # fixtures
pytestmark = pytest.mark.browser


def test_it_takes_alice_to_the_console_of_a_role(page):
    page.goto("/")
    check_layout(page, "login")
    sign_in(page, "alice")
    see(page.get_by_role("link", name="Production, administrator", exact=True))
    check_layout(page, "home")
    follow(page, page.get_by_role("link", name="Development, read only"))
    check_layout(page, "target")
    page.get_by_text("Any other page of the console").click()
    page.get_by_label("Path or address").fill("/s3/buckets")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open console").click()
    console = opened.value
    console.wait_for_url(re.compile("/federation"))
    body = console.locator("body")
    expect(body).to_contain_text("arn:aws:sts::222222222222:assumed-role/dev-read/alice.")
    expect(body).to_contain_text("/s3/buckets")
    assert page.problems == []
    check_layout(console, "console")


def test_it_takes_alice_to_the_console_of_a_federated_user_with_one_click(page):
    sign_in(page, "alice")
    opened = open_console(page, "Upload bucket of development")
    expect(opened.locator("body")).to_contain_text(":federated-user/alice.")
    assert page.problems == []


@pytest.mark.parametrize(
    ("target", "arn"),
    [
        ("Development, read only", "assumed-role/dev-read/alice."),
        ("Upload bucket of development", "federated-user/alice."),
    ],
)
def test_it_gives_alice_credentials_that_work(page, demo, target, arn):
    sign_in(page, "alice")
    row_of(page, target).get_by_role("button", name="Credentials").click()
    expect(page.locator("#format-bash code")).to_contain_text("AWS_SESSION_TOKEN")
    shown = page.locator("#format-bash code").text_content()
    found = dict(re.findall(r"export (\w+)='?([^'\n]+)'?", shown))
    client = boto3.client(
        "sts",
        endpoint_url=demo["aws"],
        region_name="us-east-1",
        aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=found["AWS_SESSION_TOKEN"],
    )
    assert arn in client.get_caller_identity()["Arn"]
    check_layout(page, f"credentials-{arn.split('-')[0]}")


def test_it_works_without_javascript(chromium, demo):
    context = chromium.new_context(base_url=demo["url"], java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "alice")
    row_of(page, "Development, read only").get_by_role("button", name="Credentials").click()
    expect(page.locator("#format-bash code")).to_contain_text("AWS_SECRET_ACCESS_KEY")
    page.goto("/")
    opened = open_console(page, "Development, read only")
    expect(opened.locator("body")).to_contain_text("assumed-role/dev-read")
    context.close()


def test_it_shows_bob_nothing_and_what_to_do(page):
    sign_in(page, "bob")
    see(page.get_by_text("You have no targets yet."))
    check_layout(page, "empty")
    page.goto("/targets/dev-read/")
    see(page.get_by_text("Target not found, or you have no access"))
    check_layout(page, "refused")


def test_it_finds_targets_by_keyboard(page):
    sign_in(page, "alice")
    page.get_by_label("Search targets").focus()
    page.keyboard.type("staging deploy")
    names = page.locator("li.target .name a:visible")
    expect(names).to_have_text(["Staging, deploy"])


# -- the admin --------------------------------------------------------------------------
def test_it_lets_carol_make_a_target_that_alice_becomes(page, chromium, demo):
    sign_in(page, "carol")
    follow(page, in_menu(page, "Administration"))
    check_layout(page, "admin")
    page.get_by_role("link", name="Add an IAM role").click()
    page.get_by_label("Name:", exact=True).fill("support-read")
    page.get_by_label("Title:").fill("Production, support")
    page.get_by_label("Role ARN:").fill("arn:aws:iam::444444444444:role/support-read")
    page.locator("#id_associations-0-group").fill("developers")
    check_layout(page, "admin-add")
    save(page, demo)
    see(page.get_by_text("The test succeeded. The target is enabled."))
    check_layout(page, "admin-targets")
    page.get_by_role("link", name="support-read").click()
    see(page.get_by_text("ExternalId enforced: yes"))
    check_layout(page, "admin-target")
    follow(page, page.get_by_role("link", name="History"))
    check_layout(page, "admin-history")
    assert page.problems == []
    become(chromium, demo, "Production, support", "assumed-role/support-read/alice.")
    page.goto("/admin/cooper/auditevent/")
    see(page.get_by_role("cell", name="local:alice").first)
    check_layout(page, "admin-record")
    assert page.problems == []


def save(page, demo) -> None:
    """Save, look at who gains what, and save again with a code."""
    preview(page)
    page.get_by_label("One-time code:").fill(next_code(demo["carol"]))
    page.get_by_role("button", name="Save", exact=True).click()


def become(chromium, demo, title: str, arn: str) -> None:
    """Let Alice become a target in a browser of her own."""
    context = chromium.new_context(base_url=demo["url"])
    page = context.new_page()
    sign_in(page, "alice")
    opened = open_console(page, title)
    expect(opened.locator("body")).to_contain_text(arn)
    context.close()


def test_it_shows_carol_what_to_paste_for_a_role_that_is_not_there_yet(page, demo):
    sign_in(page, "carol")
    page.goto("/admin/brokers/target/add/?kind=role")
    page.get_by_label("Name:", exact=True).fill("later")
    page.get_by_label("Role ARN:").fill("arn:aws:iam::444444444444:role/later")
    preview(page)
    page.get_by_label("One-time code:").fill(next_code(demo["carol"]))
    page.get_by_role("button", name="Save", exact=True).click()
    see(page.get_by_role("heading", name="Trust policy and test"))
    see(page.locator("pre").first)
    check_layout(page, "admin-pending")
    page.locator("#try_code").fill(next_code(demo["carol"]))
    page.get_by_role("button", name="Test target").click()
    see(page.get_by_text("The target is pending: nobody can become it yet."))
    assert page.problems == []


def test_it_tells_carol_what_is_wrong_on_the_field(page):
    sign_in(page, "carol")
    page.goto("/admin/brokers/target/add/?kind=role")
    page.get_by_label("Name:", exact=True).fill("kept-as-typed")
    page.get_by_label("Role ARN:").fill("nonsense")
    page.get_by_role("button", name="Preview").click()
    see(page.get_by_text("This is not the ARN of a role"))
    expect(page.get_by_label("Name:", exact=True)).to_have_value("kept-as-typed")
    check_layout(page, "admin-error")


def test_it_lets_carol_work_without_javascript(chromium, demo):
    context = chromium.new_context(base_url=demo["url"], java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "carol")
    page.goto("/admin/brokers/target/staging-db/change/")
    page.locator("#id_associations-1-group").fill("finance")
    preview(page)
    page.locator("#id_code").fill(next_code(demo["carol"]))
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator("#id_associations-1-group")).to_have_value("local:finance")
    context.close()


def test_it_shows_on_a_narrow_screen_until_when_an_association_holds(page):
    sign_in(page, "carol")
    page.goto("/admin/brokers/target/dev-read/change/")
    page.set_viewport_size({"width": 390, "height": 844})
    for field in ("group", "until", "DELETE"):
        box = page.locator(f"#id_associations-0-{field}").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    rows = page.locator("#associations-group")
    assert rows.evaluate("box => box.scrollWidth - box.clientWidth") == 0
    assert violations(page) == []
    check_layout(page, "admin-association-rows")
    assert page.problems == []


IMPORTED = """cooper: 1
targets:
  imported-read:
    kind: role
    title: Imported
    role_arn: arn:aws:iam::444444444444:role/imported-read
    labels:
    - env=prod
associations:
  imported-read:
    local:developers:
  staging-db:
    local:visitors: 2031-02-03T04:05:00Z
"""


def test_it_lets_carol_import_a_file_with_one_code(page, demo, tmp_path):
    (tmp_path / "wrong.yaml").write_text(IMPORTED.replace("kind: role", "kind: roll"))
    (tmp_path / "right.yaml").write_text(IMPORTED)
    sign_in(page, "carol")
    page.goto("/admin/brokers/target/")
    follow(page, page.get_by_role("link", name="Import and export"))
    check_layout(page, "admin-import")
    page.get_by_label("File:").set_input_files(tmp_path / "wrong.yaml")
    page.get_by_role("button", name="Show what it would do").click()
    see(page.get_by_text("line 4, column 11"))
    check_layout(page, "admin-import-wrong")
    page.get_by_label("File:").set_input_files(tmp_path / "right.yaml")
    page.get_by_role("button", name="Show what it would do").click()
    see(page.get_by_text("Add target imported-read"))
    check_layout(page, "admin-import-plan")
    assert violations(page) == []
    page.get_by_label("One-time code:").fill(next_code(demo["carol"]))
    page.get_by_role("button", name="Yes, import it").click()
    see(page.get_by_text("Done: 1 of 1 steps are applied."))
    assert [each for each in page.problems if "400" not in each] == []


PAGES = {
    "": ["/login/"],
    "alice": ["/", "/targets/dev-read/", "/targets/nowhere/"],
    "carol": [
        "/admin/",
        "/admin/brokers/target/",
        "/admin/brokers/target/add/?kind=role",
        "/admin/brokers/target/import/",
        "/admin/brokers/target/dev-read/change/",
        "/admin/brokers/target/dev-read/delete/",
        "/admin/brokers/target/dev-read/history/",
        "/admin/accounts/localaccount/alice/change/",
        "/admin/cooper/auditevent/",
    ],
}
"""By person: who walks through many pages has to sign in once."""


@pytest.mark.parametrize("person", PAGES)
def test_it_is_accessible(page, person):
    if person:
        sign_in(page, person)

    wrong = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for address in PAGES[person]:
            page.goto(address)
            wrong[address, scheme] = violations(page)
    assert {place: what for place, what in wrong.items() if what} == {}
