"""A person's page in the management plane, with what they have become and what stops it."""

from typing import Any

from django.http import HttpResponse

from accounts.admin import PersonAdmin
from accounts.models import Person
from brokers.grants import active_grants_for
from core import admin, audit

# people do not know doors: their admin gives way to the one that does
admin.site.unregister([Person])  # type: ignore[list-item]


@admin.register(Person)
class BecomingPersonAdmin(PersonAdmin):
    """Everybody who has signed in, with the grants whose AWS sessions still live."""

    def render_change_form(
        self, request: Any, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show each living grant with the policy that stops it."""
        now = audit.now()
        found = active_grants_for(str(context["original"].person), now)
        context["revocable"] = [(each, each.revocation(now)) for each in found]
        return super().render_change_form(request, context, *arguments, **named)
