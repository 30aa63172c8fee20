"""A target's page in a real browser: its tab, its busy button, its keys, and without script."""

import re

import pytest

from tests.support.browser import demo, expect, page, see, sign_in, violations

__all__ = ["demo", "page"]  # fixtures
pytestmark = pytest.mark.browser

SIGNED_IN = re.compile("/federation")


def press(page, *keys: str) -> int:
    """Press keys and return how many; what is typed as text is not counted."""
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def test_it_takes_few_keys_to_find_a_target_and_open_it_at_a_service_in_a_region(page):
    """Find prod-read, open the console at S3 in eu-west-1: at most twelve keys beside the text."""
    sign_in(page, "alice")
    page.goto("/me/")
    keys = press(page, "/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("prod-read")
    see(page.locator(".hits li.target.marked"))
    keys += press(page, "ArrowDown", "o")

    see(page.get_by_role("heading", name="Production, read only"))
    page.wait_for_load_state()
    # past the header, past the way back to home
    keys += press(page, "Tab", "Enter", "Tab", "Tab")
    page.keyboard.type("S3")
    keys += press(page, "Tab")
    page.keyboard.type("eu-west-1")
    with page.expect_popup() as opened:
        keys += press(page, "Control+Enter")
    opened.value.wait_for_url(SIGNED_IN)
    expect(opened.value.locator("body")).to_contain_text(
        "https://eu-west-1.console.aws.amazon.com/s3"
    )
    assert keys <= 12


def test_alice_opens_the_console_by_keyboard_and_sees_that_it_opens(page):
    sign_in(page, "alice")
    see(page.get_by_role("heading", name="Your targets"))
    page.goto("/targets/dev-read/")
    # past the header, past the way back to home
    keys = press(page, "Tab", "Enter", "Tab", "Tab")
    page.keyboard.type("S3")
    keys += press(page, "Tab")
    page.keyboard.type("eu-west-1")
    keys += press(page, "Tab")
    page.keyboard.type("15")
    see(page.get_by_role("button", name="Open console for 15 minutes"))

    with page.expect_popup() as opened:
        keys += press(page, "Control+Enter")
        see(page.get_by_role("button", name="Opening…"))
        expect(page.get_by_role("status").filter(has_text="Opening the console")).to_have_count(1)
        # it is one grant, however often it is pressed
        page.keyboard.press("Control+Enter")
    assert keys <= 8

    console = opened.value
    console.wait_for_url(SIGNED_IN)
    body = console.locator("body")
    expect(body).to_contain_text("https://eu-west-1.console.aws.amazon.com/s3/home")
    assert console.evaluate("window.opener") is None
    assert len(page.context.pages) == 2
    see(page.get_by_role("button", name="Open console for 15 minutes"))
    assert page.problems == []

    # next time all of it is there, and so is the way out of the console that is open
    page.reload()
    expect(page.get_by_label("Service")).to_have_value("s3")
    expect(page.get_by_label("Region")).to_have_value("eu-west-1")
    see(page.get_by_role("link", name="sign out of AWS"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (1440, 390, 320):
            page.set_viewport_size({"width": width, "height": 900})
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def copied_link(page) -> str:
    page.get_by_role("button", name="Copy link").click()
    see(page.get_by_text("Copied: "))
    return page.evaluate("navigator.clipboard.readText()").partition("/go/")[2]


def test_the_copied_link_leads_where_the_form_says(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, "alice")
    see(page.get_by_role("heading", name="Your targets"))
    page.goto("/targets/staging-read/")
    assert copied_link(page) == "staging-read/"
    page.get_by_label("Service").select_option("s3")
    page.get_by_label("Region").select_option("eu-west-1")
    link = copied_link(page)
    assert link == "staging-read/?destination=%2Fs3%2Fhome&region=eu-west-1"
    page.get_by_text("Any other page of the console").click()
    page.get_by_label("Path or address").fill("/ec2/home#Instances:a=b")
    assert "destination=%2Fec2%2Fhome%23Instances" in copied_link(page)

    page.goto(f"/go/{link}")
    see(page.get_by_text("https://eu-west-1.console.aws.amazon.com/s3/home"))

    # the page of the target itself goes with another region
    page.goto("/targets/dev-uploads/")
    page.get_by_label("Region").select_option("eu-west-1")
    assert "destination=%2Fs3%2Fbuckets&region=eu-west-1" in copied_link(page)


def test_what_is_wrong_is_corrected_in_the_new_tab(page):
    sign_in(page, "alice")
    see(page.get_by_role("heading", name="Your targets"))
    page.goto("/targets/dev-read/")
    page.get_by_label("Reason").fill("ticket 4711")
    page.get_by_label("Region").select_option("eu-west-1")
    page.get_by_text("Any other page of the console").click()
    page.get_by_label("Path or address").fill("https://example.com/")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open console").click()

    again = opened.value
    see(again.locator(".errorlist"))
    expect(again.get_by_label("Reason")).to_have_value("ticket 4711")
    expect(again.get_by_label("Region")).to_have_value("eu-west-1")
    assert violations_of(again) == []
    again.get_by_label("Path or address").fill("/rds/home")
    again.get_by_role("button", name="Open console").click()
    again.wait_for_url(SIGNED_IN)
    body = again.locator("body")
    expect(body).to_contain_text("https://eu-west-1.console.aws.amazon.com/rds/home")
    assert len(page.context.pages) == 2


def violations_of(page) -> list:
    page.problems = []
    return violations(page)


def test_it_works_without_javascript(chromium, demo):
    context = chromium.new_context(base_url=demo["url"], java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "alice")
    page.goto("/targets/dev-read/")
    page.get_by_label("Service").select_option("ec2")
    expect(page.locator("[data-duration]")).to_be_hidden()
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open console").click()
    opened.value.wait_for_url(SIGNED_IN)
    expect(opened.value.locator("body")).to_contain_text("/ec2/home")
    context.close()
