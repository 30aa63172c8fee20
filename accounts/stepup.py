"""Step-up: a fresh one-time code for the very operation, in the form that does it.

The code travels with the operation's own POST, is looked at after all checks that write nothing (a
typo elsewhere burns none), is used up by one conditional write, and so is good for that session,
person, operation and object.
"""

import time
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import reverse_lazy
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from accounts import totp
from accounts.first_read import first_read_of
from accounts.models import TotpDevice
from core import audit, metrics
from core.audit import Event
from core.errors import CooperError, Invalid, StepUpReason, StepUpRequired

WINDOW = "step_up_until"
"""Where a web session keeps the end of its window."""

FIELD = "code"
"""The name of the form field for a code."""

NO_DEVICE = (
    "This needs a one-time code, and you have no device for it yet. "
    "Set one up under My access, above."
)


# lazy: forms are made before the addresses are
CODE_HELP = lazy(format_html, SafeString)(
    "From your device, for this operation only. Each code works once; the next one comes within "
    '30 seconds. Device lost? <a href="{device}#lost">Use a recovery code</a>. Codes refused? '
    '<a href="{device}#clock">Set its clock right</a>.',
    device=reverse_lazy("device"),
)


class CodeInput(forms.TextInput):
    """An input that never shows a code again."""

    def format_value(self, value: Any) -> None:
        return


def field() -> forms.CharField:
    """Return the form field for a code: six digits, for a phone's keyboard too."""
    attrs = {
        "autocomplete": "one-time-code",
        "inputmode": "numeric",
        "size": 10,
        "spellcheck": "false",
    }
    return forms.CharField(
        label="One-time code",
        required=False,
        max_length=40,
        widget=CodeInput(attrs=attrs),
        help_text=CODE_HELP,
    )


def letters_field(label: str, help_text: str) -> forms.CharField:
    """Return a form field for a code of letters and digits, for a phone's keyboard too."""
    attrs = {
        "autocomplete": "off",
        "autocapitalize": "characters",
        "inputmode": "text",
        "size": 24,
        "spellcheck": "false",
    }
    return forms.CharField(
        label=label,
        required=False,
        max_length=80,
        widget=CodeInput(attrs=attrs),
        help_text=help_text,
    )


# -- the window ------------------------------------------------------------------------------------
# for COOPER_STEP_UP_SECONDS after a code no further one is asked for


def window_left(request: HttpRequest) -> int:
    """Return the seconds that the web session's window is still open; 0 when it is not."""
    if not settings.COOPER_STEP_UP_SECONDS:
        return 0

    seconds = float(request.session.get(WINDOW, 0)) - time.time()
    # the setting may have been lowered since the window was opened
    return max(0, int(min(seconds, settings.COOPER_STEP_UP_SECONDS)))


def open_window(request: HttpRequest) -> None:
    """Ask for no further code in this web session for a while, where the settings allow that."""
    if settings.COOPER_STEP_UP_SECONDS:
        request.session[WINDOW] = time.time() + settings.COOPER_STEP_UP_SECONDS


def close_window(request: HttpRequest) -> None:
    """End the web session's window."""
    request.session.pop(WINDOW, None)


def window_context(request: HttpRequest) -> dict[str, Any]:
    """Return, for every page, the seconds that no code is asked for (a context processor)."""
    # an error page may come before the session middleware has had its turn
    if getattr(request, "session", None) is None:
        return {"step_up_window": 0}
    try:
        return {"step_up_window": window_left(request)}
    except CooperError:
        # the page may be the one that says that DynamoDB, which has the session, does not answer
        return {"step_up_window": 0}


# -- codes -----------------------------------------------------------------------------------------
def person_of(request: HttpRequest) -> str:
    """Return the key of the person who asks."""
    return str(request.user.pk)


def has_device(request: HttpRequest) -> bool:
    """Return whether the person who asks has a device, for showing; read once a request."""
    return first_read_of(request).find(TotpDevice, person_of(request)) is not None


def require(request: HttpRequest, code: str, *, strict: bool = False) -> None:
    """Demand a code of the person's own device, or (unless `strict`) an open window.

    The audit events that follow say by which of the two it was done. Raises StepUpRequired without
    a device or a code, Invalid (on the field) with one that does not count.
    """
    if not strict and window_left(request):
        audit.add_facts(step_up="window")
        return

    try:
        verify(person_of(request), code)
    except StepUpRequired as error:
        audit.record(Event.STEP_UP_REFUSED, why=error.detail)
        raise

    # a strict code is good for its own operation alone
    if not strict:
        open_window(request)


def precheck(request: HttpRequest, code: str, *, strict: bool = False) -> None:
    """Refuse as `require` does what it is sure to refuse now; use no code up.

    That is: no device, no code, or a wait after wrong codes.
    """
    if not strict and window_left(request):
        return

    person = person_of(request)
    try:
        _demand_device_and_code(person, code)
    except StepUpRequired as error:
        audit.record(Event.STEP_UP_REFUSED, why=error.detail)
        raise

    try:
        totp.refuse_during_wait(person, time.time())
    except totp.WrongCode as error:
        raise _invalid_code(error) from error


def verify(person: str, code: str) -> TotpDevice:
    """Use up a code of the person's own device, and return it; raise StepUpRequired or Invalid."""
    _demand_device_and_code(person, code)
    try:
        device = totp.use_code(person, code, time.time())
    except totp.WrongCode as error:
        metrics.count_step_up("refused")
        raise _invalid_code(error) from error

    metrics.count_step_up("done")
    audit.add_facts(step_up="code")
    return device


def _demand_device_and_code(person: str, code: str) -> None:
    if totp.device_of(person) is None:
        raise StepUpRequired(NO_DEVICE, "no device", reason=StepUpReason.NO_DEVICE)
    if not code.strip():
        raise StepUpRequired(
            "This needs a one-time code from your device.",
            "no code",
            reason=StepUpReason.NO_CODE,
        )


def _invalid_code(error: totp.WrongCode) -> Invalid:
    return Invalid(error.message, error.detail, field=FIELD)


def enrol_address(request: HttpRequest) -> str:
    """Return the address of the page that sets a device up and leads back to here."""
    query = urlencode({"next": request.get_full_path()})
    return f"{resolve_url('device')}?{query}"
