"""Step-up in the admin: operations that take a one-time code, each in the form that does it."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect

from accounts import stepup
from core.admin import AdminOperation, AdminRequest, OperationKind
from core.admin.operations import NotSavedYet, form_kind
from core.errors import Invalid, StepUpRequired


class StepUpMixin:
    """A ModelAdmin whose operations take a code: those whose kind is in `step_up`."""

    step_up: ClassVar[tuple[str, ...]] = (
        OperationKind.ADD,
        OperationKind.CHANGE,
        OperationKind.DELETE,
    )
    step_up_strict: ClassVar[bool] = False
    """Whether each takes a code of its own, even while a window is open."""

    # -- for subclasses
    def is_strict(self, request: AdminRequest, obj: Any) -> bool:
        """Return whether an operation on `obj` (None: a new one) takes a code even in a window."""
        return self.step_up_strict

    def requires_code(self, request: AdminRequest, operation: AdminOperation[Any]) -> bool:
        """Return whether the operation, as it was typed, is refused without a code."""
        return operation.kind in self.step_up

    # -- hooks of the ModelAdmin
    def extra_form_fields(
        self, request: AdminRequest, operation: AdminOperation[Any]
    ) -> dict[str, forms.Field]:
        """Ask for a code where the operation takes one."""
        if operation.kind not in self.step_up:
            return {}

        # asked for before: what was typed may have made the operation strict
        was_asked = stepup.FIELD in request.POST
        was_refused = isinstance(operation.refusal, (StepUpRequired, Invalid))
        if isinstance(operation.refusal, NotSavedYet):
            # a preview refuses nothing: while a window is open it needs no code either
            was_refused = False
        is_strict = self._is_strict_operation(request, operation)

        if was_asked or was_refused or is_strict or not stepup.window_left(request):
            return {stepup.FIELD: stepup.field()}
        return {}

    def precheck_operation(self, request: AdminRequest, operation: AdminOperation[Any]) -> None:
        """Refuse whoever has no device, gave no code, or has to wait, unless a window counts.

        So a sure refusal costs no calls to AWS. A code that was given is not used up here.
        """
        if not self.requires_code(request, operation):
            return

        code = str(operation.given.get(stepup.FIELD) or "")
        strict = self._is_strict_operation(request, operation)
        stepup.precheck(request, code, strict=strict)

    def authorize_operation(self, request: AdminRequest, operation: AdminOperation[Any]) -> None:
        """Demand the code, and use it up."""
        if self.requires_code(request, operation):
            code = str(operation.given.get(stepup.FIELD) or "")
            strict = self._is_strict_operation(request, operation)
            stepup.require(request, code, strict=strict)

        super().authorize_operation(request, operation)  # type: ignore[misc]

    def _is_strict_operation(self, request: AdminRequest, operation: AdminOperation[Any]) -> bool:
        """Return whether the operation is strict for any of its documents."""
        documents = list(operation.documents) or [None]
        return any(self.is_strict(request, document) for document in documents)

    # -- who has no device yet is led to where one is set up, before typing anything
    def changeform_view(
        self, request: AdminRequest, object_id: Any = None, *arguments: Any, **named: Any
    ) -> Any:
        redirect = self.redirect_to_enrolment(request, form_kind(object_id))
        if redirect is not None:
            return redirect

        base: Any = super()
        return base.changeform_view(request, object_id, *arguments, **named)

    def delete_view(self, request: AdminRequest, object_id: str, extra_context: Any = None) -> Any:
        redirect = self.redirect_to_enrolment(request, OperationKind.DELETE)
        if redirect is not None:
            return redirect
        return super().delete_view(request, object_id, extra_context)  # type: ignore[misc]

    def confirm(
        self,
        request: AdminRequest,
        operation: AdminOperation[Any],
        title: str,
        lines: Any,
        **named: Any,
    ) -> HttpResponse | None:
        if operation.kind in self.step_up and not stepup.has_device(request):
            return _enrolment_redirect(request)

        page: HttpResponse | None = super().confirm(  # type: ignore[misc]
            request, operation, title, lines, **named
        )
        return page

    def redirect_to_enrolment(self, request: AdminRequest, kind: str) -> HttpResponse | None:
        """Return the way to enrolment for somebody without a device, if the page takes a code."""
        has_permission: Any = getattr(self, f"has_{kind}_permission", None)
        if request.method != "GET" or kind not in self.step_up or not has_permission(request):
            return None
        # whoever may not come in at all is refused by the page itself
        if not request.user.is_staff or stepup.has_device(request):
            return None
        return _enrolment_redirect(request)


def _enrolment_redirect(request: AdminRequest) -> HttpResponse:
    messages.info(request, "Each change here needs a one-time code. Set up your device first.")
    return HttpResponseRedirect(stepup.enrol_address(request))
