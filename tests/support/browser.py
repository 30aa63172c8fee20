"""Chromium, the demo, and what people's hands do."""

import base64
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe

from accounts.totp import code_at
from bench.live import live_site
from demo.seed import otpauth_of
from demo.seed_history import seed_history
from tests.support import clock
from tests.support.paths import ROOT
from tests.support.served import free_port, serving

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
"""Waits for what is asked; a page that a click leads to may lack its styles for a moment."""
expect.set_options(timeout=30_000)
SCREENSHOTS = ROOT / "tests" / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
FLAGS += ["--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def demo(begin_anew) -> Iterator[dict[str, str]]:
    """Serve the site in this process, with what the demo begins with: it is there at once."""
    with begin_anew() as aws, live_site() as url, turning_the_clock():
        seed_history()
        yield {"url": url, "aws": aws.endpoint_url, "carol": otpauth_of("carol")}


@pytest.fixture(scope="module")
def served_demo(begin_anew) -> Iterator[dict[str, str]]:
    """Serve the same by cooper's server, which reads what the AWS CLI sends."""
    with begin_anew() as aws:
        seed_history()
        with serving(aws.environment() | {"COOPER_EMBEDDED": "1"}) as url:
            yield {"url": url, "aws": aws.endpoint_url, "carol": otpauth_of("carol")}


@pytest.fixture(scope="module")
def started_demo(tmp_path_factory) -> Iterator[dict[str, str]]:
    """Start `cooper_demo` as people do, and stop it."""
    port = free_port()
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "COOPER_"))
    }
    command = [sys.executable, "manage.py", "cooper_demo", "--port", str(port)]
    command += ["--store", str(tmp_path_factory.mktemp("demo"))]
    said = tmp_path_factory.mktemp("log") / "banner"
    with said.open("wb") as out:
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )
    try:
        for _ in range(1200):
            banner = said.read_text()
            if "AWS_ENDPOINT_URL=" in banner and f":{port}" in banner:
                break
            assert process.poll() is None, banner
            time.sleep(0.1)
        endpoint, otpauth = (
            re.search(what, banner) for what in (r"AWS_ENDPOINT_URL=(\S+)", r"(otpauth://\S+)")
        )
        assert endpoint and otpauth, banner
        yield {
            "url": f"http://127.0.0.1:{port}",
            "aws": endpoint[1],
            "banner": banner,
            "carol": otpauth[1],
        }
    finally:
        process.terminate()
        assert process.wait(timeout=40) in (0, -15, 143)


@pytest.fixture(scope="package")
def chromium():
    """Start the browser, once for the modules that a process runs one after the other."""
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, demo):
    context = chromium.new_context(base_url=demo["url"], viewport={"width": 1280, "height": 900})
    context.set_default_timeout(45_000)
    opened = context.new_page()
    opened.problems = []
    opened.on(
        "console", lambda said: opened.problems.append(said.text) if said.type == "error" else None
    )
    yield opened
    context.close()


def see(found) -> None:
    """Wait until it is on the page."""
    expect(found).to_be_visible()


def row_of(page, title: str):
    """Return the line of a target on home, by its title."""
    return page.locator("li.target", has=page.get_by_role("link", name=title, exact=True)).first


def open_console(page, title: str):
    """Open a target's console from home; return the new tab, at AWS's sign-in page."""
    with page.expect_popup() as popup:
        row_of(page, title).get_by_role("button", name="Console").click()
    popup.value.wait_for_url(re.compile("/federation"))
    return popup.value


def preview(page) -> None:
    """Press what shows who gains and who loses by a form, and wait until that is shown."""
    page.get_by_role("button", name="Preview", exact=True).click()
    see(page.get_by_role("heading", name="Who gains, who loses"))


def follow(page, found) -> None:
    """Click what leads to another page of the same tab, and wait until that is loaded."""
    with page.expect_navigation():
        found.click()


def in_menu(page, name: str):
    """Return a link of the header's menu: the page may have one of the same name."""
    return page.get_by_role("navigation", name="Main").get_by_role("link", name=name)


def sign_in(page, name: str) -> None:
    page.goto("/")
    if not page.get_by_label("Username").is_visible():
        page.locator("summary").click()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("cooper-demo")
    follow(page, page.get_by_role("button", name="Sign in"))


SENT_WITHIN = 8
"""Seconds in which a code that was asked for is sent."""

used: dict[str, int] = {}
"""The newest step whose code was used, by otpauth address."""

ways_to_wait: list[Callable[[float], None]] = [time.sleep]
"""What lets seconds pass, for the server as well: the last one."""


@contextmanager
def turning_the_clock() -> Iterator[None]:
    """Let time that has to pass be over at once: the server is in this process."""
    used.clear()
    ways_to_wait.append(clock.shift)
    try:
        yield
    finally:
        ways_to_wait.pop()
        used.clear()


def next_code(otpauth: str) -> str:
    """Return an unused code of a device; wait where none is valid yet (a step early or late is)."""
    secret = re.search(r"secret=(\w+)", otpauth)[1]
    # one that is about to end would be sent too late
    step = max(int((time.time() + SENT_WITHIN) // 30) - 1, used.get(otpauth, 0) + 1)
    used[otpauth] = step
    ways_to_wait[-1](max(0, (step - 1) * 30 - time.time()))
    return code_at(base64.b32decode(secret + "=" * (-len(secret) % 8)), step)


def check_layout(page, name: str) -> None:
    """Demand that the page fits a phone (390 px); take its screenshots where they are wanted."""
    page.wait_for_load_state()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        take_screenshot(page, f"{name}-{scheme}")
    page.emulate_media(color_scheme="light")

    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, (
        f"{name} is wider than 390 px"
    )
    take_screenshot(page, f"{name}-390")
    page.set_viewport_size({"width": 1280, "height": 900})


def take_screenshot(page, name: str, *, full_page: bool = True) -> None:
    """Leave a picture of the page where SCREENSHOTS=1 asks for them."""
    if os.environ.get("SCREENSHOTS") == "1":
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=full_page)


ANIMATIONS_ARE_OVER = """
Promise.race([
  Promise.all(document.getAnimations().map(
    // one that is given up for another one is over as well
    (animation) => animation.finished.catch(() => {})
  )),
  // where nothing is painted (content-visibility) they stand still for good
  new Promise((resolve) => setTimeout(resolve, 2000)),
])
"""


def violations(page) -> list[tuple[str, list[object]]]:
    """Return what axe finds against WCAG 2.2 AA and its own best practice."""
    tags = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    before = len(page.problems)
    page.wait_for_load_state()
    # a colour on its way from dark to light has no contrast of its own
    page.evaluate(ANIMATIONS_ARE_OVER)
    found = Axe().run(page, options=tags).response["violations"]
    del page.problems[before:]  # the tool itself puts styles into the page, which our policy blocks
    return [(each["id"], [node["target"] for node in each["nodes"]][:5]) for each in found]
