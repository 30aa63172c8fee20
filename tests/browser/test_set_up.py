"""Setting up a command line in a real browser, with 300 targets."""

import re

import pytest
from django.conf import settings

from bench.home_data import catalogue_with
from bench.live import live_site
from brokers import catalogue
from tests.support.browser import (
    check_layout,
    expect,
    follow,
    see,
    take_screenshot,
    violations,
)

pytestmark = pytest.mark.browser

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def opened(chromium, store, client_of):
    """Return a maker of pages in which Alice is signed in and may become 300 targets."""
    cookie = client_of("alice").cookies[settings.SESSION_COOKIE_NAME].value
    contexts = []
    with live_site() as address:

        def make(**options):
            catalogue.cache.catalogue = catalogue_with(300, 90, catalogue.current().number)
            context = chromium.new_context(base_url=address, viewport=DESK, **options)
            contexts.append(context)
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": address}]
            )
            page = context.new_page()
            page.problems = []
            page.on("console", lambda line: page.problems.append(line.text))
            return page

        yield make
        for context in contexts:
            context.close()


def profiles(page) -> int:
    return len(re.findall(r"\[profile ", page.locator("#block").text_content()))


def test_some_of_three_hundred_targets_are_found_ticked_and_shown(opened):
    page = opened(color_scheme="dark")
    page.goto("/command-line/")
    see(page.get_by_role("heading", name="Put this block into"))
    assert profiles(page) == 300
    take_screenshot(page, "set-up-dark")

    page.get_by_text("Only some of them").click()
    boxes = page.locator(".tick:visible")
    expect(boxes).to_have_count(300)
    first = page.locator(".tick code").first.text_content()
    page.get_by_label("Show only").fill(first)
    expect(boxes).not_to_have_count(300)
    page.get_by_role("button", name="Tick all shown").click()
    button = page.get_by_role("button", name=re.compile("Show the block"))
    expect(button).to_have_text(re.compile(r"for \d+"))
    take_screenshot(page, "set-up-ticked-dark", full_page=False)
    assert violations(page) == []

    follow(page, button)
    see(page.get_by_text(re.compile(r"It has \d+ of your 300 targets")))
    assert 0 < profiles(page) < 10
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the block").click()
    assert download.value.suggested_filename == "aws-config"

    page.set_viewport_size(PHONE)
    check_layout(page, "set-up-phone")
    page.emulate_media(color_scheme="light")
    assert violations(page) == []
    assert page.problems == []


def test_it_needs_no_javascript(opened):
    page = opened(java_script_enabled=False)
    page.goto("/command-line/")
    page.get_by_text("Only some of them").click()
    ticks = page.get_by_role("checkbox")
    expect(ticks).to_have_count(300)
    name = ticks.first.get_attribute("value")
    ticks.first.check()
    page.get_by_label("Show only").fill("no such words")
    follow(page, page.get_by_role("button", name="Show only these"))
    see(page.get_by_text("It has 1 of your 300 targets"))
    expect(ticks).to_have_count(0)
    expect(page.locator("#block")).to_contain_text(f"[profile cooper-{name}]")
    take_screenshot(page, "set-up-without-script")
