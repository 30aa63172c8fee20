"""A person's own page and the sign-in page: themes, sizes, no script, and nothing for axe."""

import os

import pytest
from django.conf import settings

from bench.live import live_site
from tests.support.browser import expect, violations

pytestmark = pytest.mark.browser

SIZES = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 390, "height": 844}}
GROUNDS = {"light": "rgb(245, 246, 244)", "dark": "rgb(16, 21, 19)"}


@pytest.fixture
def site(store):
    with live_site() as address:
        yield address


def picture(page, name: str) -> None:
    folder = os.environ.get("COOPER_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize("theme", GROUNDS)
def test_the_theme_is_the_server_s_without_a_script_at_any_size(chromium, site, client_of, theme):
    alice = client_of("alice")
    alice.post("/targets/dev-read/credentials/", {"duration": "900"})
    name = settings.SESSION_COOKIE_NAME
    # the system says the other
    system = "light" if theme == "dark" else "dark"
    context = chromium.new_context(base_url=site, color_scheme=system, java_script_enabled=False)
    context.add_cookies([{"name": name, "value": alice.cookies[name].value, "url": site}])
    page = context.new_page()

    page.goto("/me/")
    page.get_by_label(theme.title()).check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your preferences are saved.")).to_be_visible()
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        page.goto("/me/")
        picture(page, f"me-{theme}-{size}")
        ground = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
        assert ground == GROUNDS[theme]
        width = page.locator("html").evaluate("html => html.scrollWidth")
        assert width <= viewport["width"]
    context.close()


@pytest.mark.parametrize("theme", GROUNDS)
def test_axe_says_nothing(chromium, site, client_of, theme):
    alice = client_of("alice")
    alice.post("/me/preferences/", {"theme": theme})
    name = settings.SESSION_COOKIE_NAME
    context = chromium.new_context(base_url=site, viewport=SIZES["narrow"])
    context.add_cookies([{"name": name, "value": alice.cookies[name].value, "url": site}])
    page = context.new_page()
    page.problems = []
    page.goto("/me/")
    assert violations(page) == []
    context.clear_cookies()
    page.goto("/login/?signed-out=1")
    picture(page, f"login-{theme}")
    assert violations(page) == []
    context.close()
