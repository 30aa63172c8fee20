"""Home in a real browser: many targets on one screen, found as one types, opened with one key."""

import re

import pytest
from django.conf import settings

from bench.home_data import catalogue_with
from bench.live import live_site
from brokers import catalogue
from brokers.catalogue_state import Catalogue
from tests.support.browser import expect, take_screenshot, violations

pytestmark = pytest.mark.browser

LARGE = {"width": 1440, "height": 900}
FEW = (48, 15)
MANY = (1_000, 300)
"""Targets that Alice may become, and in how many AWS accounts."""

ON_SCREEN = """
() => [...document.querySelectorAll("li.target")].filter((row) => {
  const box = row.getBoundingClientRect();
  return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
}).length
"""
"""Counts the targets that the screen shows whole."""


def joined(one, other):
    """Return a catalogue of what two have."""
    return Catalogue.build(
        one.number,
        {**one.targets, **other.targets},
        {**one.accounts, **other.accounts},
        {**one.associations_by_target, **other.associations_by_target},
    )


@pytest.fixture
def opened(chromium, store, client_of):
    """Return a maker of pages in which Alice is signed in and may become so many targets."""
    cookie = client_of("alice").cookies[settings.SESSION_COOKIE_NAME].value
    contexts = []
    with live_site() as address:

        def make(counts=FEW, more=None):
            made = catalogue_with(*counts, catalogue.current().number)
            catalogue.cache.catalogue = joined(made, more) if more else made
            context = chromium.new_context(base_url=address, viewport=LARGE)
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


SHOWN = """
() => [...document.querySelectorAll("li.target")]
  .filter((row) => row.checkVisibility())
  .map((row) => row.querySelector("code").textContent)
"""
"""Returns the names of the targets that are shown."""


def rows(page):
    return page.evaluate(SHOWN)


def focused_row(page):
    return page.evaluate(
        "document.activeElement.closest('li.target')?.querySelector('code').innerText"
    )


def test_it_finds_among_many_as_one_types(opened):
    page = opened(MANY)
    page.goto("/me/")
    page.keyboard.press("/")
    # home takes its "#q" away at once: only the field is sure to be seen
    expect(page.locator("#q")).to_be_focused()

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
    page.locator(".jump a.label", has_text="env=prod").click()
    expect(page.locator("#q")).to_have_value("label:env=prod")
    expect(page.locator(".count")).to_contain_text("333 of 1000 match")
    page.keyboard.press("Escape")
    assert len(rows(page)) == 1_000

    # an AWS account beside it is left to, out of the search
    page.locator("#q").fill("ledger-prod-2")
    page.locator("#jump-accounts ~ ul a").last.click()
    expect(page.locator("#q")).to_have_value("")
    assert len(rows(page)) == 1_000
    assert page.locator(".all .account").last.evaluate("(e) => e.getBoundingClientRect().top") < 900
    assert page.problems == []


def test_arrows_go_from_row_to_row(opened):
    page = opened()
    page.goto("/")
    page.locator("#q").focus()
    page.keyboard.type("label:env=prod search")
    page.keyboard.press("Enter")
    before = focused_row(page)
    assert page.url.endswith("/") and before.startswith("search-prod")
    page.keyboard.press("ArrowDown")
    assert focused_row(page) != before
    page.keyboard.press("ArrowUp")
    assert focused_row(page) == before
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert len(rows(page)) == 48
    assert page.problems == []


def test_everybody_can_use_every_state(opened, client_of):
    alice = client_of("alice")
    choices = {"duration": "900", "service": "s3", "region": "eu-west-1"}
    alice.post("/targets/dev-read/console/", choices)
    for key in ("target:data-analyst", "aws-account:333333333333"):
        alice.post("/star/", {"star": key})
    page = opened((15, 5), more=catalogue.current())
    page.goto("/")
    expect(page.locator(".own h2")).to_have_text(["Favourites", "Recent"])
    expect(page.locator(".until")).to_have_count(2)
    landings = page.get_by_text("opens S3 in eu-west-1", exact=True)
    durations = page.get_by_role("button", name="Console · 15 min: Development, read only")
    expect(landings).to_have_count(2)
    expect(durations).to_have_count(2)
    page.emulate_media(color_scheme="dark")
    take_screenshot(page, "own-dark", full_page=False)
    assert violations(page) == []

    page.emulate_media(color_scheme="light")
    take_screenshot(page, "own-light", full_page=False)
    page.locator("#q").fill("read")
    expect(page.locator(".hits .until")).to_have_count(1)
    assert len(rows(page)) == 4
    assert violations(page) == []
    take_screenshot(page, "search", full_page=False)
    # each button of a form elsewhere would have browsers look through the whole page, at each key
    expect(page.locator(".hits button")).to_have_count(12)
    expect(page.locator(".hits [form], .all li.target > .star[form]")).to_have_count(0)

    page.keyboard.press("Tab")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    take_screenshot(page, "keys", full_page=False)
    assert violations(page) == []
    assert page.problems == []


def test_enter_opens_the_only_one_that_was_typed_never_one_that_came_with_the_address(
    opened, store
):
    issued = len(store.issued)
    page = opened()
    page.goto("/?q=payments-dev-1-read")
    page.locator("#q").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert rows(page) == ["payments-dev-1-read"] and len(store.issued) == issued

    page.goto("/")
    page.locator("#q").focus()
    page.keyboard.type("payments-dev-1-read")
    expect(page.locator(".count")).to_contain_text("Enter opens it: Console · 1 h.")
    is_console = lambda request: request.url.endswith("/targets/payments-dev-1-read/console/")  # noqa: E731
    with page.context.expect_event("request", is_console) as request:
        page.keyboard.press("Enter")
    assert request.value.method == "POST" and "duration=3600" in request.value.post_data


def test_what_is_opened_from_here_is_open_without_a_reload(opened):
    page = opened(more=catalogue.current())
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/")
    row = page.locator(".all li.target", has_text="dev-read")
    expect(page.locator(".until")).to_have_count(0)
    is_granted = lambda answer: answer.url.endswith("/console/") and answer.status == 303  # noqa: E731
    with page.context.expect_event("response", is_granted):
        row.get_by_role("button", name="Console").click()
    # what coming back to the tab does
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(row.locator(".until")).to_have_text(re.compile(r"^open until \d\d:\d\d UTC$"))

    row.get_by_role("link", name="Development, read only").focus()
    page.keyboard.press("l")
    expect(page.locator(".notice")).to_have_text(re.compile(r"^Copied: http.*/go/dev-read/$"))
    expect(row.get_by_role("button", name="Copy link: Development, read only")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith("/go/dev-read/")


def test_stars_and_folds_are_kept(opened):
    page = opened()
    page.goto("/")
    name = rows(page)[2]
    section = page.locator(".account[data-account]").nth(3)
    account = section.locator("h2").inner_text()
    page.locator("li.target .primary").nth(2).focus()
    for text in ("on top from your next visit", "has no star any more", "on top from your next"):
        with page.expect_response("**/star/") as response:
            page.keyboard.press("s")
        assert response.value.status == 200
        expect(page.locator(".notice")).to_contain_text(text)
    with page.expect_response("**/fold/"):
        section.locator("summary").click()
    with page.expect_response("**/star/"):
        page.get_by_role("button", name=f"Star {account}", exact=True).click()

    page.reload()
    own = page.locator(".own")
    expect(own.locator("h2")).to_have_text(["Favourites"])
    expect(own.locator("code").first).to_have_text(name)
    expect(own.locator("li.target")).to_have_count(1 + section.locator("li.target").count())
    assert not section.locator("details").evaluate("details => details.open")
    assert page.evaluate(ON_SCREEN) >= 18
    take_screenshot(page, "own", full_page=False)
    assert page.problems == []
