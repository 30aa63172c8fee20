"""People in the admin, with what they have become and what stops it.

`accounts` knows nothing of AWS access: its admin of people, of local accounts and of the stop
switch gives way to the one that does.
"""

from typing import Any

from django.http import HttpResponse

from accounts.admin import LocalAccountAdmin, PersonAdmin, StopAllGrantsAdmin
from accounts.models import LocalAccount, Person
from brokers.admin.grants_awaited import GrantsAwaitedMixin, active_grants_context
from brokers.grants import active_grants_for
from brokers.grants.events import GrantScope
from core import admin, audit
from core.admin import AdminOperation, OperationKind
from core.installation import Installation

admin.site.unregister([Person, LocalAccount, Installation])  # type: ignore[list-item]


@admin.register(Person)
class PersonWithGrantsAdmin(GrantsAwaitedMixin, PersonAdmin):
    """Everybody who has signed in, with the grants whose AWS sessions are active."""

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
class LocalAccountWithGrantsAdmin(GrantsAwaitedMixin, LocalAccountAdmin):
    """Local accounts, whose groups and passwords grants rest on."""

    def grants_concerned(self, operation: AdminOperation[LocalAccount]) -> GrantScope:
        if operation.kind == OperationKind.ADD:
            return GrantScope()
        return GrantScope.of_people(f"local:{account.username}" for account in operation.documents)


@admin.register(Installation)
class StopAllGrantsAwaitedAdmin(GrantsAwaitedMixin, StopAllGrantsAdmin):
    """The stop switch of all grants."""

    change_form_template = "admin/stopped_form.html"

    def grants_concerned(self, operation: AdminOperation[Installation]) -> GrantScope:
        return GrantScope(all_grants=bool(operation.document.stopped))

    def render_change_form(
        self, request: admin.AdminRequest, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show which AWS sessions go on while all grants are stopped."""
        scope = GrantScope(all_grants=bool(context["original"].stopped))
        context |= active_grants_context(scope)
        return super().render_change_form(request, context, *arguments, **named)
