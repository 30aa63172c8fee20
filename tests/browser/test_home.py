"""Home in a real browser: many targets on one screen, found as one types, opened with one key."""

import pytest
from django.conf import settings

from bench.home_data import catalogue_with
from brokers import catalogue
from tests.support.browser import chromium, take_screenshot
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
