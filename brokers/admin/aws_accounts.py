"""AWS accounts in the management plane: their names and stop switches."""

from typing import Any

from django import forms
from django.http import HttpRequest

from accounts.stepup import StepUpMixin
from brokers import catalogue
from brokers.models import AwsAccount
from core import admin, audit
from core.admin.document_writes import Build
from core.audit import AuditEvent, Event
from core.dynamo import Document


class AwsAccountForm(admin.DocumentForm):
    """An AWS account's name and its switch."""

    name = forms.CharField(max_length=80, required=False)
    stopped = forms.BooleanField(
        label="Stop grants",
        required=False,
        help_text="While this is on, nobody becomes anything in it. AWS sessions that live go on until they end.",
    )


@admin.register(AwsAccount)
class AwsAccountAdmin(StepUpMixin, admin.ModelAdmin):
    """The AWS accounts that targets are in; they come with their first target and stay, for their ExternalId."""

    form = AwsAccountForm
    list_display = ("account_id", "name", "targets", "stopped")
    search_fields = ("account_id", "name")
    readonly_fields = ("account_id", "external_id")
    ordering = ("name",)
    actions = None
    events = {"change": Event.ACCOUNT_CHANGED}  # noqa: RUF012 - as in Django's admin

    def is_strict(self, request: HttpRequest, obj: Document | None) -> bool:
        """Ask for a code of its own where a sensitive target is in it."""
        living = catalogue.living(catalogue.current().targets.values())
        return obj is None or any(
            each.sensitive and each.aws_account == obj.key[0] for each in living
        )

    def documents(self, request: HttpRequest) -> list[Any]:
        """Return those that the catalogue knows."""
        return list(catalogue.current().accounts.values())

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let targets bring them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep them: their ExternalId stands in trust policies."""
        return False

    @admin.display(description="Targets")
    def targets(self, account: AwsAccount) -> int:
        """Return how many targets are in it."""
        living = catalogue.living(catalogue.latest().targets.values())
        return sum(1 for each in living if each.aws_account == account.account_id)

    def audit_facts(self, document: Document) -> dict[str, Any]:
        """Name the AWS account."""
        return {"aws_account": document.key[0]}

    def audit_events(self, request: HttpRequest, outcome: admin.FormChanges) -> list[AuditEvent]:
        """Record the switch by its own event."""
        events = super().audit_events(request, outcome)
        if "stopped" in outcome.before_and_after:
            kind = Event.STOP_SET if outcome.cleaned["stopped"] else Event.STOP_LIFTED
            events.append(audit.event(kind, **self.audit_facts(outcome.document)))
        return events

    def commit(self, request: HttpRequest, outcome: admin.FormChanges, build: Build) -> None:
        """Write it through the catalogue."""
        catalogue.edit(build, accounts=[outcome.document.key[0]])
