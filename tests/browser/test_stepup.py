"""One-time codes in a real browser: a device is set up by QR code and used."""

import io
import re

import pytest
import zxingcpp
from PIL import Image

from tests.support.browser import (
    check_layout,
    demo,
    expect,
    follow,
    next_code,
    page,
    preview,
    row_of,
    see,
    sign_in,
    violations,
)

__all__ = ["demo", "page"]  # fixtures
pytestmark = pytest.mark.browser

CHANGE = "/admin/brokers/target/staging-db/change/"


def scanned(picture) -> str:
    """Return what a phone's camera reads from a picture on the page."""
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.screenshot())))
    assert len(found) == 1, found
    return str(found[0].text)


def fill_in_code(page, code: str) -> None:
    """Type a code to save the form; the button that tests a target has a field of its own."""
    page.get_by_role("group", name="Confirm").get_by_label("One-time code:").fill(code)


def save(page, title: str, code: str) -> None:
    page.get_by_label("Title:").fill(title)
    preview(page)
    fill_in_code(page, code)
    page.get_by_role("button", name="Save and continue editing").click()


def test_it_leads_dan_from_a_change_over_a_qr_code_to_the_change_done(page, demo):
    sign_in(page, "dan")
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto(CHANGE)
    see(page.get_by_text("Set up your device first"))
    check_layout(page, "device-none")
    page.get_by_label("Password").fill("cooper-demo")
    page.get_by_role("button", name="Set up my device").click()
    see(page.get_by_role("heading", name="Set up your device"))
    check_layout(page, "device-set-up")
    assert violations(page) == []
    otpauth = scanned(page.get_by_role("img", name="QR code"))
    assert re.match(r"otpauth://totp/cooper%20127\.0\.0\.1-\d+:dan%20%28local%29%20....\?", otpauth)
    expect(page.locator("code.seed")).to_have_text(re.search(r"secret=(\w+)", otpauth)[1])
    page.get_by_label("One-time code").fill(next_code(otpauth))
    page.get_by_role("button", name="Confirm").click()
    see(page.get_by_role("heading", name="Your device is set up"))
    codes = page.locator("ul.codes code")
    expect(codes).to_have_count(10)
    recovery = codes.all_inner_texts()
    assert len(set(recovery)) == 10
    check_layout(page, "device-codes")
    assert violations(page) == []
    page.get_by_role("link", name="Go on").click()
    page.wait_for_url(f"**{CHANGE}")

    code = next_code(otpauth)
    save(page, "Staging, databases", code)
    see(page.get_by_text("was changed successfully"))
    save(page, "Never this", code)
    see(page.get_by_text("code is not valid now"))
    expect(page.get_by_label("Title:")).to_have_value("Never this")
    check_layout(page, "admin-code-refused")
    assert violations(page) == []

    page.goto("/device/")
    check_layout(page, "device-there")
    assert violations(page) == []
    recover(page, recovery[0])
    see(page.get_by_role("heading", name="Set up your device"))
    page.goto("/device/")
    recover(page, recovery[0])
    see(page.get_by_text("This recovery code is not valid"))
    # a refused code is a 4xx, of which chromium tells its console
    assert [each for each in page.problems if "status of 40" not in each] == []


def recover(page, code: str) -> None:
    form = page.locator("form[action$='/device/recover/']")
    form.get_by_label("Password").fill("cooper-demo")
    form.get_by_label("Recovery code").fill(code)
    follow(page, form.get_by_role("button"))


def test_it_lets_carol_entitle_a_group_for_many_targets_with_one_code(page, demo):
    sign_in(page, "carol")
    page.goto("/admin/brokers/target/?q=staging")
    check_layout(page, "admin-list")
    assert violations(page) == []
    page.get_by_label("Select all objects on this page for an action").check()
    page.get_by_label("With the chosen").select_option(
        label="Associate a group with the chosen targets"
    )
    page.get_by_role("button", name=re.compile("^(Go|Run)$")).click()
    page.get_by_label("Group").fill("visitors")
    check_layout(page, "admin-bulk-asks")
    page.get_by_role("button", name="Show what happens").click()
    see(page.get_by_role("heading", name="This is what happens"))
    check_layout(page, "admin-bulk-shows")
    assert violations(page) == []
    page.get_by_label("One-time code").fill(next_code(demo["carol"]))
    page.get_by_role("button", name="Yes, do it").click()
    see(page.get_by_text("3 targets changed"))
    page.goto("/admin/brokers/target/staging-db/change/")
    see(page.get_by_role("heading", name="Who may become this"))
    check_layout(page, "admin-who")
    page.goto("/admin/brokers/target/explain/?person=carol")
    check_layout(page, "admin-explain")
    assert violations(page) == []


def test_it_says_who_gains_what_before_carol_saves(page, demo):
    sign_in(page, "carol")
    page.goto("/admin/brokers/target/dev-read/change/")
    page.locator("#id_associations-1-group").fill("finance")
    preview(page)
    check_layout(page, "admin-impact")
    assert violations(page) == []
    fill_in_code(page, next_code(demo["carol"]))
    page.get_by_role("button", name="Save and continue editing").click()
    see(page.get_by_text("was changed successfully"))


def test_it_asks_alice_for_a_code_on_a_sensitive_target(page):
    sign_in(page, "alice")
    row_of(page, "Production, administrator").get_by_role("link", name="Open…").click()
    see(page.get_by_role("heading", name="Production, administrator"))
    check_layout(page, "target-sensitive")
    assert violations(page) == []
    page.get_by_label("Reason").fill("a ticket")
    page.get_by_role("button", name="Set up a device first").click()
    see(page.get_by_role("heading", name="One-time codes"))
