"""AWS accounts in the admin: their names and stop switches."""

from collections import Counter
from functools import partial
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from accounts.admin.step_up import StepUpMixin
from brokers import catalogue
from brokers.admin.grants_awaited import active_grants_context, await_grants
from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.grants.events import GrantScope
from brokers.models import AwsAccount
from brokers.request_catalogue import catalogue_of
from core import admin, audit
from core.admin import AdminOperation, AdminRequest
from core.admin.document_writes import Build
from core.admin.stop_switch import stop_event
from core.audit import AuditEvent, Event
from core.dynamo import Document

_target_counts = admin.Newest()
"""Counts all targets once for a page, and for the next ones."""


class AwsAccountForm(admin.DocumentForm):
    """An AWS account's name and its stop switch."""

    name = admin.LineField(max_length=80, required=False)
    stopped = forms.BooleanField(
        label="Stop grants",
        required=False,
        help_text=(
            "While this is on, nobody becomes anything in it. Active AWS sessions go on until "
            "they end."
        ),
    )


class StoppedFilter(admin.ValuesFilter):
    """Filters by whether grants are stopped there."""

    title = "stopped"
    parameter_name = "stopped"


@admin.register(AwsAccount)
class AwsAccountAdmin(StepUpMixin, admin.ModelAdmin):
    """The AWS accounts that targets are in, each with its ExternalId and its stop switch."""

    form = AwsAccountForm
    menu_rank = 30
    list_display = ("account_id", "name", "targets", "stopped")
    list_filter = (StoppedFilter,)
    search_fields = ("account_id", "name")
    readonly_fields = ("account_id", "external_id")
    ordering = ("name",)
    actions = None
    change_form_template = "admin/stopped_form.html"
    events = {"change": Event.ACCOUNT_CHANGED}  # noqa: RUF012 - as in Django's admin

    def is_strict(self, request: AdminRequest, obj: AwsAccount | None) -> bool:
        """Ask for a code of its own where a sensitive target is in it."""
        if obj is None:
            return True
        return any(target.sensitive for target in _targets_in(obj, catalogue_of(request)))

    def documents_state(self, request: HttpRequest) -> int:
        return catalogue_of(request).snapshot

    def documents(self, request: HttpRequest) -> list[Any]:
        return list(catalogue_of(request).accounts.values())

    def has_add_permission(self, request: AdminRequest) -> bool:
        # they come with their first target
        return False

    def has_delete_permission(self, request: AdminRequest, obj: Any = None) -> bool:
        # their ExternalId stands in trust policies
        return False

    @admin.display(description="Targets")
    def targets(self, account: AwsAccount) -> int:
        """How many targets are in it."""
        latest = catalogue.latest()
        counts = _target_counts.get_or_make("targets", latest.snapshot, partial(_count, latest))
        return counts[str(account.account_id)]

    def audit_facts(self, document: Document) -> dict[str, Any]:
        return {"aws_account": document.key[0]}

    def audit_events(
        self, request: AdminRequest, operation: AdminOperation[AwsAccount]
    ) -> list[AuditEvent]:
        """Record the stop switch by an event of its own."""
        events = super().audit_events(request, operation)
        changes = operation.changes
        if "stopped" in changes.before_and_after:
            kind = stop_event(is_set=changes.cleaned_data["stopped"])
            events.append(audit.event(kind, **self.audit_facts(operation.document)))
        return events

    around_writing = await_grants

    def grants_concerned(self, operation: AdminOperation[AwsAccount]) -> GrantScope:
        return _stopped_grants(operation.document)

    def render_change_form(
        self, request: AdminRequest, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show which AWS sessions go on while it is stopped."""
        context |= active_grants_context(_stopped_grants(context["original"]))
        return super().render_change_form(request, context, *arguments, **named)

    def commit(
        self, request: AdminRequest, operation: AdminOperation[AwsAccount], build: Build
    ) -> None:
        # its change log makes every process see it at once
        catalogue.edit(build, accounts=[operation.document.account_id])


def _count(content: Catalogue) -> Counter[str]:
    """Return how many targets are in each AWS account, by its number."""
    targets = catalogue.not_deleted(content.targets.values())
    return Counter(str(target.aws_account) for target in targets)


def _stopped_grants(account: AwsAccount) -> GrantScope:
    """Return the grants in the AWS account if it is stopped, else none."""
    if not account.stopped:
        return GrantScope()
    return GrantScope(aws_accounts=frozenset({account.account_id}))


def _targets_in(account: AwsAccount, content: Catalogue) -> list[CatalogueTarget]:
    targets = catalogue.not_deleted(content.targets.values())
    return [target for target in targets if target.aws_account == account.account_id]
