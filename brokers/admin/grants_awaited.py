"""What the admin says of grants that were under way when something was taken away."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from django.contrib import messages
from django.contrib.admin.utils import quote
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from brokers.grants import active_grants_in
from brokers.grants.active import ActiveGrant
from brokers.grants.events import GrantScope
from brokers.grants.under_way import AwaitedGrants, GrantsUnderWay
from core import audit
from core.admin import AdminOperation, AdminRequest

MOST_NAMED = 20
"""Grants that a page names; more are counted."""


MOST_LISTED = 200
"""Active AWS sessions that the page of something that is stopped lists."""


class TakesFromGrants(Protocol):
    """A ModelAdmin whose operations may take something away from grants that are under way."""

    def grants_concerned(self, operation: AdminOperation[Any]) -> GrantScope:
        """Return the grants from which the operation takes something away; none for most."""


@contextmanager
def await_grants(
    model_admin: TakesFromGrants, request: AdminRequest, operation: AdminOperation[Any]
) -> Iterator[None]:
    """Wait for the grants that were under way: the `around_writing` of such a ModelAdmin."""
    with awaited(request, model_admin.grants_concerned(operation)):
        yield


@contextmanager
def awaited(request: HttpRequest, scope: GrantScope) -> Iterator[None]:
    """Save within the block; then wait for the grants that were under way, and show them."""
    if not scope:
        yield
        return

    grants = GrantsUnderWay()
    yield
    show_awaited(request, grants.wait_for(scope))


def show_awaited(request: HttpRequest, grants: AwaitedGrants) -> None:
    """Tell the administrator what came of grants that were under way, each with what stops it."""
    if grants.headline:
        messages.warning(request, grants.headline)

    for grant in grants.issued[:MOST_NAMED]:
        line = format_html(
            '{}: <a href="{}">what stops it</a>.', grant.description, _address_of_advice(grant)
        )
        messages.warning(request, line)
    if len(grants.issued) > MOST_NAMED:
        more = len(grants.issued) - MOST_NAMED
        messages.warning(request, f"And {more} more: the audit log has them all.")


def _address_of_advice(grant: ActiveGrant) -> str:
    """Return where the policies stand that stop the active AWS sessions of the person."""
    page = reverse("admin:accounts_person_change", args=[quote(str(grant.event.person))])
    return f"{page}#grants-title"


def active_grants_context(scope: GrantScope) -> dict[str, Any]:
    """Return, for the page of something that is stopped, the AWS sessions that go on."""
    if not scope:
        return {}

    active = active_grants_in(scope, audit.now())
    rows = [(grant.description, _address_of_advice(grant)) for grant in active.grants[:MOST_LISTED]]
    return {
        "active_grants": rows,
        "more_active_grants": len(active.grants) - len(rows),
        "are_all_read": active.are_all,
    }
