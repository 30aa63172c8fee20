"""The page on which a person permits a command line of theirs to become a target once."""

import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts import command_lines, stepup
from accounts.command_lines import CommandLine
from brokers import permits
from brokers.becoming import card_for, sign_in_first
from brokers.cards import Card
from brokers.forms import demanded_reason_field
from brokers.grants.reasons import demanded_reason
from brokers.permits import Permit, PermitState
from brokers.request_catalogue import catalogue_of
from core.errors import Invalid, Refused, StepUpRequired
from core.requests import CooperRequest
from sso_portal import offers

NOT_YOURS = "This link is for somebody else, or there is none such. Sign in as whoever ran it."
OVER = "This link is over. Run the command again: it prints a new one."


class LinkOver(Refused):
    """The link's time is over, or its command line or target is."""

    status = HTTPStatus.GONE

    def __init__(self, detail: str) -> None:
        super().__init__(OVER, detail)


class PermitForm(forms.Form):
    """Why, and the code."""

    reason = forms.CharField(
        label="Reason", max_length=500, required=False, help_text="Optional; kept in the audit log."
    )

    def __init__(self, *arguments: Any, card: Card, has_device: bool, **named: Any) -> None:
        """Ask for a reason, and for a code where the target takes one and there is a device."""
        super().__init__(*arguments, **named)
        self.label_suffix = ""
        if card.target.reason_pattern:
            self.fields["reason"] = demanded_reason_field(str(card.target.reason_example or ""))
        self.fields["reason"].widget.attrs["autocomplete"] = "off"
        if card.takes_code and has_device:
            self.fields[stepup.FIELD] = stepup.field()


@require_http_methods(["GET", "HEAD", "POST"])
def permit(request: CooperRequest, permit_id: str) -> HttpResponse:
    """Show what a command line asks for; by POST, permit it once. Opening it grants nothing."""
    if request.identity is None:
        if request.method == "POST":
            request.kept_forms.keep(request.path, PermitForm.base_fields.__contains__)
        return sign_in_first(request, request.path)

    own_permit = _own(request, permit_id)
    if own_permit.state != PermitState.ASKED:
        return _shown(request, own_permit)

    command_line = _active_command_line(own_permit)
    card = card_for(request, request.identity, str(own_permit.target))
    if not offers.is_open(card.target, catalogue_of(request), command_line):
        raise LinkOver("closed to command lines meanwhile")
    if request.method == "POST":
        return _decided(request, own_permit, command_line, card)

    typed = request.kept_forms.form_of(request.path)
    request.is_brought_back = bool(typed)
    form = PermitForm(initial=typed.dict(), card=card, has_device=stepup.has_device(request))
    return _question(request, own_permit, command_line, card, form)


def _own(request: CooperRequest, permit_id: str) -> Permit:
    """Return what the link names; raise Refused for anybody else, and LinkOver."""
    own_permit = permits.permit_of_link(permit_id)
    if not own_permit or own_permit.person != request.identity.person:
        raise Refused(NOT_YOURS, "link of somebody else, or unknown")
    is_late = own_permit.state != PermitState.SPENT and time.time() >= float(own_permit.ends_at)
    if is_late or not own_permit.is_of_link(permit_id):
        raise LinkOver("too late, or asked anew")
    return own_permit


def _active_command_line(own_permit: Permit) -> CommandLine:
    active = command_lines.find_active(str(own_permit.command_line), time.time())
    if not active:
        raise LinkOver("its command line is over")
    return active.command_line


def _shown(request: CooperRequest, own_permit: Permit) -> HttpResponse:
    """Say that it was permitted, or used."""
    context = {
        "permit": own_permit,
        "is_given": own_permit.state == PermitState.GIVEN,
        "ends_at": datetime.fromtimestamp(float(own_permit.ends_at), UTC),
    }
    return render(request, "sso_portal/permitted.html", context)


def _question(
    request: CooperRequest,
    own_permit: Permit,
    command_line: CommandLine,
    card: Card,
    form: PermitForm,
    status: int = 200,
) -> HttpResponse:
    context = {
        "permit": own_permit,
        "command_line": command_line,
        "card": card,
        "target": card.target,
        "form": form,
        "address": request.client_address,
        "needs_device": card.takes_code and stepup.FIELD not in form.fields,
        "ends_at": datetime.fromtimestamp(float(own_permit.ends_at), UTC),
    }
    return render(request, "sso_portal/permit.html", context, status=status)


def _decided(
    request: CooperRequest, own_permit: Permit, command_line: CommandLine, card: Card
) -> HttpResponse:
    request.kept_forms.forget(request.path)
    form = PermitForm(request.POST, card=card, has_device=stepup.has_device(request))
    if not form.is_valid():
        return _question(request, own_permit, command_line, card, form, 400)

    try:
        _give(request, own_permit, card, form)
    except (Invalid, StepUpRequired) as error:
        field = error.field if error.field in form.fields else None
        form.add_error(field, error.message)
        return _question(request, own_permit, command_line, card, form, error.status)
    return HttpResponseRedirect(request.path)


def _give(request: CooperRequest, own_permit: Permit, card: Card, form: PermitForm) -> None:
    """Look at the reason, then at the code, and give the permit."""
    reason = form.cleaned_data["reason"].strip()
    demanded_reason(card.target, reason)
    if card.takes_code:
        # strict: no open window stands for it, and it opens none
        stepup.require(request, form.cleaned_data.get(stepup.FIELD, ""), strict=True)

    permits.give(
        own_permit,
        reason,
        code_given=card.takes_code,
        browser_address=request.client_address,
    )
