"""Becoming a target over HTTP: from the form to the grant, or to the page that says why not.

The views of the console and of credentials begin here and end with an answer of their own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render, resolve_url

from accounts import stepup
from accounts.identity import Identity
from accounts.preferences import preferences_of
from accounts.sessions import hash_session_key
from brokers.cards import Card, card_of
from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.contacts import contact_for
from brokers.errors import TargetNotAccessible
from brokers.forms import DEFAULT_SECONDS, BecomeForm
from brokers.grants import (
    Delivery,
    GrantRequest,
    IssuedGrant,
    grant,
    longest_seconds,
    require_entitlement,
)
from brokers.last_choices import remember, with_last_choices
from brokers.open_consoles import open_console_of
from brokers.portal_links import portal_links
from brokers.request_catalogue import catalogue_of
from brokers.request_keys import attempts_of
from brokers.signin_endpoint import form_action_hosts
from brokers.stops import stops_now
from core.error_pages import error_response, facts_of_refusal
from core.errors import CooperError, Invalid, StepUpReason, StepUpRequired
from core.http import login_redirect, wants_json
from core.requests import CooperRequest

TYPED_BEFORE_SET_UP = "typed_before_set_up"
"""Where a web session keeps how somebody wants to become a target, until they have a device."""


def sign_in_first(request: CooperRequest, next_page: str) -> HttpResponse:
    """Send an anonymous visitor to sign in, and then to `next_page`; a tool gets 401."""
    if wants_json(request):
        return error_response(request, 401, "Sign in first.")
    return login_redirect(next_page)


def allow_sign_in_hosts(request: CooperRequest, partitions: set[str]) -> None:
    """Let this page's forms end, by redirect, at the sign-in hosts of these partitions."""
    request.form_action = form_action_hosts(partitions)


# -- the target's page -----------------------------------------------------------------------------
def card_for(request: CooperRequest, identity: Identity, name: str) -> Card:
    """Return the person's card of a target.

    Raise TargetNotAccessible, recorded or counted as a grant's is.
    """
    decision = require_entitlement(identity, name, datetime.now(UTC), catalogue_of(request))
    return card_of(decision.entitlement, decision.catalogue, stops_now(request))


def target_page(
    request: CooperRequest,
    card: Card,
    form: BecomeForm,
    status: int = 200,
    *,
    needs_device: bool = False,
) -> HttpResponse:
    """Show the target, and the form to become it.

    The console opens in a new tab if the person likes it so; what is corrected in one stays in it.
    """
    allow_sign_in_hosts(request, {str(card.target.partition)})
    context = {
        "card": card,
        "target": card.target,
        "form": form,
        "needs_device": needs_device,
        "contact": contact_for(request, card.target),
        "command_lines": _command_lines(card.target, catalogue_of(request)),
        "opens_new_tab": _opens_new_tab(request),
        "portal_links": portal_links(str(card.target.name)),
        "is_starred": f"target:{card.target.name}" in preferences_of(request).starred,
        "open_console": open_console_of(
            request.identity.person,
            str(card.target.partition),
            catalogue_of(request),
            datetime.now(UTC),
        ),
    }
    return render(request, "brokers/target.html", context, status=status)


def _command_lines(target: CatalogueTarget, catalogue_now: Catalogue) -> str:
    """Return how command lines become the target, where it is not as they become all others."""
    if not catalogue_now.takes_permit(target):
        return ""
    if catalogue_now.is_open_with_permit(target):
        return "With a permit each time"
    return "Closed"


def _opens_new_tab(request: CooperRequest) -> bool:
    is_first_page = request.method != "POST" and not request.is_brought_back
    return is_first_page and preferences_of(request).new_tab


# -- becoming --------------------------------------------------------------------------------------
def become(request: CooperRequest, name: str, delivery: Delivery) -> IssuedGrant | HttpResponse:
    """Read the form and grant what it asks for; return the grant, or the page that says why not."""
    identity: Identity | None = request.identity
    page = resolve_url("target", name=name)
    if identity is None:
        request.kept_forms.keep(page, BecomeForm.base_fields.__contains__)
        return sign_in_first(request, page)

    request.kept_forms.forget(page)
    catalogue_now = catalogue_of(request)
    form = _bound_form(request, name, delivery, catalogue_now)
    if not form.is_valid():
        return _form_again(request, identity, name, form)

    try:
        grant_request = _grant_request(request, name, delivery, form)
        with _owner_named(request, catalogue_now.targets.get(name)):
            issued = grant(identity, grant_request, datetime.now(UTC), catalogue_now)
    except (Invalid, StepUpRequired) as error:
        if _has_no_device(error) and not wants_json(request):
            return _enrol_first(request, name, form)
        field = error.field if error.field in form.fields else None
        form.add_error(field, error.message)
        return _form_again(request, identity, name, form, error.status)

    remember(request, name, form)
    request.session.pop(TYPED_BEFORE_SET_UP, None)
    return issued


@contextmanager
def _owner_named(request: CooperRequest, target: CatalogueTarget | None) -> Iterator[None]:
    """Let what is refused of a person's own target say whom to ask about it.

    What is not theirs, or is not there, is all alike.
    """
    try:
        yield
    except TargetNotAccessible:
        raise
    except CooperError as error:
        if target:
            error.contact = contact_for(request, target)
            error.lacks_owner = not target.owner
        raise


def _has_no_device(error: CooperError) -> bool:
    return isinstance(error, StepUpRequired) and error.reason == StepUpReason.NO_DEVICE


def _bound_form(
    request: CooperRequest, name: str, delivery: Delivery, catalogue_now: Catalogue
) -> BecomeForm:
    target = catalogue_now.targets.get(name)
    if target is None:
        # the grant refuses it, as it does a target that is not for this person
        return BecomeForm(request.POST, longest=DEFAULT_SECONDS)

    sent: QueryDict = request.POST
    if delivery == Delivery.CONSOLE and not wants_json(request):
        sent = with_last_choices(request, target)
    return BecomeForm(
        sent,
        target=target,
        longest=longest_seconds(target),
        sensitive=catalogue_now.takes_code(target),
    )


def _grant_request(
    request: CooperRequest, name: str, delivery: Delivery, form: BecomeForm
) -> GrantRequest:
    return GrantRequest(
        target=name,
        seconds=form.cleaned_data["duration"],
        delivery=delivery,
        destination=form.landing,
        region=form.cleaned_data["region"],
        reason=form.cleaned_data["reason"].strip(),
        issuer=request.build_absolute_uri("/"),
        code=form.cleaned_data.get(stepup.FIELD, ""),
        web_session=hash_session_key(str(request.session.session_key)),
        attempts=attempts_of(request, request.identity.person),
    )


def _enrol_first(request: CooperRequest, name: str, form: BecomeForm) -> HttpResponse:
    """Take a person without a device to set one up, and back to the target and what they typed."""
    typed = {field: form.cleaned_data[field] for field in BecomeForm.base_fields}
    request.session[TYPED_BEFORE_SET_UP] = {"target": name, "fields": typed}

    messages.info(
        request,
        "This target is sensitive: becoming it takes a one-time code. Set up your device first.",
    )
    query = urlencode({"next": resolve_url("target", name=name)})
    return HttpResponseRedirect(f"{resolve_url('device')}?{query}")


def typed_before_set_up(request: CooperRequest, name: str) -> dict[str, Any]:
    """Return what was typed for this target before its person was led to set a device up."""
    kept = request.session.get(TYPED_BEFORE_SET_UP, {})
    if kept.get("target") != name:
        return {}
    return dict(kept["fields"])


def _form_again(
    request: CooperRequest, identity: Identity, name: str, form: BecomeForm, status: int = 400
) -> HttpResponse:
    """Show the form with its errors and what was typed.

    Raise TargetNotAccessible to whom it is not for.
    """
    card = card_for(request, identity, name)
    if wants_json(request):
        content = {
            "error": "Some fields are not valid.",
            "fields": form.errors,
            **facts_of_refusal(request, contact_for(request, card.target)),
        }
        return JsonResponse(content, status=status)
    return target_page(request, card, form, status)


def without_cache(response: HttpResponse) -> HttpResponse:
    """Keep a response with secrets out of every cache; referrers go to no other site anyway."""
    response["Cache-Control"] = "no-store"
    return response
