"""An administrator demands a reason, and is told at the field what its pattern lacks."""

import re

import pytest

from tests.support.browser import (
    check_layout,
    demo,
    next_code,
    page,
    preview,
    see,
    sign_in,
)

__all__ = ["demo", "page"]  # fixtures
pytestmark = pytest.mark.browser


def open_fold(page, field: str) -> None:
    """Unfold the part of the form that has a field, unless it is open."""
    fold = page.locator(f"details:has(#{field}):not([open]) > summary")
    if fold.count():
        fold.first.click()


def test_an_administrator_demands_a_reason(page, demo):
    sign_in(page, "carol")
    page.goto("/admin/brokers/target/staging-db/change/")
    open_fold(page, "id_owner")
    page.get_by_label("Owner").fill("Team Database")
    page.get_by_label("Rank").fill("10")
    open_fold(page, "id_reason_pattern")
    page.get_by_label("Pattern of the reason").fill("OPS-*")
    page.get_by_label("Example of a reason").fill("OPS-42")
    page.get_by_role("button", name="Preview").click()
    see(page.get_by_text("Character 5: there are no endless repeats"))
    check_layout(page, "reason-admin")

    open_fold(page, "id_reason_pattern")
    page.get_by_label("Pattern of the reason").fill(r"OPS-\d{1,6}")
    preview(page)
    page.locator("#id_code").fill(next_code(demo["carol"]))
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile("/admin/brokers/target/$"))
