"""Home in a real browser: many targets on one screen, found as one types, opened with one key."""

import pytest
from django.conf import settings

from bench.home_data import catalogue_with
from brokers import catalogue
from tests.support.browser import chromium, take_screenshot, violations
from tests.support.live import live_site

__all__ = ["chromium"]  # a fixture
pytestmark = pytest.mark.browser

LARGE = {"width": 1440, "height": 900}

ON_SCREEN = """
() => [...document.querySelectorAll("li.target")].filter((row) => {
  const box = row.getBoundingClientRect();
  return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
}).length
"""
"""Counts the targets that the screen shows whole."""


@pytest.fixture
def opened(chromium, store, client_of):
    """Return a maker of pages of home, in which Alice is signed in and may become 1,000 targets."""
    catalogue.cache.catalogue = catalogue_with(1_000, 300, catalogue.current().number)
    cookie = client_of("alice").cookies[settings.SESSION_COOKIE_NAME].value
    contexts = []
    with live_site() as address:

        def make(**options):
            context = chromium.new_context(base_url=address, viewport=LARGE, **options)
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


def test_a_screen_shows_many_targets_and_a_phone_is_wide_enough(opened):
    page = opened()
    page.goto("/")
    assert page.evaluate(ON_SCREEN) >= 18
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        take_screenshot(page, f"many-{scheme}", full_page=False)

    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        take_screenshot(page, f"many-{width}", full_page=False)
    assert page.problems == []


def rows(page):
    """Return the names of the targets that are shown."""
    return page.locator("li.target:visible code").all_inner_texts()


def focused_row(page):
    return page.evaluate(
        "document.activeElement.closest('li.target')?.querySelector('code').innerText"
    )


def test_it_finds_as_one_types_and_opens_by_keys(opened):
    page = opened()
    page.goto("/me/")
    page.keyboard.press("/")
    page.wait_for_url("**/#q")
    page.wait_for_function("document.activeElement.id === 'q'")

    page.keyboard.type("ledger-prod-2 read")
    first = rows(page)[0]
    assert first.startswith("ledger-prod-2") and len(rows(page)) <= 50
    for query in ("Ledgr prod 2", "ldgrprod2", f"{first} extra"):
        page.locator("#q").fill(query)
        assert [name for name in rows(page) if name.startswith("ledger-prod-2")] or "extra" in query

    account_id = page.locator(".account[data-account]").first.get_attribute("data-account")
    dashed = f"{account_id[:4]}-{account_id[4:8]}-{account_id[8:]}"
    for query in (account_id, dashed, f"arn:aws:iam::{account_id}:role/auth-dev-1-logs-2"):
        page.locator("#q").fill(query)
        assert rows(page)[0].startswith("auth-dev-1-"), query

    page.locator("#q").fill("")
    page.locator("a.label:visible", has_text="env=prod").first.click()
    assert page.locator("#q").input_value() == "label:env=prod"
    assert "333 of 1000 match" in page.locator(".count").inner_text()
    assert violations(page) == []
    take_screenshot(page, "search", full_page=False)

    page.keyboard.type(" auth")
    page.keyboard.press("Enter")
    assert page.url.endswith("/") and focused_row(page).startswith("auth-prod")
    before = focused_row(page)
    page.keyboard.press("ArrowDown")
    assert focused_row(page) != before
    page.keyboard.press("ArrowUp")
    assert focused_row(page) == before
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert len(rows(page)) == 1_000
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    take_screenshot(page, "keys", full_page=False)
    assert violations(page) == []
    page.keyboard.press("Escape")
    assert page.problems == []


def test_enter_opens_the_only_one_that_was_typed_never_one_that_came_with_the_address(
    opened, store
):
    issued = len(store.issued)
    page = opened()
    page.goto("/?q=auth-dev-1-logs-2")
    page.locator("#q").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert rows(page) == ["auth-dev-1-logs-2"] and len(store.issued) == issued

    page.goto("/")
    page.locator("#q").focus()
    page.keyboard.type("auth-dev-1-logs-2")
    is_console = lambda request: request.url.endswith("/targets/auth-dev-1-logs-2/console/")  # noqa: E731
    with page.context.expect_event("request", is_console) as request:
        page.keyboard.press("Enter")
    assert request.value.method == "POST" and "duration=3600" in request.value.post_data


def test_stars_and_folds_are_kept(opened):
    page = opened()
    page.goto("/")
    name = rows(page)[2]
    section = page.locator(".account[data-account]").nth(3)
    account = section.locator("h2").inner_text()
    page.locator("li.target .primary").nth(2).focus()
    for _ in range(2):
        with page.expect_response("**/star/") as response:
            page.keyboard.press("s")
        assert response.value.status == 200
    with page.expect_response("**/star/"):
        page.keyboard.press("s")
    with page.expect_response("**/fold/"):
        section.locator("summary").click()
    with page.expect_response("**/star/"):
        page.get_by_role("button", name=f"Star {account}", exact=True).click()

    page.reload()
    own = page.locator(".own")
    assert own.locator("h2").all_inner_texts() == ["Favourites"]
    assert own.locator("code").all_inner_texts()[0] == name
    assert own.locator("li.target").count() == 1 + section.locator("li.target").count()
    assert not section.locator("details").evaluate("details => details.open")
    assert page.evaluate(ON_SCREEN) >= 18
    take_screenshot(page, "own", full_page=False)
    assert page.problems == []
