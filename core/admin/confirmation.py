"""Operations that are asked about first: what was shown is what is done, or it is shown again."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from core.admin.document_writes import DocumentWritesAdmin
from core.admin.operations import AdminOperation, AdminRequest, OperationKind, fingerprint
from core.error_pages import name_request
from core.errors import CooperError

IMPACT_CHANGED = "What this does has changed since you looked. Check it again: nothing was done."


SEEN_INPUT = "seen"
"""The hidden input with the fingerprint of what the page has shown."""

CONFIRMED_BUTTON = "confirmed"
"""The button that does it; the other one (`look`) only shows what would happen."""


class ConfirmationAdmin(DocumentWritesAdmin):
    """A ModelAdmin whose deletions and actions say what happens before they are done."""

    def consequences(self, request: AdminRequest, obj: Any) -> list[str]:
        """Return what else goes, or who loses what, when the document is deleted."""
        return []

    def get_deleted_objects(self, objs: Any, request: AdminRequest) -> Any:
        """Return what the confirmation shows: each document with its consequences."""
        name = str(self.opts.verbose_name)

        lines: list[Any] = []
        for document in objs:
            lines.append(f"{name[:1].upper()}{name[1:]}: {document}")
            consequences = self.consequences(request, document)
            if consequences:
                lines.append(consequences)

        counts = {str(self.opts.verbose_name_plural): len(list(objs))}
        protected: list[Any] = []
        missing_permissions = {name}
        if self.has_delete_permission(request):
            missing_permissions = set()
        return lines, counts, missing_permissions, protected

    def operation_form(
        self, request: AdminRequest, operation: AdminOperation[Any], *, bound: bool
    ) -> forms.Form:
        """Return the form of an operation's own fields; unbound before anything was asked for."""
        form = forms.Form(request.POST if bound else None)
        form.fields.update(self.extra_form_fields(request, operation))
        return form

    def is_authorized(
        self, request: AdminRequest, operation: AdminOperation[Any], form: forms.Form
    ) -> bool:
        """Authorize by the extra fields of a valid form; show a refusal on the form."""
        operation.given = {}
        for name, value in form.cleaned_data.items():
            # what the form declares is its own business, not the operation's
            if name not in form.base_fields:
                operation.given[name] = value

        try:
            self.authorize_operation(request, operation)
        except CooperError as error:
            name_request(request, error)
            operation.refusal = error

            field = getattr(error, "field", None)
            if field not in form.fields:
                field = None
            form.add_error(field, error.message)
            return False

        return operation.authorized

    def delete_view(self, request: AdminRequest, object_id: str, extra_context: Any = None) -> Any:
        """Ask, then delete; a refusal is shown above the confirmation."""
        is_post = request.method == "POST"
        operation: AdminOperation[Any] = AdminOperation(OperationKind.DELETE)
        request.operation = operation

        shown_fingerprint = ""
        document = self.get_object(request, unquote(object_id))
        if document is not None and self.has_delete_permission(request, document):
            operation.documents = [document]
            lines, _, _, _ = self.get_deleted_objects([document], request)
            shown_fingerprint = fingerprint(lines)
            if is_post and request.POST.get(SEEN_INPUT) != shown_fingerprint:
                return _show_again(request, IMPACT_CHANGED)

        form = self.operation_form(request, operation, bound=is_post)
        if form.is_valid():
            operation.given = form.cleaned_data

        context = {
            **(extra_context or {}),
            "operation_form": form,
            "shown_fingerprint": shown_fingerprint,
        }
        try:
            return super().delete_view(request, object_id, context)
        except CooperError as error:
            if not is_post:
                raise

            name_request(request, error)
            return _show_again(request, error.message)

    def confirm(
        self,
        request: AdminRequest,
        operation: AdminOperation[Any],
        title: str,
        lines: Iterable[str] | Callable[[], Iterable[str]],
        *,
        form: forms.Form | None = None,
        back: str = "",
    ) -> HttpResponse | None:
        """Return the page that asks before an operation, or None once it may be done.

        That is: it was confirmed, nothing has changed since, and it is authorized. `lines` say what
        happens. An operation that has to know more (`form`) asks for that first; `lines` is then
        called with it valid. `back` is where "No" leads; without it, to the list.
        """
        if form is not None and not (form.is_bound and form.is_valid()):
            return self._confirmation_page(request, operation, title, form=form)

        if callable(lines):
            lines = lines()
        shown = list(lines)
        shown_fingerprint = _confirmation_fingerprint(operation, form, shown)

        is_confirmed = CONFIRMED_BUTTON in request.POST
        if is_confirmed and request.POST.get(SEEN_INPUT) != shown_fingerprint:
            messages.error(request, IMPACT_CHANGED)
            is_confirmed = False

        # unbound until then, so that it complains of nothing that was not asked for yet
        operation_form = self.operation_form(request, operation, bound=is_confirmed)
        if operation_form.is_valid() and self.is_authorized(request, operation, operation_form):
            return None

        return self._confirmation_page(
            request,
            operation,
            title,
            form=form,
            operation_form=operation_form,
            lines=shown,
            shown_fingerprint=shown_fingerprint,
            back=back,
        )

    def _confirmation_page(
        self,
        request: AdminRequest,
        operation: AdminOperation[Any],
        title: str,
        *,
        form: forms.Form | None,
        operation_form: forms.Form | None = None,
        **more: Any,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "action": operation.kind,
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "form": form,
            "operation_form": operation_form,
            **more,
        }
        has_errors = any(shown and shown.errors for shown in (form, operation_form))
        status = form_status(operation, has_errors=has_errors)
        return TemplateResponse(request, "admin/confirm.html", context, status=status)


def form_status(operation: AdminOperation[Any], *, has_errors: bool) -> int:
    """Return the status of a form that asks: an outage is no mistake of whoever filled it in."""
    refusal = operation.refusal
    if refusal is not None and refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return refusal.status
    return HTTPStatus.BAD_REQUEST if has_errors else HTTPStatus.OK


def _show_again(request: AdminRequest, message: str) -> HttpResponse:
    """Lead back to the page that asks, with a message above it."""
    messages.error(request, message)
    return HttpResponseRedirect(request.get_full_path())


def _confirmation_fingerprint(
    operation: AdminOperation[Any], form: forms.Form | None, shown: list[str]
) -> str:
    """Return what stands for all that a confirmation is about: documents, answers, and lines."""
    keys = [document.pk for document in operation.documents]
    answers: dict[str, Any] = {}
    if form is not None:
        answers = form.cleaned_data
    return fingerprint([keys, answers, shown])
