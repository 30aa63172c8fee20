"""What pages do for people in a real browser: forms come back, times are local, ends announced."""

import re
from datetime import UTC, datetime

import pytest
from django.conf import settings

from bench.live import live_site
from brokers import catalogue
from brokers.models import Association
from demo.seed import PASSWORD
from tests.support import clock
from tests.support.browser import expect, follow, see, take_screenshot

pytestmark = pytest.mark.browser

TARGET = "/targets/dev-read/"


@pytest.fixture
def site(store):
    with live_site() as address:
        yield address


@pytest.fixture
def opened(chromium, site, client_of):
    """Return a maker of browser pages in which a person is signed in."""
    contexts = []

    def make(person, **options):
        context = chromium.new_context(base_url=site, **options)
        contexts.append(context)
        cookie = client_of(person).cookies[settings.SESSION_COOKIE_NAME].value
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": cookie, "url": site}])
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


def sign_in(page, person: str) -> None:
    page.get_by_label("Username").fill(person)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_form_that_was_sent_too_late_is_back_after_signing_in(opened, store, script):
    issued = len(store.issued)
    page = opened("alice", java_script_enabled=script)
    page.goto(TARGET)
    page.get_by_label("Reason").fill("INC-4711")
    page.get_by_label("For how long").select_option("7200")
    clock.shift(1900)
    page.get_by_role("button", name="Get credentials").click()
    see(page.get_by_text("What you typed is kept for 15 minutes"))
    take_screenshot(page, "kept-sign-in")
    sign_in(page, "alice")

    see(page.get_by_text("Brought back."))
    take_screenshot(page, "kept-target")
    expect(page.get_by_label("Reason")).to_have_value("INC-4711")
    expect(page.get_by_label("For how long")).to_have_value("7200")
    assert len(store.issued) == issued
    page.get_by_role("button", name="Get credentials").click()
    see(page.get_by_role("heading", name="Credentials for Development, read only"))


def test_a_form_of_the_admin_is_back_too(opened):
    page = opened("carol")
    page.goto("/admin/brokers/target/dev-read/change/")
    page.get_by_label("Title:").fill("Typed before lunch")
    page.locator("#id_associations-1-group").fill("finance")
    clock.shift(1900)
    follow(page, page.get_by_role("button", name="Preview"))
    sign_in(page, "carol")
    see(page.get_by_text("Brought back."))
    take_screenshot(page, "kept-admin")
    expect(page.get_by_label("Title:")).to_have_value("Typed before lunch")
    expect(page.locator("#id_associations-1-group")).to_have_value("finance")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    take_screenshot(page, "kept-admin-dark-390")


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"timezone_id": "Asia/Tokyo"}, "until 2031-02-03 04:05 UTC (2031-02-03 13:05 GMT+9)"),
        ({"timezone_id": "UTC"}, "until 2031-02-03 04:05 UTC"),
        ({"java_script_enabled": False}, "until 2031-02-03 04:05 UTC"),
    ],
)
def test_local_time_stands_beside_utc(opened, options, shown):
    rule = Association.find("dev-read", "local:developers")
    rule.until = datetime(2031, 2, 3, 4, 5, tzinfo=UTC)
    catalogue.edit(lambda writes: writes.save(rule), "dev-read")
    page = opened("alice", **options)
    page.goto(TARGET)
    facts = page.locator("dl.facts")
    expect(facts).to_contain_text(shown)
    once = re.compile("2031-02-03(?!.*2031-02-03)", re.DOTALL)
    expect(facts).to_contain_text(once)


@pytest.mark.parametrize("address", ["/", "/admin/"])
def test_the_end_of_the_web_session_is_announced_before_it_comes(opened, address):
    page = opened("carol")
    page.clock.install()
    page.goto(address)
    warning = page.locator(".session-warning")
    expect(warning).to_have_text("")
    expect(warning).to_have_attribute("role", "status")
    page.clock.fast_forward("25:30")
    see(page.get_by_text(re.compile("ends in 5 minutes")))
    page.clock.fast_forward("05:00")
    see(page.get_by_text("Your web session has ended."))
