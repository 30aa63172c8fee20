"""Forms of the admin that were sent after their web session had ended, and are shown once more."""

import re
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpResponse

from core.admin.confirmation import ConfirmationAdmin
from core.admin.document_writes import DocumentWritesAdmin
from core.admin.forms import DocumentForm
from core.admin.operations import AdminOperation, AdminRequest, FormBroughtBack, form_kind

ACTION_FIELDS = frozenset({"action", "select_across", "told", ACTION_CHECKBOX_NAME})
"""What an action's pages send beside the fields of its form: which action, on which documents."""

ROW_FIELDS = frozenset({"DELETE", "TOTAL_FORMS", "INITIAL_FORMS"})
"""What the rows under a document send beside their fields."""


class BroughtBackAdmin(ConfirmationAdmin):
    """A ModelAdmin that shows such forms as they were typed, and does nothing else with them.

    The request is then read as the POST that it was, but without any button and any secret. A form
    is refused before it is saved (`FormBroughtBack`); an action ends at the page that asks.
    """

    action_forms: ClassVar[tuple[type[forms.Form], ...]] = ()
    """The forms that actions and other pages ask for first."""

    def form_classes(self) -> tuple[type[DocumentForm], ...]:
        """Return the form classes of all documents; override it where documents differ."""
        return (self.form,)

    # -- keeping
    def may_keep(self, name: str) -> bool:
        """Return whether a field may outlive the web session in which it was typed.

        Those may that a form declares and does not call secret. One-time codes are declared by no
        form: an operation brings them.
        """
        if name in ACTION_FIELDS or name == "version":
            return True
        for form_class in self.form_classes():
            if name in form_class.base_fields and name not in form_class.secret_fields:
                return True
        if any(name in form_class.base_fields for form_class in self.action_forms):
            return True
        return self._is_row_field(name)

    def _is_row_field(self, name: str) -> bool:
        for inline in self.inlines:
            prefix = f"{inline.model.__name__.lower()}s-"
            row_field = re.fullmatch(rf"{prefix}(?:[0-9]+-)?(\w+)", name)
            if row_field and row_field[1] in ROW_FIELDS.union(inline.form.base_fields):
                return True
        return False

    # -- bringing back
    def changeform_view(
        self,
        request: AdminRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Show the form as it was typed, if it was sent too late; else show or save it."""
        if not self.read_as_typed(request):
            return super().changeform_view(request, object_id, form_url, extra_context)

        request.operation = AdminOperation(form_kind(object_id), refusal=FormBroughtBack())
        # past what saves: a form with a refusal is never valid
        return super(DocumentWritesAdmin, self).changeform_view(
            request, object_id, form_url, extra_context
        )

    def changelist_view(self, request: AdminRequest, extra_context: Any = None) -> HttpResponse:
        """Show the page of an action that was asked for too late, or else the list."""
        self.read_as_typed(request)
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def authorize_operation(self, request: AdminRequest, operation: AdminOperation[Any]) -> None:
        """Authorize nothing while a form is merely shown."""
        if request.is_brought_back:
            raise FormBroughtBack
        super().authorize_operation(request, operation)

    def typed_before(self, request: AdminRequest) -> dict[str, Any]:
        """Return what was sent too late to this page, by field; forget it once it is sent again."""
        page = request.get_full_path()
        if request.method == "POST":
            request.kept_forms.forget(page)
            return {}

        typed = request.kept_forms.form_of(page)
        request.is_brought_back = bool(typed)
        return dict(typed.items())

    def read_as_typed(self, request: AdminRequest) -> bool:
        """Turn a GET of a page whose form was sent too late into what was typed then."""
        # Django reads files and fields together, and would read none of either once it is a POST
        has_files = bool(request.FILES)
        if has_files or not self.typed_before(request):
            return False

        request.POST = request.kept_forms.form_of(request.get_full_path())  # type: ignore[assignment]
        request.method = "POST"
        return True
