"""`ModelAdmin` for documents: Django's own, with reading and writing by DynamoDB."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from core import audit, aws
from core.admin import history
from core.admin.brought_back import is_kept_field, is_row_field, read_as_typed
from core.admin.confirmation import ConfirmationAdmin
from core.admin.document_writes import DocumentWritesAdmin
from core.admin.forms import DocumentForm
from core.admin.operations import (
    AdminOperation,
    AdminRequest,
    FormBroughtBack,
    OperationKind,
    form_kind,
)
from core.audit import AuditEvent, Event
from core.dynamo import Document, Transaction
from core.error_pages import name_request
from core.errors import Conflict, CooperError

ApplyOperation = Callable[[AdminRequest, AdminOperation[Any]], None]
"""Does an authorized operation to its one document."""


class ModelAdmin(ConfirmationAdmin):
    """Manages documents of one class, with Django's hooks and these, in the order of their use.

    A form that is saved (more in `DocumentWritesAdmin`):

        extra_form_fields          such as a one-time code
        save_document
            preview_impact         who gains and who loses what, to be confirmed
            precheck_operation     refuses what is sure to be refused
            prepare                asks AWS, encrypts; writes nothing
            authorize_operation    uses the code up
            around_writing         begins before it is written, ends when it is
            commit(build)          opens the transaction, perhaps several times
                build
                    write          the document and its rows
                        audit_events
                            audit_facts

    A deletion: `consequences`, `extra_form_fields`, `authorize_operation`, `around_writing`,
    `remove`, which calls `commit` with the deletion and its event.
    """

    actions: Any = ("delete_chosen",)

    menu_rank: ClassVar[int] = 10
    """The place of its list in the navigation of the administration; the lowest is first."""

    action_forms: ClassVar[tuple[type[forms.Form], ...]] = ()
    """The forms that actions and other pages of its own ask for first."""

    def response_action(self, request: AdminRequest, queryset: Any) -> HttpResponse | None:
        """Do a bulk action, which may take longer than other requests."""
        aws.extend_deadline()
        response: HttpResponse | None = super().response_action(request, queryset)
        return response

    def get_action_choices(self, request: Any, default_choices: Any = ()) -> Any:
        """Return the actions to choose from; the first of the list says that one is to be."""
        return super().get_action_choices(request, [("", "Choose an action")])

    def form_classes(self) -> tuple[type[DocumentForm], ...]:
        """Return the form classes of all documents; override it where documents differ."""
        return (self.form,)

    # -- forms that were sent after their web session had ended
    def may_keep(self, name: str) -> bool:
        """Return whether a field may outlive the web session in which it was typed.

        Those may that a form declares and does not call secret. One-time codes are declared by no
        form: an operation brings them.
        """
        form_classes = (*self.form_classes(), *self.action_forms)
        return is_kept_field(name, form_classes) or is_row_field(name, self.inlines)

    def changeform_view(
        self,
        request: AdminRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Show the form as it was typed, if it was sent too late; else show or save it."""
        if not read_as_typed(request):
            return super().changeform_view(request, object_id, form_url, extra_context)

        request.operation = AdminOperation(form_kind(object_id), refusal=FormBroughtBack())
        # past what saves: a form with a refusal is never valid
        return super(DocumentWritesAdmin, self).changeform_view(
            request, object_id, form_url, extra_context
        )

    def changelist_view(self, request: AdminRequest, extra_context: Any = None) -> Any:
        """Show the page of an action that was asked for too late, or else the list."""
        read_as_typed(request)
        return super().changelist_view(request, extra_context)

    def authorize_operation(self, request: AdminRequest, operation: AdminOperation[Any]) -> None:
        """Authorize nothing while a form is merely shown."""
        if request.is_brought_back:
            raise FormBroughtBack
        super().authorize_operation(request, operation)

    # -- deleting
    def delete_model(self, request: AdminRequest, obj: Any) -> None:
        """Delete the document with its event in one transaction."""
        operation = request.operation
        operation.documents = [obj]
        self.authorize_operation(request, operation)
        operation.demand_authorized()
        with self.around_writing(request, operation):
            self.remove(request, operation)

    def remove(self, request: AdminRequest, operation: AdminOperation[Any]) -> None:
        """Delete the document and record it; the operation is authorized."""
        document = operation.document

        def build(writes: Transaction) -> None:
            writes.delete(document)
            event = audit.event(self.events[OperationKind.DELETE], **self.audit_facts(document))
            writes.create(event)

        self.commit(request, operation, build)

    # -- actions
    @admin.action(description="Delete the chosen %(verbose_name_plural)s", permissions=["delete"])
    def delete_chosen(self, request: AdminRequest, queryset: Any) -> HttpResponse | None:
        """Ask, then delete each chosen document by itself; name those that are refused."""
        operation = AdminOperation(OperationKind.DELETE, list(queryset))
        lines, _, _, _ = self.get_deleted_objects(queryset, request)

        page = self.confirm(request, operation, f"Delete {len(queryset)}", lines)
        if page is None:
            self.apply_to_each(request, operation, self.remove, "deleted")
        return page

    def apply_to_each(
        self,
        request: AdminRequest,
        operation: AdminOperation[Any],
        apply: ApplyOperation,
        done: str,
    ) -> None:
        """Apply an authorized operation to each of its documents, as it is now, one by one.

        `apply` gets the operation on the one document. What was `done`, and what was refused, is
        shown as messages.
        """
        operation.demand_authorized()
        with self.around_writing(request, operation):
            count = self._apply_one_by_one(request, operation, apply)
            if count:
                messages.success(request, f"{count} {done}.")

    def _apply_one_by_one(
        self, request: AdminRequest, operation: AdminOperation[Any], apply: ApplyOperation
    ) -> int:
        """Return to how many documents it was applied; show why not to the others."""
        count = 0
        for chosen in operation.documents:
            try:
                # read again: the list may come from a cache, and the confirmation took its time
                document = self.get_object(request, chosen.pk)
                if document is None:
                    raise Conflict("It was deleted meanwhile.")
                apply(request, operation.for_document(document))
                count += 1
            except CooperError as error:
                name_request(request, error)
                messages.error(request, f"{chosen}: {error.message}")
        return count

    # -- history: cooper's audit log, not Django's
    def construct_change_message(
        self, request: Any, form: Any, formsets: Any, add: bool = False
    ) -> list[Any]:
        """Nothing: the event has been written with the change."""
        return []

    def log_addition(self, request: Any, obj: Any, message: Any) -> Any:
        """Do nothing: the event has been written with the change."""

    def log_change(self, request: Any, obj: Any, message: Any) -> Any:
        """Do nothing: the event has been written with the change."""

    def log_deletions(self, request: Any, queryset: Any) -> Any:
        """Do nothing: the event is written with the deletion."""

    def history_of(self, obj: Document) -> Iterable[AuditEvent]:
        """Return the newest events of a document, newest first, where events name it."""
        return []

    def history_view(self, request: AdminRequest, object_id: str, extra_context: Any = None) -> Any:
        """Show what happened to a document; that it was looked at is an event itself."""
        document = self.get_object(request, unquote(object_id))
        if document is None:
            return self.redirect_missing(request, object_id)

        viewed = f"history of {self.opts.verbose_name} {document.pk}"
        audit.record(Event.AUDIT_VIEWED, asked=viewed[:500])
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {document}",
            "object": document,
            "opts": self.opts,
            "entries": history.entries(self.history_of(document)),
            "has_view_permission": self.has_view_permission(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def change_url(self, obj: Document) -> str:
        """Return the address of a document's form."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=(quote(obj.pk),), current_app=self.admin_site.name)
