"""A person's own device for one-time codes over HTTP.

Setting one up takes three steps:

1. `begin` checks who it is: a fresh proof (the password, or a sign-in of the last minutes), and a
   code of the device that there is, or the enrolment code that the installation asks for. For a
   lost device, `recover` takes a recovery code instead.
2. A new seed waits in this web session (`accounts.pending_device`). `set_up` shows it.
3. The first code that `set_up` takes proves that a device has the seed: the device is stored, and
   the person's other web sessions end.
"""

import time
from collections.abc import Callable
from functools import wraps

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from accounts import (
    device_forms,
    enrolment_codes,
    own_sessions,
    pending_device,
    reauthentication,
    stepup,
    totp,
)
from accounts.device_forms import ClockForm, FirstCodeForm, ProofForm
from accounts.end_reasons import EndReason
from accounts.identity import Identity
from accounts.models import TotpDevice
from accounts.pending_device import PendingDevice
from accounts.providers import SignInRefused, provider_for
from core import audit
from core.audit import Event
from core.dynamo import transaction
from core.error_pages import default_contact
from core.errors import CooperError, Invalid, Refused, Unavailable
from core.http import login_redirect, post_only, safe_next
from core.requests import CooperRequest


def sign_in_required(
    view: Callable[[CooperRequest, Identity], HttpResponse],
) -> Callable[[CooperRequest], HttpResponse]:
    """Give a view the identity; send anonymous visitors to sign in, and on to the device page."""

    @wraps(view)
    def wrapper(request: CooperRequest) -> HttpResponse:
        if request.identity is None:
            return login_redirect(resolve_url("device"))
        return view(request, request.identity)

    return wrapper


# -- the page --------------------------------------------------------------------------------------
@require_safe
@sign_in_required
def device(request: CooperRequest, identity: Identity) -> HttpResponse:
    """Show the person's device and what can be done with it."""
    return _device_page(request, identity)


def _device_page(
    request: CooperRequest, identity: Identity, status: int = 200, **bound_forms: forms.Form
) -> HttpResponse:
    """Render the device page.

    `bound_forms` take the place of the empty form of the same name, with what is wrong with them.
    """
    device = totp.device_of(identity.person)
    next_page = safe_next(request)
    begin_form = device_forms.begin_form(
        identity, has_device=device is not None, next_page=next_page
    )
    back_here = _url_with_next("device", request)

    context = {
        "device": device,
        "begin_form": begin_form,
        "recovery_form": device_forms.recovery_form(identity),
        "clock_form": ClockForm(),
        "removal_form": device_forms.removal_form(),
        "next": next_page,
        "contact": default_contact(request),
        "sign_in_again_url": reauthentication.sign_in_again_url(request, identity, back_here),
        **bound_forms,
    }
    return render(request, "accounts/device.html", context, status=status)


def _refusal(
    request: CooperRequest, identity: Identity, error: CooperError, **bound_forms: ProofForm
) -> HttpResponse:
    """Write a refused proof to the audit log, and show its form with the error on the field."""
    audit.record(Event.ENROLMENT_REFUSED, why=error.detail)

    field_name = getattr(error, "field", "")
    for form in bound_forms.values():
        form.add_error(field_name if field_name in form.fields else None, error.message)
    return _device_page(request, identity, 403, **bound_forms)


def _url_with_next(view_name: str, request: CooperRequest) -> str:
    query = urlencode({"next": safe_next(request)})
    return f"{resolve_url(view_name)}?{query}"


# -- step 1: who is it? ----------------------------------------------------------------------------
@post_only("device")
@sign_in_required
def begin(request: CooperRequest, identity: Identity) -> HttpResponse:
    """Check the proof that a first or another device takes, and go on with a new seed."""
    has_device = totp.device_of(identity.person) is not None
    form = device_forms.begin_form(identity, has_device=has_device, data=request.POST)
    if not form.is_valid():
        return _device_page(request, identity, 400, begin_form=form)

    # Without a device the new one is a first one, whatever later reads find: DynamoDB refuses to
    # put it over another (totp.enrol), should this read have missed one.
    proved_device = None
    try:
        _require_fresh_proof(request, identity, form)
        if has_device:
            proved_device = stepup.verify(identity.person, form.cleaned_data["code"])
        elif settings.COOPER_ENROLMENT == "code":
            enrolment_codes.redeem(identity.person, form.cleaned_data["enrolment_code"])
    except Unavailable:
        # nothing was looked at
        raise
    except CooperError as error:
        return _refusal(request, identity, error, begin_form=form)

    return _start_set_up(request, identity, proved_device)


@post_only("device")
@sign_in_required
def recover(request: CooperRequest, identity: Identity) -> HttpResponse:
    """Take a recovery code in place of a code of the lost device, and go on with a new seed.

    It allows replacing the device and nothing else. The person's other web sessions end.
    """
    form = device_forms.recovery_form(identity, request.POST)
    if not form.is_valid():
        return _device_page(request, identity, 400, recovery_form=form)

    try:
        _require_fresh_proof(request, identity, form)
        lost_device = _use_recovery_code(identity, form.cleaned_data["recovery_code"])
    except Unavailable:
        # nothing was looked at
        raise
    except CooperError as error:
        return _refusal(request, identity, error, recovery_form=form)

    person = own_sessions.person_in_next_epoch(identity.person, EndReason.DEVICE)
    with transaction() as writes:
        writes.save(person)
        writes.create(audit.event(Event.RECOVERY_USED))
    own_sessions.keep_this_one(request, person)

    return _start_set_up(request, identity, lost_device)


def _use_recovery_code(identity: Identity, typed: str) -> TotpDevice:
    """Use a recovery code up and return the device that it is for; raise Invalid."""
    try:
        return totp.use_recovery_code(identity.person, typed, time.time())
    except totp.WrongCode as error:
        raise Invalid(error.message, error.detail, field="recovery_code") from error


def _require_fresh_proof(request: CooperRequest, identity: Identity, form: ProofForm) -> None:
    """Raise Invalid or Refused unless the person proves now who they are.

    So a stolen web session cannot set a device up.
    """
    provider = provider_for(identity.provider)
    if provider is not None and provider.asks_password:
        try:
            provider.reauthenticate(request, identity, form.cleaned_data["password"])
        except SignInRefused as error:
            raise Invalid(error.message, error.detail, field="password") from error
    elif not reauthentication.signed_in_recently(request):
        raise Refused(
            "You signed in too long ago for this. Sign in again, and come back within 5 minutes.",
            "sign-in is not fresh",
        )


def _start_set_up(
    request: CooperRequest, identity: Identity, replaced: TotpDevice | None
) -> HttpResponse:
    pending_device.start(request, identity.person, replaced)
    audit.record(Event.ENROLMENT_BEGUN)
    return HttpResponseRedirect(_url_with_next("device-set-up", request))


# -- steps 2 and 3: the seed is shown, a code proves it --------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@sign_in_required
def set_up(request: CooperRequest, identity: Identity) -> HttpResponse:
    """Show the new seed, and take the code that proves that a device has it."""
    pending = pending_device.find(request)
    if pending is None:
        return HttpResponseRedirect(_url_with_next("device", request))
    seed = totp.decrypt_seed(pending.ciphertext, identity.person)

    if request.method != "POST":
        return _set_up_page(request, identity, seed, FirstCodeForm())

    form = FirstCodeForm(request.POST)
    if form.is_valid():
        code = totp.normalize_code(form.cleaned_data["code"])
        use = totp.read_code(seed, code, time.time(), offset=0) if code else None
        if use is not None:
            return _store_device(request, identity, pending, seed, use.step)
        form.add_error(
            "code",
            "This is not the code that the device shows now. "
            "Check its clock, and try the next one.",
        )
    return _set_up_page(request, identity, seed, form, status=400)


def _set_up_page(
    request: CooperRequest, identity: Identity, seed: bytes, form: FirstCodeForm, status: int = 200
) -> HttpResponse:
    """Render the seed as a QR code and as text."""
    uri = totp.otpauth_uri(seed, identity.person)
    qr_code = segno.make(uri, error="m")
    context = {
        "form": form,
        "secret": totp.base32(seed),
        "uri": uri,
        "account_name": totp.account_name(seed, identity.person),
        "qr_code": qr_code.svg_data_uri(scale=5, border=4, light="#ffffff", dark="#000000"),
        "next": safe_next(request),
    }
    return render(request, "accounts/device_set_up.html", context, status=status)


def _store_device(
    request: CooperRequest, identity: Identity, pending: PendingDevice, seed: bytes, step: int
) -> HttpResponse:
    """Store the device, end the person's other web sessions, and show the recovery codes, once."""
    person = own_sessions.person_in_next_epoch(identity.person, EndReason.DEVICE)
    try:
        with transaction() as writes:
            recovery_codes = totp.enrol(
                writes,
                identity.person,
                pending.ciphertext,
                seed,
                step=step,
                replaces=pending.replaces,
            )
            writes.save(person)
    except totp.DeviceChanged:
        # what was proved in step 1 is true no more
        pending_device.discard(request)
        raise

    pending_device.discard(request)
    own_sessions.keep_this_one(request, person)
    context = {
        "codes": recovery_codes,
        "account_name": totp.account_name(seed, identity.person),
        "has_replaced": bool(pending.replaces),
        "next": safe_next(request),
    }
    return render(request, "accounts/device_codes.html", context)


# -- its clock -------------------------------------------------------------------------------------
@post_only("device")
@sign_in_required
def adjust_clock(request: CooperRequest, identity: Identity) -> HttpResponse:
    """Learn from two codes in a row how far the device's clock is off."""
    form = ClockForm(request.POST)
    if not form.is_valid():
        return _device_page(request, identity, 400, clock_form=form)

    code = form.cleaned_data["code"]
    next_code = form.cleaned_data["next_code"]
    try:
        totp.adjust_clock(identity.person, code, next_code, time.time())
    except totp.WrongCode as error:
        form.add_error("code", error.message)
        return _device_page(request, identity, 403, clock_form=form)

    messages.success(request, "Done: cooper follows the clock of your device.")
    return HttpResponseRedirect(_url_with_next("device", request))


# -- removed ---------------------------------------------------------------------------------------
@post_only("device")
@sign_in_required
def remove(request: CooperRequest, identity: Identity) -> HttpResponse:
    """Remove the person's device; takes one of its codes."""
    form = device_forms.removal_form(request.POST)
    has_device = totp.device_of(identity.person) is not None
    if not has_device or not form.is_valid():
        return _device_page(request, identity, 400, removal_form=form)

    try:
        proved_device = stepup.verify(identity.person, form.cleaned_data["code"])
    except Unavailable:
        # nothing was looked at
        raise
    except CooperError as error:
        return _refusal(request, identity, error, removal_form=form)

    # read again: the code that was used up has changed it
    device = totp.device_with_fingerprint(identity.person, totp.fingerprint(proved_device))
    with transaction() as writes:
        totp.remove_device(writes, device, Event.DEVICE_REMOVED)

    stepup.close_window(request)
    return HttpResponseRedirect(resolve_url("device"))


@post_only("device")
@sign_in_required
def close_window(request: CooperRequest, identity: Identity) -> HttpResponse:
    """End the window in which no further code is asked for."""
    stepup.close_window(request)
    return HttpResponseRedirect(safe_next(request) or resolve_url("device"))
