"""A target's page beside its form: the trust policy to paste, the probe, and what it found."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html, format_html_join

from brokers import arns, catalogue, trust_policy
from brokers.admin import target_save
from brokers.admin.operation_kinds import TargetOperationKind
from brokers.catalogue_state import Catalogue
from brokers.choices import ONE_HOUR, SHORT_FOR_TOOLS, describe_seconds
from brokers.models import AwsAccount, State, Target
from brokers.probing import ProbeResult, apply_result, probe, report
from brokers.readiness import Place, findings_by_place
from core import admin, aws
from core.admin import AdminOperation, AdminRequest
from core.dynamo import Transaction
from core.errors import CooperError

FINDING = '<strong class="finding">{}</strong>'


def probe_form(
    model_admin: admin.ModelAdmin, request: AdminRequest, target: Target | None
) -> forms.Form:
    """Return the form beside the button that probes; an empty one for a target to be added."""
    form = forms.Form(auto_id="try_%s")
    if target is not None:
        operation = AdminOperation(TargetOperationKind.TEST, [target])
        form.fields.update(model_admin.extra_form_fields(request, operation))
    return form


def warn_if_short(request: HttpRequest, operation: AdminOperation[Target]) -> None:
    """Tell an administrator what a short longest session, typed just now, does to command lines."""
    seconds = int(operation.document.max_seconds)
    if "max_seconds" in operation.changes.before_and_after and seconds < SHORT_FOR_TOOLS:
        messages.warning(
            request,
            f"At most {describe_seconds(seconds)}: command lines renew credentials 15 minutes "
            "before they end, so they ask anew for nearly every command. "
            f"From {describe_seconds(SHORT_FOR_TOOLS)} on they do not.",
        )


def show_result(request: HttpRequest, target: Target, result: ProbeResult) -> None:
    """Tell the administrator how a probe went."""
    level = messages.WARNING
    if result.complete:
        level = messages.SUCCESS
    messages.add_message(request, level, report(target, result))


def with_result(operation: AdminOperation[Target], message: Any) -> Any:
    """Return the message of a saved form, and in it how the probe went, if there was one."""
    result = _result_of(operation)
    if not result:
        return message
    return format_html("{} {}", message, report(operation.document, result))


def after_test(
    model_admin: admin.ModelAdmin, request: AdminRequest, target: Target
) -> HttpResponse | None:
    """Go on to the page of a target that its test left pending: there stands what it found."""
    result = _result_of(request.operation)
    if not result or target.state != State.PENDING or "_addanother" in request.POST:
        return None

    show_result(request, target, result)
    return HttpResponseRedirect(model_admin.change_url(target))


def _result_of(operation: AdminOperation[Target]) -> ProbeResult | None:
    # a form that changed nothing was not prepared
    return getattr(operation.prepared, "result", None)


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


# -- the trust policy ------------------------------------------------------------------------------
CALLER_WITHIN = 3.0
"""Seconds in which AWS has to say who cooper is, or the page goes without the trust policy."""


def trust_policy_context(request: AdminRequest, target: Target) -> dict[str, Any]:
    """Return the ExternalId and the trust policy of a role, as text to paste.

    No trust policy when STS does not say who cooper is: then nobody knows whom to trust.
    """
    if not target.is_role or not target.aws_account:
        return {}
    return _trust_context(request, str(target.role_arn), int(target.max_seconds))


def typed_trust_context(request: AdminRequest, form: forms.BaseForm) -> dict[str, Any]:
    """Return the same for a role that was typed and is not saved yet.

    Nothing but its AWS account where that is new to cooper: its ExternalId is made with it.
    """
    cleaned = getattr(form, "cleaned_data", {})
    role_arn = cleaned.get("role_arn")
    if not role_arn:
        return {}
    return _trust_context(request, role_arn, cleaned.get("max_seconds") or ONE_HOUR)


def _trust_context(request: AdminRequest, role_arn: str, max_seconds: int) -> dict[str, Any]:
    arn = arns.role_arn(role_arn)
    account = AwsAccount.find(arn.account_id)
    if account is None:
        return {"trust_account": arn.account_id, "external_id": ""}

    external_id = str(account.external_id)
    context = {"trust_account": account, "external_id": external_id}
    refusal = request.operation.refusal
    if refusal and refusal.service == "sts":
        # it failed in this very request: asking it again takes as long
        return context
    try:
        with aws.deadline(CALLER_WITHIN):
            cooper_arn = aws.caller_identity().arn
        snippets = trust_policy.snippets(arn, external_id, cooper_arn, max_seconds)
    except (CooperError, ValueError):
        return context
    return {**context, "cooper_arn": cooper_arn, "snippets": snippets}


# -- what the probe found --------------------------------------------------------------------------
def findings_of(target: Target | None) -> dict[str, list[str]]:
    """Return what the last probe of a target found, by what it is about; nothing of a new one."""
    return findings_by_place(getattr(target, "probe", None) or {})


def show_findings(form: forms.BaseForm, target: Target) -> dict[str, Any]:
    """Put each finding beside the field that it is about; return the others, for the page."""
    findings = findings_of(target)
    beside = []
    for place in findings.keys() & form.fields.keys():
        field = form[place]
        notes = format_html_join("", FINDING, [(text,) for text in findings[place]])
        field.help_text = format_html("{}{}", field.help_text, notes)
        beside.append(field)

    return {
        "beside_fields": beside,
        "external_id_findings": findings.get(Place.EXTERNAL_ID, ()),
        "assume_role_findings": findings.get(Place.ASSUME_ROLE, ()),
        "trust_findings": findings.get(Place.TRUST_POLICY, ()),
        "other_findings": findings.get(Place.ELSEWHERE, ()),
    }


def code_lines(current: Catalogue, target: Target) -> list[str]:
    """Say that becoming a target takes a code because another one of its role is sensitive."""
    return [
        f"Becoming it takes a one-time code: {name} is sensitive and has the same role or keys."
        for name in current.sensitive_like(target)
    ]
