"""People in the admin, with what they have become and what stops it.

`accounts` knows nothing of AWS access: its admin of people and of local accounts gives way to
the one that does.
"""

from typing import Any

from django.http import HttpResponse

from accounts.admin import LocalAccountAdmin, PersonAdmin
from accounts.models import LocalAccount, Person
from brokers.admin.grants_awaited import await_grants
from brokers.admin.suggestions import SuggestingLines, names_of_local_groups
from brokers.grants import active_grants_for
from brokers.grants.events import GrantScope
from core import admin, audit
from core.admin import AdminOperation, OperationKind

admin.site.unregister([Person, LocalAccount])  # type: ignore[list-item]


@admin.register(Person)
class PersonWithGrantsAdmin(PersonAdmin):
    """Everybody who has signed in, with the grants whose AWS sessions are active."""

    around_writing = await_grants

    def grants_concerned(self, operation: AdminOperation[Person]) -> GrantScope:
        # whatever is done to a person here ends their web sessions
        return GrantScope.of_people(person.person for person in operation.documents)

    def render_change_form(
        self, request: admin.AdminRequest, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show each active grant with the policy that stops it."""
        now = audit.now()
        person = context["original"]
        grants = active_grants_for(person.person, now)

        context["revocable"] = [(grant, grant.revocation(now)) for grant in grants]
        return super().render_change_form(request, context, *arguments, **named)


@admin.register(LocalAccount)
class LocalAccountWithGrantsAdmin(LocalAccountAdmin):
    """Local accounts, whose groups and passwords grants rest on."""

    around_writing = await_grants
    change_form_template = "admin/local_account_form.html"

    def render_change_form(
        self, request: admin.AdminRequest, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """List the local groups that exist under the field for them."""
        groups = context["adminform"].form.fields["groups"]
        groups.widget = SuggestingLines(names_of_local_groups, groups.widget.attrs)
        return super().render_change_form(request, context, *arguments, **named)

    def grants_concerned(self, operation: AdminOperation[LocalAccount]) -> GrantScope:
        if operation.kind == OperationKind.ADD:
            return GrantScope()
        return GrantScope.of_people(f"local:{account.username}" for account in operation.documents)
