"""The page of credentials in a real browser: tabs, copying while hidden, and reloading."""

import re

import pytest

from tests.support.browser import demo, expect, follow, page, see, sign_in, violations

__all__ = ["demo", "page"]  # fixtures
pytestmark = pytest.mark.browser

THREE = ["dev-read", "dev-uploads", "staging-deploy"]
FUNCTION = re.compile(r"^ function use-(\S+); .+ end$", re.MULTILINE)
"""A target's command in fish."""


def test_it_shows_one_format_copies_what_is_hidden_and_never_mints_on_reload(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, "alice")
    page.goto("/targets/dev-read/")
    page.locator("[formaction$='/credentials/']").first.click()

    see(page.get_by_role("tab", name="bash, zsh", selected=True))
    page.keyboard.press("Tab")
    page.get_by_role("tab", name="bash, zsh").focus()
    page.keyboard.press("ArrowRight")
    see(page.get_by_role("tabpanel", name="fish"))
    expect(page.locator("[role=tabpanel]:visible")).to_have_count(1)
    expect(page.locator("#format-fish pre")).not_to_contain_text("AWS_SECRET_ACCESS_KEY '\u2022")
    secret = page.locator("#format-fish .secret > span").first
    expect(secret).to_be_hidden()

    page.locator("#format-fish").get_by_role("button", name="Copy").click()
    see(page.get_by_text("Copied", exact=True))
    copied = page.evaluate("navigator.clipboard.readText()")
    hidden = secret.text_content()
    assert hidden and hidden in copied
    page.get_by_label("Show secrets").check()
    expect(secret).to_be_visible()
    assert violations(page) == []

    page.reload()
    page.wait_for_url("**/targets/dev-read/")
    expect(page.locator(".secret")).to_have_count(0)
    assert page.problems == []


def test_a_select_shows_one_format_without_javascript(chromium, demo):
    context = chromium.new_context(base_url=demo["url"], java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "alice")
    page.goto("/targets/dev-read/")
    page.locator("[formaction$='/credentials/']").first.click()
    page.get_by_label("Format", exact=True).select_option("powershell")
    expect(page.locator(".format:visible")).to_have_count(1)
    secret = page.locator("#format-powershell .secret > span").first
    expect(secret).to_be_hidden()
    page.get_by_label("Show secrets").check()
    expect(secret).to_be_visible()
    context.close()


def test_three_targets_in_fish_are_found_from_home_and_copied_at_once(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, "alice")
    follow(page, page.get_by_role("link", name="Credentials of several"))
    take_three(page)

    # tabs come once the answer is whole
    see(page.get_by_role("tab", name="fish", selected=True))
    see(page.get_by_role("heading", name="3 granted"))
    expect(page.locator(".under-way")).to_be_hidden()
    page.locator("#format-fish").get_by_role("button", name="Copy").click()
    see(page.get_by_text("Copied", exact=True))
    copied = page.evaluate("navigator.clipboard.readText()")
    assert FUNCTION.findall(copied) == THREE
    assert violations(page) == []
    assert page.problems == []


def test_several_targets_in_fish_need_no_javascript(chromium, demo):
    context = chromium.new_context(base_url=demo["url"], java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "alice")
    page.goto("/credentials/")
    take_three(page)
    see(page.get_by_role("heading", name="3 granted"))
    see(page.locator("#format-fish"))
    expect(page.locator(".format:visible")).to_have_count(1)
    expect(page.locator(".under-way")).to_be_hidden()
    context.close()


def take_three(page) -> None:
    for name in THREE:
        page.locator(f"[name=target][value={name}]").check()
    page.get_by_label("Format").select_option("fish")
    follow(page, page.get_by_role("button", name="Get credentials"))
