"""Settings, with step-up: whom people ask where a target has no owner."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages

from accounts.admin.step_up import StepUpMixin
from brokers import contacts
from core import admin
from core.admin.one_page import OnePageAdmin
from core.audit import AuditEvent
from core.audit_search import history_for
from core.dynamo import Document, Transaction
from core.installation import Settings

CONTACT_LIMIT = 120
"""Characters of the default contact, as of a target's owner."""


class SettingsForm(admin.DocumentForm):
    """What is set for everybody."""

    default_contact = admin.LineField(
        max_length=CONTACT_LIMIT,
        required=False,
        help_text=(
            "Whom people ask for access, and about targets without an owner: a person, a team, "
            "a mail address or a web address. It stands on their pages and on each refusal."
        ),
    )

    def stored_version(self) -> str:
        """Return the contact: the stop beside it is no business of this form."""
        settings: Any = self.instance
        return str(settings.default_contact or "")


@admin.register(Settings)
class SettingsAdmin(StepUpMixin, OnePageAdmin):
    """What is set for everybody. Saving it leaves the emergency stop alone."""

    form = SettingsForm
    only_pk = Settings.PK
    menu_rank = 65
    step_up = (admin.OperationKind.CHANGE,)
    step_up_strict = True

    def history_of(self, obj: Document) -> Iterable[AuditEvent]:
        return history_for(contacts.HISTORY)

    def write(
        self,
        request: admin.AdminRequest,
        operation: admin.AdminOperation[Settings],
        writes: Transaction,
    ) -> None:
        """Write the contact and nothing else, on the condition that it is as it was."""
        [before, after] = operation.changes.before_and_after["default_contact"]
        contacts.write_contact(str(before or ""), str(after or ""), writes)

    def message_user(
        self, request: admin.AdminRequest, message: Any, *arguments: Any, **named: Any
    ) -> None:
        """Say whom people are sent to now."""
        changes = request.operation.changes
        if not changes:
            super().message_user(request, message, *arguments, **named)
        elif contact := changes.cleaned_data["default_contact"]:
            messages.success(request, f"The default contact is now {contact}.")
        else:
            messages.success(request, "There is no default contact any more.")
