"""The emergency stop and settings in a real browser: stopped, seen by all, lifted."""

import pytest

from tests.support.browser import (
    check_layout,
    demo,
    expect,
    follow,
    next_code,
    page,
    see,
    sign_in,
    violations,
)

__all__ = ["demo", "page"]  # fixtures
pytestmark = pytest.mark.browser

REASON = "key leak in prod"


@pytest.fixture
def alice(chromium, demo):
    context = chromium.new_context(base_url=demo["url"])
    context.set_default_timeout(45_000)
    other = context.new_page()
    other.problems = []
    sign_in(other, "alice")
    yield other
    context.close()


def check(page, name: str) -> None:
    check_layout(page, name)
    assert violations(page) == []


def test_carol_stops_all_grants_and_everybody_sees_why_until_she_lifts_it(page, demo, alice):
    sign_in(page, "carol")
    page.goto("/admin/")
    menu = page.get_by_role("navigation", name="Administration")
    follow(page, menu.get_by_role("link", name="Emergency stop"))
    see(page.get_by_text("Running", exact=True))
    check(page, "stop-running")

    page.get_by_label("Reason").fill(REASON)
    follow(page, page.get_by_role("button", name="Stop all grants"))
    see(page.get_by_text("All grants are stopped.", exact=True))
    see(page.get_by_role("button", name="Lift the stop"))
    check(page, "stop-stopped")
    follow(page, page.get_by_role("link", name="Overview"))
    see(page.get_by_text("On since"))
    check(page, "stop-overview")

    alice.goto("/")
    see(alice.get_by_text(f"UTC: {REASON}. Nobody becomes anything"))
    see(alice.get_by_text("Nobody may become them while all grants are stopped."))
    expect(alice.get_by_role("button", name="Console", disabled=True).first).to_be_visible()
    check(alice, "stop-home")
    alice.goto("/targets/prod-admin/")
    expect(alice.get_by_role("button", name="Open console")).to_be_disabled()
    check(alice, "stop-target")

    follow(page, page.get_by_role("link", name="Go to the emergency stop"))
    page.get_by_label("One-time code").fill(next_code(demo["carol"]))
    follow(page, page.get_by_role("button", name="Lift the stop"))
    see(page.get_by_text("The stop is lifted: people become their targets again."))
    follow(page, page.get_by_role("link", name="History"))
    see(page.get_by_text(REASON))
    check(page, "stop-history")

    follow(page, menu.get_by_role("link", name="Settings"))
    page.get_by_label("Default contact").fill("IT, it@example.com")
    page.get_by_label("One-time code").fill(next_code(demo["carol"]))
    follow(page, page.get_by_role("button", name="Save"))
    see(page.get_by_text("The default contact is now IT, it@example.com."))
    check(page, "stop-settings")
    assert page.problems == []

    alice.goto("/targets/nowhere/")
    see(alice.get_by_text("IT, it@example.com"))
    check(alice, "stop-not-found")
