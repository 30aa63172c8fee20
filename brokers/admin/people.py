"""A person's page in the admin, with what they have become and what stops it."""

from typing import Any

from django.http import HttpResponse

from accounts.admin import PersonAdmin
from accounts.models import Person
from brokers.grants import active_grants_for
from core import admin, audit

# `accounts` knows nothing of AWS access: its admin of people gives way to the one that does
admin.site.unregister([Person])  # type: ignore[list-item]


@admin.register(Person)
class PersonWithGrantsAdmin(PersonAdmin):
    """Everybody who has signed in, with the grants whose AWS sessions are active."""

    def render_change_form(
        self, request: admin.AdminRequest, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show each active grant with the policy that stops it."""
        now = audit.now()
        person = context["original"]
        grants = active_grants_for(person.person, now)

        context["revocable"] = [(grant, grant.revocation(now)) for grant in grants]
        return super().render_change_form(request, context, *arguments, **named)
