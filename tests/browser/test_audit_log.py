"""The audit log and a person's page in a real browser: searched, exported, ended."""

import json

import pytest

from tests.support.browser import (
    check_layout,
    demo,
    expect,
    follow,
    next_code,
    page,
    preview,
    see,
    sign_in,
    violations,
)

__all__ = ["demo", "page"]  # fixtures
pytestmark = pytest.mark.browser

LIST, ALICE = "/admin/cooper/auditevent/", "/admin/accounts/person/local_3Aalice/change/"


@pytest.fixture
def alice(chromium, demo):
    """Let Alice sign in elsewhere and become something."""
    context = chromium.new_context(base_url=demo["url"])
    other = context.new_page()
    sign_in(other, "alice")
    for target in ("dev-read", "dev-uploads"):
        other.goto(f"/targets/{target}/")
        follow(other, other.get_by_role("button", name="Get credentials"))
    yield other
    context.close()


def test_it_lets_carol_search_the_record_and_take_it_along(page, demo, alice):
    sign_in(page, "carol")
    page.goto(LIST)
    check_layout(page, "record")
    assert violations(page) == []
    page.get_by_label("Person, target, AWS account or request id:").fill("alice")
    page.get_by_label("Event:").select_option("became a target: issued")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**q=alice**")
    results = page.locator("td.field-result")
    expect(results.filter(has_text="issued").first).to_be_visible()
    expect(results.filter(has_not_text="issued")).to_have_count(0)
    follow(page, page.get_by_role("link", name="Export"))
    check_layout(page, "record-export")
    assert violations(page) == []
    page.get_by_label("One-time code").fill(next_code(demo["carol"]))
    with page.expect_download() as sent:
        page.get_by_role("button", name="Export").click()
    lines = [json.loads(line) for line in sent.value.path().read_text().splitlines()]
    assert (
        sent.value.suggested_filename.endswith(".jsonl")
        and lines[-1]["event"] == "audit:export:done"
    )
    assert {"person:sign-in:done", "grant:begin:intended", "grant:finish:done"} <= {
        each["event"] for each in lines
    }
    assert page.problems == []


def test_it_says_on_the_form_what_is_wrong_with_a_search_and_what_to_do_where_nothing_is_found(
    page,
):
    sign_in(page, "carol")
    page.goto(f"{LIST}?since=2026-03-02&day=2026-03-01")
    see(page.get_by_text("This day is before the first one."))
    check_layout(page, "record-wrong")
    assert violations(page) == []
    page.goto(f"{LIST}?q=nobody")
    see(page.get_by_text("No matching events."))


def test_it_shows_carol_what_lives_of_alice_and_lets_her_end_it(page, demo, alice):
    sign_in(page, "carol")
    page.goto(ALICE)
    for summary in page.locator("section summary").all():
        summary.click()
    check_layout(page, "person")
    assert violations(page) == []
    expect(page.get_by_text("aws:TokenIssueTime").nth(1)).to_be_visible()
    follow(page, page.get_by_role("link", name="End all web sessions"))
    check_layout(page, "person-end")
    assert violations(page) == []
    page.get_by_label("One-time code").fill(next_code(demo["carol"]))
    page.get_by_role("button", name="Yes, do it").click()
    see(page.get_by_text("Not signed in anywhere."))
    alice.goto("/")
    alice.wait_for_url("**/login/**")
    assert page.problems == []


def test_a_new_administrator_is_told_to_all_but_whoever_made_them(page, demo, chromium):
    sign_in(page, "carol")
    page.goto("/admin/accounts/localaccount/bob/change/")
    page.get_by_label("Groups:").fill("visitors\nadmins")
    preview(page)
    page.get_by_label("One-time code").fill(next_code(demo["carol"]))
    follow(page, page.get_by_role("button", name="Save", exact=True))
    # whoever did it knows
    see(page.get_by_text("was changed successfully"))
    expect(page.get_by_text("was made an administrator")).to_have_count(0)

    context = chromium.new_context(base_url=demo["url"])
    dan = context.new_page()
    dan.problems = []
    sign_in(dan, "dan")
    dan.goto("/admin/")
    see(dan.get_by_text("local:bob was made an administrator by local:carol"))
    check_layout(dan, "newcomer")
    assert violations(dan) == []
    follow(dan, dan.get_by_role("link", name="Look at it, and confirm it with a code"))
    # it silences a warning, so it takes a device
    see(dan.get_by_text("Set up your device first"))
    context.close()


def test_it_shows_erin_the_record_alone(page):
    sign_in(page, "erin")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Audit log").click()
    see(page.locator("#result_list"))
    page.goto("/admin/")
    check_layout(page, "auditor")
    assert violations(page) == []
    lists = page.get_by_role("navigation", name="Administration").get_by_role("link")
    expect(lists).to_have_text(["Audit log"])
    page.goto(f"{LIST}export/")
    see(page.get_by_text("Set up your device first"))
