"""A person's own device over HTTP: set up, replaced, removed, recovered."""

import base64
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import enrolment_codes, reauthentication, stepup, totp
from accounts.identity import Identity
from accounts.models import Person
from accounts.providers import SignInRefused, provider_for
from core import audit
from core.audit import Event
from core.dynamo import transaction
from core.errors import CooperError, Invalid, Refused
from core.http import login_redirect, safe_next
from core.kms import Ciphertext

PENDING = "enrolment"
"""Where the web session keeps the ciphertext of a seed that no code has proved yet."""

PENDING_FOR = 600
"""Seconds in which a code has to prove it."""


class ProofForm(forms.Form):
    """Who it is, again: password, and the old device's code or a recovery code, as the case needs."""

    password = forms.CharField(
        required=False,
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = stepup.field()
    enrolment_code = forms.CharField(
        label="Enrolment code", required=False, max_length=80, widget=stepup.CodeInput
    )
    next = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, wanted: set[str], **named: Any) -> None:
        """Ask for what is wanted alone."""
        super().__init__(*arguments, **named)
        for name in set(self.fields) - wanted - {"next"}:
            del self.fields[name]


def signed_in(
    view: Callable[[HttpRequest, Identity], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Make a view of people alone: it is given the identity; an anonymous visitor is sent to sign in and back."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        identity: Identity | None = request.identity  # type: ignore[attr-defined]
        return view(request, identity) if identity else login_redirect(resolve_url("device"))

    return guarded


def _here(request: HttpRequest) -> str:
    """Return the address of this page, with the one to go back to."""
    return f"{resolve_url('device')}?{urlencode({'next': safe_next(request)})}"


def _has_password(identity: Identity) -> bool:
    """Return whether the provider can ask for a password on the spot."""
    provider = provider_for(identity.provider)
    return provider is not None and provider.asks_password


def _wanted(identity: Identity, *, has_device: bool) -> set[str]:
    """Return what proof beginning takes."""
    wanted = {"password"} if _has_password(identity) else set()
    if has_device:
        wanted.add("code")
    elif settings.COOPER_ENROLMENT == "code":
        wanted.add("enrolment_code")
    return wanted


def _recovery_form(identity: Identity, data: Any = None) -> ProofForm:
    """Return the form for a recovery code."""
    wanted = {"code", "password"} if _has_password(identity) else {"code"}
    return ProofForm(data, wanted=wanted, auto_id="recover_%s")


def _removal_form(data: Any = None) -> ProofForm:
    """Return the form that removes the device."""
    return ProofForm(data, wanted={"code"}, auto_id="remove_%s")


def _page(
    request: HttpRequest, identity: Identity, status: int = 200, **tried: ProofForm
) -> HttpResponse:
    """Show the person's device, or how to set one up; a form that was refused (`tried`, by name) with its errors."""
    device = totp.device_of(identity.person)
    wanted = _wanted(identity, has_device=device is not None)
    context = {
        "device": device,
        "form": ProofForm(wanted=wanted, initial={"next": safe_next(request)}),
        "recover": _recovery_form(identity),
        "remove": _removal_form(),
        **tried,
        "next": safe_next(request),
        "again": reauthentication.sign_in_again_url(request, identity, _here(request)),
    }
    return render(request, "accounts/device.html", context, status=status)


@require_safe
@signed_in
def device(request: HttpRequest, identity: Identity) -> HttpResponse:
    """Show the person's device and what can be done with it."""
    return _page(request, identity)


@require_POST
@signed_in
def begin(request: HttpRequest, identity: Identity) -> HttpResponse:
    """Take fresh proof, the old device's code where there is one, and begin with a new seed."""
    has_device = totp.device_of(identity.person) is not None
    form = ProofForm(request.POST, wanted=_wanted(identity, has_device=has_device))
    if not form.is_valid():
        return _page(request, identity, 400, form=form)
    try:
        _prove(request, identity, form)
        if has_device:
            stepup.verify(identity.person, form.cleaned_data["code"])
        elif settings.COOPER_ENROLMENT == "code":
            enrolment_codes.redeem(identity.person, form.cleaned_data["enrolment_code"])
    except CooperError as error:
        return _refused(request, identity, error, form=form)
    return _begun(request, identity)


def _prove(request: HttpRequest, identity: Identity, form: ProofForm) -> None:
    """Demand a fresh proof of who it is, so that a stolen web session enrols nothing; raise Invalid or Refused."""
    if _has_password(identity):
        provider = provider_for(identity.provider)
        try:
            provider.reauthenticate(request, identity, form.cleaned_data["password"])  # type: ignore[union-attr]
        except SignInRefused as error:
            raise Invalid(error.message, error.detail, field="password") from error
        return
    if not reauthentication.signed_in_recently(request):
        message = (
            "You signed in too long ago for this. Sign in again, and come back within 5 minutes."
        )
        raise Refused(message, "sign-in is not fresh")


def _refused(
    request: HttpRequest, identity: Identity, error: CooperError, **tried: ProofForm
) -> HttpResponse:
    """Record a refusal and show the form again, with the error on its field."""
    audit.record(Event.ENROLMENT_REFUSED, why=error.detail)
    field = getattr(error, "field", "code" if isinstance(error, totp.WrongCode) else None)
    for form in tried.values():
        form.add_error(field if field in form.fields else None, error.message)
    return _page(request, identity, 403, **tried)


def _begun(request: HttpRequest, identity: Identity) -> HttpResponse:
    """Keep a new seed's ciphertext in this web session until a code proves it."""
    ciphertext = totp.encrypt_seed(totp.new_seed(), identity.person)
    stored = base64.b64encode(ciphertext.blob).decode()
    replaces = totp.fingerprint(totp.device_of(identity.person))
    # the proof was given by whoever typed it: a copy of the web session's cookie is worth nothing from here on
    request.session.cycle_key()
    kept = {"seed": stored, "key_arn": ciphertext.key_arn, "at": time.time(), "replaces": replaces}
    request.session[PENDING] = kept
    audit.record(Event.ENROLMENT_BEGUN)
    return HttpResponseRedirect(
        f"{resolve_url('device-set-up')}?{urlencode({'next': safe_next(request)})}"
    )


def _pending(request: HttpRequest) -> Ciphertext | None:
    """Return the ciphertext of the seed that waits to be proved, or None."""
    found = request.session.get(PENDING)
    if not found or time.time() - found["at"] > PENDING_FOR:
        return None
    return Ciphertext(base64.b64decode(found["seed"]), found["key_arn"])


class CodeForm(forms.Form):
    """The first code of a new device."""

    code = stepup.field()


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def set_up(request: HttpRequest, identity: Identity) -> HttpResponse:
    """Show the new seed as a QR code and as text, and take the code that proves that a device has it."""
    ciphertext = _pending(request)
    if ciphertext is None:
        return HttpResponseRedirect(
            f"{resolve_url('device')}?{urlencode({'next': safe_next(request)})}"
        )
    seed = totp.decrypt_seed(ciphertext, identity.person)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        code = totp.normalize_code(form.cleaned_data["code"])
        step = totp.matching_step(seed, code, totp.now()) if code else None
        if step is not None:
            return _enrolled(request, identity, ciphertext, seed, step)
        form.add_error(
            "code",
            "This is not the code that the device shows now. Check its clock, and try the next one.",
        )
    status = 400 if form.errors else 200
    uri = totp.otpauth_uri(seed, identity.person)
    picture = segno.make(uri, error="m").svg_data_uri(
        scale=5, border=4, light="#ffffff", dark="#000000"
    )
    shown = {
        "form": form,
        "secret": totp.base32(seed),
        "uri": uri,
        "picture": picture,
        "next": safe_next(request),
    }
    return render(request, "accounts/device_set_up.html", shown, status=status)


def _enrolled(
    request: HttpRequest, identity: Identity, ciphertext: Ciphertext, seed: bytes, step: int
) -> HttpResponse:
    """Keep the device, end the person's other web sessions, and show the recovery codes, once."""
    if totp.fingerprint(totp.device_of(identity.person)) != request.session[PENDING]["replaces"]:
        # what was proved when this began was another device's code, or that there was none
        request.session.pop(PENDING)
        raise Refused(
            "Your device was changed meanwhile. Begin again under Device.",
            "device changed meanwhile",
        )
    with transaction() as writes:
        codes = totp.enrol(writes, identity.person, ciphertext, seed, step)
        person = _next_epoch(identity.person)
        writes.save(person)
    request.session.pop(PENDING, None)
    _stay(request, person)
    return render(
        request, "accounts/device_codes.html", {"codes": codes, "next": safe_next(request)}
    )


def _next_epoch(key: str) -> Person:
    """Return the person in a new epoch, in which web sessions of the old one count no more."""
    person = Person.find(key)
    if person is None:
        raise Refused("You were signed out meanwhile. Sign in again.", "person gone")
    person.epoch = int(person.epoch) + 1
    return person


def _stay(request: HttpRequest, person: Person) -> None:
    """Carry this web session alone into the person's new epoch, under a new id."""
    request.user.stored_person.epoch = person.epoch  # type: ignore[union-attr]
    auth.update_session_auth_hash(request, request.user)  # type: ignore[arg-type]


@require_POST
@signed_in
def recover(request: HttpRequest, identity: Identity) -> HttpResponse:
    """Let a recovery code stand for the old device's code: it allows replacing the device, and nothing else."""
    form = _recovery_form(identity, request.POST)
    if not form.is_valid():
        return _page(request, identity, 400, recover=form)
    try:
        _prove(request, identity, form)
        totp.use_recovery_code(identity.person, form.cleaned_data["code"], totp.now())
    except CooperError as error:
        return _refused(request, identity, error, recover=form)
    person = _next_epoch(identity.person)
    with transaction() as writes:
        writes.save(person)
        writes.create(audit.event(Event.RECOVERY_USED))
    _stay(request, person)
    return _begun(request, identity)


@require_POST
@signed_in
def remove(request: HttpRequest, identity: Identity) -> HttpResponse:
    """Remove the person's device; takes its code."""
    form = _removal_form(request.POST)
    found = totp.device_of(identity.person)
    if found is None or not form.is_valid():
        return _page(request, identity, 400, remove=form)
    try:
        stepup.verify(identity.person, form.cleaned_data["code"])
    except CooperError as error:
        return _refused(request, identity, error, remove=form)
    found = totp.device_of(identity.person)
    with transaction() as writes:
        if found is not None:
            totp.remove_device(writes, found, Event.DEVICE_REMOVED)
    stepup.close_window(request)
    return HttpResponseRedirect(resolve_url("device"))


@require_POST
@signed_in
def close_window(request: HttpRequest, identity: Identity) -> HttpResponse:
    """End the window in which no further code is asked for."""
    stepup.close_window(request)
    return HttpResponseRedirect(safe_next(request) or resolve_url("device"))
