"""Step-up: a fresh one-time code for the very operation, in the form that does it.

The code travels with the operation's own POST, is looked at last (a typo elsewhere burns none), is used up by one
conditional write, and so is good for that session, person, operation and object alone.
"""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import urlencode

from accounts import totp
from core import audit
from core.audit import Event
from core.dynamo import Document
from core.errors import Invalid, StepUpRequired

WINDOW = "step_up_until"
"""Where a web session keeps the end of its window."""

FIELD = "code"


class CodeInput(forms.TextInput):
    """An input that never shows a code again."""

    def format_value(self, value: Any) -> None:
        """Return nothing."""
        return


def field() -> forms.CharField:
    """Return the form field for a code."""
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
        help_text="From your device, for this operation alone. A code counts once; the next comes within 30 s.",
    )


def person_of(request: HttpRequest) -> str:
    """Return the key of the person who asks."""
    return str(request.user.pk)


def window_left(request: HttpRequest) -> int:
    """Return the seconds that the web session's window is still open (COOPER_STEP_UP_SECONDS); 0 when it is not."""
    if not settings.COOPER_STEP_UP_SECONDS:
        return 0
    left = float(request.session.get(WINDOW, 0)) - totp.now()
    return max(0, int(min(left, settings.COOPER_STEP_UP_SECONDS)))


def close_window(request: HttpRequest) -> None:
    """End the web session's window."""
    request.session.pop(WINDOW, None)


def require(request: HttpRequest, code: str, *, strict: bool = False) -> None:
    """Demand a code of the person's own device, or (unless `strict`) an open window; mark what is recorded next.

    Raise StepUpRequired without a device or a code, Invalid (on the field) with one that does not count.
    """
    if not strict and window_left(request):
        audit.mark(step_up="window")
        return
    try:
        verify(person_of(request), code)
    except StepUpRequired as error:
        audit.record(Event.STEP_UP_REFUSED, why=error.detail)
        raise
    if settings.COOPER_STEP_UP_SECONDS and not strict:
        request.session[WINDOW] = totp.now() + settings.COOPER_STEP_UP_SECONDS


def verify(person: str, code: str) -> None:
    """Use up a code of the person's own device for what comes next; raise StepUpRequired or Invalid."""
    if totp.device_of(person) is None:
        message = "This takes a one-time code, and you have no device for it yet. Set it up under Device, above."
        raise StepUpRequired(message, "no device", code="enrol")
    if not code.strip():
        raise StepUpRequired(
            "This takes a one-time code of your device.", "no code", code="missing"
        )
    try:
        totp.use_code(person, code, totp.now())
    except totp.WrongCode as error:
        raise Invalid(error.message, error.detail, field=FIELD) from error
    audit.mark(step_up="code")


def enrol_address(request: HttpRequest) -> str:
    """Return the address of the page that sets a device up and leads back to here."""
    return f"{resolve_url('device')}?{urlencode({'next': request.get_full_path()})}"


def shown(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the seconds that no code is asked for, for the note that every page then has."""
    known = getattr(request, "session", None) is not None and settings.COOPER_STEP_UP_SECONDS
    return {"step_up_window": window_left(request) if known else 0}


class StepUpMixin:
    """A ModelAdmin whose deeds take a code: those in `step_up`; `step_up_strict` ones never by an open window."""

    step_up: ClassVar[tuple[str, ...]] = ("add", "change", "delete")
    step_up_strict: ClassVar[bool] = False

    def is_strict(self, request: HttpRequest, obj: Document | None) -> bool:
        """Return whether the deed takes a code of its own even while a window is open."""
        return self.step_up_strict

    def _strict(self, request: HttpRequest, obj: Document | None) -> bool:
        """Return whether the deed is strict for its document, or for any of those that an action has chosen."""
        chosen: list[Any] = (
            [obj] if obj is not None else getattr(request, "deed_objects", None) or [None]
        )
        return any(self.is_strict(request, each) for each in chosen)

    def extra_form_fields(
        self, request: HttpRequest, obj: Document | None, deed: str
    ) -> dict[str, forms.Field]:
        """Ask for a code where the deed takes one."""
        # asked for before: what was typed may have made the deed strict
        asked = FIELD in request.POST or isinstance(
            getattr(request, "deed_refused", None), (StepUpRequired, Invalid)
        )
        asks = deed in self.step_up and (
            asked or self._strict(request, obj) or not window_left(request)
        )
        return {FIELD: field()} if asks else {}

    def precheck_operation(
        self, request: HttpRequest, deed: str, obj: Document | None, given: dict[str, Any]
    ) -> None:
        """Refuse whoever has no device, gave no code, or has to wait after wrong ones, unless a window counts."""
        code, device = str(given.get(FIELD) or "").strip(), totp.device_of(person_of(request))
        waits = device is not None and float(device.wait_until or 0) > totp.now()
        if deed in self.step_up and (not code or device is None or waits):
            require(request, code, strict=self._strict(request, obj))

    def authorize_operation(
        self, request: HttpRequest, deed: str, obj: Document | None, given: dict[str, Any]
    ) -> None:
        """Demand the code."""
        if deed in self.step_up:
            require(request, str(given.get(FIELD) or ""), strict=self._strict(request, obj))
            request.deed_allowed = deed  # type: ignore[attr-defined]

    def demand_allowed(self, request: HttpRequest) -> None:
        """Raise StepUpRequired unless `before_deed` has let a deed of this request pass: the deeds' own safety net."""
        if not getattr(request, "deed_allowed", ""):
            raise StepUpRequired(
                "This takes a one-time code of your device.",
                "no code was asked for",
                code="missing",
            )

    def each_of(self, request: HttpRequest, queryset: Any, deed: Any, done: str) -> None:
        """Do a deed to each chosen document; raise StepUpRequired when nobody asked `before_deed`."""
        self.demand_allowed(request)
        super().each_of(request, queryset, deed, done)  # type: ignore[misc]

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, *arguments: Any, **named: Any
    ) -> Any:
        """Take an administrator without a device to set one up, and back."""
        deed = "add" if object_id is None else "change"
        enrolment = self._to_enrol(request, deed)
        if enrolment:
            return enrolment
        return super().changeform_view(request, object_id, *arguments, **named)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Take an administrator without a device to set one up, and back."""
        enrolment = self._to_enrol(request, "delete")
        if enrolment:
            return enrolment
        return super().delete_view(request, object_id, extra_context)  # type: ignore[misc]

    def confirm(
        self, request: HttpRequest, title: str, lines: Any, *, action: str, **named: Any
    ) -> Any:
        """Take an administrator without a device to set one up, and back to the list."""
        if action in self.step_up and totp.device_of(person_of(request)) is None:
            return self._enrol(request)
        return super().confirm(request, title, lines, action=action, **named)  # type: ignore[misc]

    def _to_enrol(self, request: HttpRequest, deed: str) -> HttpResponse | None:
        """Return the way to enrolment for somebody who opens a page that takes a code without having a device."""
        may: Any = getattr(self, f"has_{deed}_permission", None)
        if request.method != "GET" or deed not in self.step_up or not may(request):
            return None
        if not request.user.is_staff or totp.device_of(person_of(request)) is not None:
            return None
        return self._enrol(request)

    def _enrol(self, request: HttpRequest) -> HttpResponse:
        """Return the way to enrolment, and back to here."""
        messages.info(
            request, "This area takes a one-time code for each change. Set up your device first."
        )
        return HttpResponseRedirect(enrol_address(request))
