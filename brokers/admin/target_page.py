"""A target's page beside its form: the button that probes it, and the trust policy to paste."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from brokers import arns, catalogue, trust_policy
from brokers.admin import target_save
from brokers.admin.operation_kinds import TargetOperationKind
from brokers.catalogue_state import Catalogue
from brokers.models import AwsAccount, State, Target
from brokers.probing import ProbeResult, apply_result, probe, report
from core import admin, aws
from core.admin import AdminOperation, AdminRequest
from core.dynamo import Transaction
from core.errors import CooperError


def probe_form(
    model_admin: admin.ModelAdmin, request: AdminRequest, target: Target | None
) -> forms.Form:
    """Return the form beside the button that probes; an empty one for a target to be added."""
    form = forms.Form(auto_id="try_%s")
    if target is not None:
        operation = AdminOperation(TargetOperationKind.TEST, [target])
        form.fields.update(model_admin.extra_form_fields(request, operation))
    return form


def show_result(request: HttpRequest, target: Target, result: ProbeResult) -> None:
    """Tell the administrator how a probe went."""
    level = messages.WARNING
    if result.complete:
        level = messages.SUCCESS
    for line in report(target, result):
        messages.add_message(request, level, line)


def probe_and_save(target: Target) -> ProbeResult:
    """Probe a target, keep what was found, and record it."""
    state_before = State(target.state)
    result = probe(target)
    # an enabled target that fails becomes pending; a disabled one stays so, whatever was found
    apply_result(target, result, before=state_before, enable=state_before == State.ENABLED)

    def build(writes: Transaction) -> None:
        writes.save(target)
        writes.create(target_save.probe_event(target, result))

    catalogue.edit(build, target.name)
    return result


def trust_policy_context(target: Target) -> dict[str, Any]:
    """Return the ExternalId and the trust policy of a role, as text to paste.

    No trust policy when AWS does not say who cooper is: then nobody knows whom to trust.
    """
    if not target.is_role or not target.aws_account:
        return {}
    account = AwsAccount.find(target.aws_account)
    if account is None:
        return {"external_id": ""}

    external_id = str(account.external_id)
    try:
        arn = arns.role_arn(str(target.role_arn))
        snippets = trust_policy.snippets(
            arn, external_id, aws.caller_identity().arn, int(target.max_seconds)
        )
    except (CooperError, ValueError):
        snippets = []
    return {"external_id": external_id, "snippets": snippets}


def code_lines(current: Catalogue, target: Target) -> list[str]:
    """Say that becoming a target takes a code because another one of its role is sensitive."""
    return [
        f"Becoming it takes a one-time code: {name} is sensitive and has the same role or keys."
        for name in current.sensitive_like(target)
    ]
