"""The administration in a real browser while DynamoDB does not give the audit log."""

import pytest

from tests.support import faults
from tests.support.browser import check_layout, demo, page, see, sign_in, violations
from tests.support.faults import Fault

__all__ = ["demo", "page"]  # fixtures
pytestmark = pytest.mark.browser

NOTICE = (
    "The audit log cannot be read now, and so not whether somebody became an administrator lately."
)


def test_carol_sees_the_targets_and_what_cannot_be_read(page):
    sign_in(page, "carol")
    with faults.on(Fault("dynamodb", table="audit")):
        page.goto("/admin/brokers/target/")
        see(page.get_by_text(NOTICE))
        see(page.get_by_text("cannot be read now", exact=True).first)
        see(page.get_by_role("link", name="prod-admin", exact=True))
        check_layout(page, "audit-log-down-targets")
        assert violations(page) == []

        page.goto("/admin/")
        see(page.get_by_text(NOTICE))
        check_layout(page, "audit-log-down-overview")
        assert violations(page) == []
