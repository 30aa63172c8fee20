"""The main job in a real browser: signed in by hand, console and credentials got, an administrator at work."""

import base64
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from axe_playwright_python.sync_playwright import Axe

from accounts.totp import code_at

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[dict[str, str]]:
    """Start `cooper_serve --embedded` as people do, and stop it."""
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "COOPER_"))}
    command = [sys.executable, "manage.py", "cooper_serve", "--embedded", "--port", str(port)]
    command += ["--store", str(tmp_path_factory.mktemp("demo"))]
    said = tmp_path_factory.mktemp("log") / "banner"
    with said.open("wb") as out:
        process = subprocess.Popen(
            command, env=environment, stdout=out, stderr=subprocess.STDOUT, cwd=Path(__file__).parent.parent
        )
    try:
        for _ in range(600):
            banner = said.read_text()
            if "AWS_ENDPOINT_URL=" in banner and f":{port}" in banner:
                break
            assert process.poll() is None, banner
            time.sleep(0.1)
        endpoint, otpauth = (re.search(what, banner) for what in (r"AWS_ENDPOINT_URL=(\S+)", r"(otpauth://\S+)"))
        assert endpoint and otpauth, banner
        yield {"url": f"http://127.0.0.1:{port}", "aws": endpoint[1], "banner": banner, "carol": otpauth[1]}
    finally:
        process.terminate()
        assert process.wait(timeout=40) in (0, -15, 143)


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, demo):
    context = chromium.new_context(base_url=demo["url"], viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    opened = context.new_page()
    opened.problems = []
    opened.on("console", lambda said: opened.problems.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()


def see(found) -> None:
    """Wait until it is on the page."""
    playwright.expect(found).to_be_visible()


def sign_in(page, name: str) -> None:
    page.goto("/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("cooper-demo")
    page.get_by_role("button", name="Sign in").click()


used: dict[str, int] = {}
"""The newest step whose code was used, by otpauth address."""


def next_code(otpauth: str) -> str:
    """Return a code of a device that was not used yet; one step early or late counts too, else it waits."""
    secret = re.search(r"secret=(\w+)", otpauth)[1]
    step = max(int(time.time() // 30) - 1, used.get(otpauth, 0) + 1)
    used[otpauth] = step
    time.sleep(max(0, (step - 1) * 30 - time.time()))
    return code_at(base64.b32decode(secret + "=" * (-len(secret) % 8)), step)


def shoot(page, name: str) -> None:
    """Take the page in light, in dark, and at 390 px."""
    SHOTS.mkdir(exist_ok=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=SHOTS / f"{name}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, f"{name} is wider than 390 px"
    page.screenshot(path=SHOTS / f"{name}-390.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_it_takes_alice_to_the_console_of_a_role(page):
    page.goto("/")
    shoot(page, "login")
    sign_in(page, "alice")
    see(page.get_by_role("heading", name="Production, administrator"))
    shoot(page, "home")
    page.get_by_role("link", name="Development, read only").click()
    shoot(page, "target")
    page.get_by_label("Where to land").fill("/s3/buckets")
    page.get_by_role("button", name="Open console").click()
    page.wait_for_url(re.compile("/federation"))
    said = page.locator("body").inner_text()
    assert "arn:aws:sts::222222222222:assumed-role/dev-read/alice." in said and "/s3/buckets" in said
    assert page.problems == []
    shoot(page, "console")


def test_it_takes_alice_to_the_console_of_a_federated_user_with_one_click(page):
    sign_in(page, "alice")
    page.get_by_role("button", name="Open console of Upload bucket").click()
    page.wait_for_url(re.compile("/federation"))
    assert ":federated-user/alice." in page.locator("body").inner_text()
    assert page.problems == []


@pytest.mark.parametrize(
    ("target", "arn"),
    [("Development, read only", "assumed-role/dev-read/alice."), ("Upload bucket", "federated-user/alice.")],
)
def test_it_gives_alice_credentials_that_work(page, demo, target, arn):
    sign_in(page, "alice")
    page.get_by_role("button", name=f"Get credentials of {target}").click()
    shown = page.locator("pre").first.inner_text()
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
    shoot(page, f"credentials-{arn.split('-')[0]}")


def test_it_works_without_javascript(chromium, demo):
    context = chromium.new_context(base_url=demo["url"], java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "alice")
    page.get_by_role("button", name="Get credentials of Development, read only").click()
    assert "AWS_SECRET_ACCESS_KEY" in page.content()
    page.goto("/")
    page.get_by_role("button", name="Open console of Development, read only").click()
    assert "assumed-role/dev-read" in page.content()
    context.close()


def test_it_shows_bob_nothing_and_what_to_do(page):
    sign_in(page, "bob")
    see(page.get_by_text("There is nothing that you may become yet."))
    shoot(page, "empty")
    page.goto("/targets/dev-read/")
    see(page.get_by_text("There is no such target for you"))
    shoot(page, "refused")


def test_it_finds_targets_by_keyboard(page):
    sign_in(page, "alice")
    page.get_by_label("Search targets").focus()
    page.keyboard.type("staging deploy")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=*")
    assert page.get_by_role("heading", level=3).all_inner_texts() == ["Staging, deploy"]


# -- the management plane ---------------------------------------------------------------------------------------------
def test_it_lets_carol_make_a_target_that_alice_becomes(page, chromium, demo):
    sign_in(page, "carol")
    page.get_by_role("link", name="Administration").click()
    shoot(page, "admin")
    page.get_by_role("link", name="Add an IAM role").click()
    page.get_by_label("Name:", exact=True).fill("support-read")
    page.get_by_label("Title:").fill("Production, support")
    page.get_by_label("Role ARN:").fill("arn:aws:iam::444444444444:role/support-read")
    page.locator("#id_associations-0-group").fill("developers")
    page.get_by_label("One-time code:").fill(next_code(demo["carol"]))
    shoot(page, "admin-add")
    page.get_by_role("button", name="Save", exact=True).click()
    see(page.get_by_text("The try succeeded; the target is enabled."))
    shoot(page, "admin-targets")
    page.get_by_role("link", name="support-read").click()
    see(page.get_by_text("ExternalId enforced: yes"))
    shoot(page, "admin-target")
    page.get_by_role("link", name="History").click()
    shoot(page, "admin-history")
    assert page.problems == []
    become(chromium, demo, "Production, support", "assumed-role/support-read/alice.")
    page.goto("/admin/cooper/auditevent/")
    see(page.get_by_role("cell", name="local:alice").first)
    shoot(page, "admin-record")
    assert page.problems == []


def become(chromium, demo, title: str, arn: str) -> None:
    """Let Alice become a target in a browser of her own."""
    context = chromium.new_context(base_url=demo["url"])
    page = context.new_page()
    sign_in(page, "alice")
    page.get_by_role("button", name=f"Open console of {title}").click()
    page.wait_for_url(re.compile("/federation"))
    assert arn in page.locator("body").inner_text()
    context.close()


def test_it_shows_carol_what_to_paste_for_a_role_that_is_not_there_yet(page, demo):
    sign_in(page, "carol")
    page.goto("/admin/brokers/target/add/?kind=role")
    page.get_by_label("Name:", exact=True).fill("later")
    page.get_by_label("Role ARN:").fill("arn:aws:iam::444444444444:role/later")
    page.get_by_label("One-time code:").fill(next_code(demo["carol"]))
    page.get_by_role("button", name="Save", exact=True).click()
    see(page.get_by_role("heading", name="What the role has to trust"))
    see(page.locator("pre").first)
    shoot(page, "admin-pending")
    page.get_by_role("button", name="Try this target").click()
    see(page.get_by_text("The target is pending"))
    assert page.problems == []


def test_it_tells_carol_what_is_wrong_on_the_field(page):
    sign_in(page, "carol")
    page.goto("/admin/brokers/target/add/?kind=role")
    page.get_by_label("Name:", exact=True).fill("kept-as-typed")
    page.get_by_label("Role ARN:").fill("nonsense")
    page.get_by_role("button", name="Save", exact=True).click()
    see(page.get_by_text("This is not the ARN of a role"))
    assert page.get_by_label("Name:", exact=True).input_value() == "kept-as-typed"
    shoot(page, "admin-error")


def test_it_lets_carol_work_without_javascript(chromium, demo):
    context = chromium.new_context(base_url=demo["url"], java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "carol")
    page.goto("/admin/brokers/target/staging-db/change/")
    page.locator("#id_associations-1-group").fill("finance")
    page.get_by_label("One-time code:").fill(next_code(demo["carol"]))
    page.get_by_role("button", name="Save and continue editing").click()
    assert page.locator("#id_associations-1-group").input_value() == "local:finance"
    context.close()


@pytest.mark.parametrize(
    ("person", "address"),
    [
        ("", "/login/"),
        ("alice", "/"),
        ("alice", "/targets/dev-read/"),
        ("alice", "/targets/nowhere/"),
        ("carol", "/admin/"),
        ("carol", "/admin/brokers/target/"),
        ("carol", "/admin/brokers/target/add/?kind=role"),
        ("carol", "/admin/brokers/target/dev-read/change/"),
        ("carol", "/admin/brokers/target/dev-read/delete/"),
        ("carol", "/admin/brokers/target/dev-read/history/"),
        ("carol", "/admin/accounts/localaccount/alice/change/"),
        ("carol", "/admin/cooper/auditevent/"),
    ],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(page, person, address, scheme):
    page.emulate_media(color_scheme=scheme)
    if person:
        sign_in(page, person)
        page.wait_for_url(lambda url: "/login/" not in url)
    page.goto(address)
    tags = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options=tags).response["violations"]
    assert [(each["id"], [node["target"] for node in each["nodes"]][:5]) for each in found] == []
