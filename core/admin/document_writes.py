"""Forms of documents, and the one transaction that a saved form comes to."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import flatten_fieldsets
from django.http import HttpResponse

from core import audit
from core.admin.document_source import DocumentSourceAdmin
from core.admin.form_steps import (
    demand_impact_seen,
    is_to_be_corrected,
    shown_form_status,
    step_context,
    without_fields,
)
from core.admin.forms import DocumentForm
from core.admin.meta import dangers_of
from core.admin.operations import (
    AdminOperation,
    AdminRequest,
    FormChanges,
    OperationKind,
    form_kind,
)
from core.audit import AuditEvent, Event
from core.dynamo import AlreadyExists, Document, Transaction, transaction
from core.error_pages import name_request
from core.errors import CooperError, Invalid

Build = Callable[[Transaction], None]
"""Puts writes into a transaction; may be called several times, each time with a new one."""


class DocumentWritesAdmin(DocumentSourceAdmin):
    """A ModelAdmin that shows and saves forms of documents.

    A POST of a form goes through these steps:

    1. `changeform_view` begins the `AdminOperation` that travels along as `request.operation`.
    2. Django makes a form class for this one request (`get_form`). The operation is an attribute of
       that class, because Django alone makes the form and passes nothing of ours to it.
    3. The form is validated. It is not valid if somebody else saved the document since it was
       shown, or if the operation has a `refusal`.
    4. Of a valid form Django calls `save_form`, `save_model` and `save_related`. The last one,
       where the inline rows are there too, calls `save_document`, which lists the steps of a save.
    5. Any of those steps may raise a CooperError; nothing has been written then. It becomes the
       operation's `refusal`, and Django processes the same POST once more, from step 2: now the
       form is not valid, so it is shown again with all that was typed, and nothing is saved.
    6. `render_change_form` shows it, with the status of `shown_form_status`.

    A form whose ModelAdmin has a `preview_impact` has two steps: the first one shows what it does,
    the second one begins with that, the code and the button that saves.
    """

    form: type[DocumentForm] = DocumentForm
    events: ClassVar[dict[str, Event]] = {}
    """What is recorded, by kind of operation."""

    @property
    def previews(self) -> bool:
        """Whether a form says who gains and who loses by it before it is saved."""
        return type(self).preview_impact is not DocumentWritesAdmin.preview_impact

    # -- hooks, in the order of their use
    def extra_form_fields(
        self, request: AdminRequest, operation: AdminOperation[Any]
    ) -> dict[str, forms.Field]:
        """Fields that the operation asks for beside the document's own, such as a one-time code."""
        return {}

    def preview_impact(self, request: AdminRequest, operation: AdminOperation[Any]) -> list[str]:
        """Return who gains and who loses what by the form, a line each; write nothing.

        The form is saved once these lines were seen.
        """
        return []

    def precheck_operation(self, request: AdminRequest, operation: AdminOperation[Any]) -> None:
        """Refuse what `authorize_operation` is sure to refuse; use nothing up."""

    def prepare(self, request: AdminRequest, operation: AdminOperation[Any]) -> Any:
        """Do what has to be done before writing (ask AWS, encrypt); return what was found out.

        Raises Invalid to show an error on its field. Writes nothing: it is not authorized yet.
        """

    def authorize_operation(self, request: AdminRequest, operation: AdminOperation[Any]) -> None:
        """Decide by `operation.given` whether it may happen; raise a CooperError when not.

        An override ends with `super()`. Here, and nowhere else, the operation becomes authorized,
        so an override that forgets that lets nothing be written.
        """
        operation.authorized = True

    def write(
        self, request: AdminRequest, operation: AdminOperation[Any], writes: Transaction
    ) -> None:
        """Put all of it into the transaction, with its events; may be called several times."""
        if operation.is_adding:
            writes.create(operation.document)
        else:
            writes.save(operation.document)

        for row in operation.changes.rows_to_save:
            writes.save(row)
        for row in operation.changes.rows_to_delete:
            writes.delete(row)

        for event in self.audit_events(request, operation):
            writes.create(event)

    def audit_events(
        self, request: AdminRequest, operation: AdminOperation[Any]
    ) -> list[AuditEvent]:
        """Return the events of a form that was saved."""
        kind = self.events[operation.kind]
        facts = self.audit_facts(operation.document)
        return [audit.event(kind, changes=operation.changes.before_and_after, **facts)]

    def audit_facts(self, document: Document) -> dict[str, Any]:
        """Return what every event says of a document; override it to name the target."""
        return {"object": document.pk}

    def commit(self, request: AdminRequest, operation: AdminOperation[Any], build: Build) -> None:
        """Write what `build` puts into a transaction."""
        with transaction() as writes:
            build(writes)

    def around_writing(
        self, request: AdminRequest, operation: AdminOperation[Any]
    ) -> AbstractContextManager[None]:
        """Return what surrounds the writing of a form, a deletion or an action as a whole.

        At its end everything is saved: nothing may be raised then.
        """
        return nullcontext()

    def duplicate_message(self, document: Document) -> str:
        """Return what is said on the key's field when there is one with this key already."""
        return f"This {self.opts.verbose_name} exists already."

    # -- the form
    def form_class(self, request: AdminRequest, obj: Any = None) -> type[DocumentForm]:
        """Return the form class that declares the fields; override it where documents differ."""
        return self.form

    def get_fields(self, request: AdminRequest, obj: Any = None) -> Any:
        """Return the fields that are named, or those that the form declares."""
        if self.fields:
            return self.fields

        declared = self.form_class(request, obj).base_fields
        return [*declared, *self.get_readonly_fields(request, obj)]

    def document_fieldsets(self, request: AdminRequest, obj: Any = None) -> Any:
        """Return the sets of the document's fields; override it where documents differ."""
        return self.fieldsets or [(None, {"fields": self.get_fields(request, obj)})]

    def get_fieldsets(self, request: AdminRequest, obj: Any = None) -> Any:
        """Put the operation's own fields into a set at the end."""
        fieldsets = list(self.document_fieldsets(request, obj))
        # Django asks for the fieldsets before anything else that is about the stored document
        _set_form_operation(request, obj)
        operation = request.operation
        last_fields = list(self.extra_form_fields(request, operation))
        if operation.is_previewed and operation.lost_secrets:
            fieldsets = without_fields(operation.lost_secrets, fieldsets)
            last_fields = [*operation.lost_secrets, *last_fields]

        if last_fields:
            fieldsets.append(("Confirm", {"fields": last_fields}))
        return fieldsets

    def get_form(self, request: AdminRequest, obj: Any = None, **named: Any) -> Any:
        """Make a form class with the fields of `get_fieldsets` and those of the operation."""
        names = named.get("fields")
        if names is None:
            names = flatten_fieldsets(self.get_fieldsets(request, obj))

        operation = request.operation
        extra_fields = self.extra_form_fields(request, operation)
        readonly = set(self.get_readonly_fields(request, obj))
        base = self.form_class(request, obj)

        fields = {}
        for name in names:
            if name in readonly or name in extra_fields:
                continue
            fields[name] = base.base_fields.get(name) or self._derived_field(name)

        # as Django's forms have it: None takes a declared field away
        hidden = dict.fromkeys(set(base.base_fields) - set(fields))
        members: dict[str, Any] = {
            **hidden,
            **fields,
            **extra_fields,
            "document_class": self.model,
            "operation": operation,
            "operation_fields": frozenset(extra_fields),
        }
        form_metaclass: Any = type(base)
        return form_metaclass(f"{self.model.__name__}Form", (base,), members)

    def _derived_field(self, name: str) -> Any:
        """Return the form field for an attribute that the form does not declare."""
        return self.opts.get_field(name).formfield()

    def get_formset_kwargs(
        self, request: AdminRequest, obj: Any, inline: Any, prefix: str
    ) -> dict[str, Any]:
        """Give the inline formset the rows that are stored."""
        arguments: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        arguments["queryset"] = ()
        if obj is not None and obj.version is not None:
            arguments["queryset"] = inline.rows_under(request, obj)
        return arguments

    def get_inline_formsets(
        self, request: AdminRequest, formsets: Any, *arguments: Any, **named: Any
    ) -> Any:
        """Let the rows under a document that changed meanwhile say what they are now."""
        if request.operation.is_stale:
            # in place: Django counts the errors of this very list afterwards
            formsets[:] = [formset.with_stored_rows() for formset in formsets]
        return super().get_inline_formsets(request, formsets, *arguments, **named)

    # -- showing and saving it
    def changeform_view(
        self,
        request: AdminRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Show or save the form; a refusal is shown on the form, with all that was typed."""
        operation: AdminOperation[Any] = AdminOperation(form_kind(object_id))
        request.operation = operation
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except CooperError as error:
            if request.method != "POST":
                raise

            name_request(request, error)
            operation.refusal = error
            operation.authorized = False

        # the form reads the refusal, is not valid by it, and so is shown again
        return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self, request: AdminRequest, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show the form, with a status that tells tools what has become of it."""
        operation = request.operation
        form = context["adminform"].form
        context["dangers"] = dangers_of(context["original"]) if context["original"] else []
        context |= step_context(operation, form, previews=self.previews)

        if request.method == "POST":
            form.ask_for_secrets_again()
        if not is_to_be_corrected(operation):
            # there is something to be looked at
            context["errors"] = []

        response: HttpResponse = super().render_change_form(request, context, *arguments, **named)
        response.status_code = shown_form_status(request)
        return response

    def save_form(self, request: AdminRequest, form: Any, change: bool) -> Document:
        """Put what was typed into the document; nothing is written yet."""
        document: Document = form.save(commit=False)
        return document

    def save_model(self, request: AdminRequest, obj: Any, form: Any, change: bool) -> None:
        """Write nothing yet: in `save_related`, which Django calls next, the rows are there too."""

    def save_related(self, request: AdminRequest, form: Any, formsets: Any, change: bool) -> None:
        """Put what was typed into the operation, and save it if anything was changed."""
        operation = request.operation
        operation.documents = [form.instance]
        operation.given = {name: form.cleaned_data[name] for name in form.operation_fields}
        operation.lost_secrets = form.lost_secrets()
        operation.changes = FormChanges(form.cleaned_data, form.before_and_after())
        for formset in formsets:
            formset.add_changes(operation.changes)

        if operation.writes_anything:
            self.save_document(request, operation)

    def save_document(self, request: AdminRequest, operation: AdminOperation[Any]) -> None:
        """Save a valid form, step by step; the order matters. Raise a CooperError to refuse it."""
        # 1. whoever saves has seen who gains and who loses what by it
        operation.impact = self.preview_impact(request, operation)
        operation.is_previewed = self.previews
        demand_impact_seen(request, operation)

        # 2. AWS is not asked for a form that is going to be refused
        self.precheck_operation(request, operation)

        # 3. what has to be known before writing: AWS is asked, secrets are encrypted
        operation.prepared = self.prepare(request, operation)

        # 4. a code is looked at last, so that a mistake elsewhere uses none up
        self.authorize_operation(request, operation)
        operation.demand_authorized()

        # 5. the document, its rows and the events, in one transaction
        self._commit_form(request, operation)

    def _commit_form(self, request: AdminRequest, operation: AdminOperation[Any]) -> None:
        """Commit what `write` builds; raise Invalid on the key's field if the key is taken."""

        def build(writes: Transaction) -> None:
            self.write(request, operation, writes)

        try:
            with self.around_writing(request, operation):
                self.commit(request, operation, build)
        except AlreadyExists as error:
            if error.document is not operation.document:
                raise
            message = self.duplicate_message(operation.document)
            raise Invalid(message, field=self.model.key_names()[0]) from error

    def message_user(
        self, request: AdminRequest, message: Any, *arguments: Any, **named: Any
    ) -> None:
        """Say how a form went; what was not changed is not said to have been."""
        operation = request.operation
        # Django also tells so that there is no such document: then the form had none
        has_saved_form = operation.kind == OperationKind.CHANGE and bool(operation.documents)
        if has_saved_form and not operation.writes_anything:
            messages.info(request, "Nothing was changed.")
        else:
            super().message_user(request, message, *arguments, **named)


def _set_form_operation(request: AdminRequest, obj: Any) -> None:
    """Let the form's operation be about the document as it is stored; None: a new one."""
    operation = request.operation
    operation.kind = form_kind(obj)
    operation.documents = []
    if obj is not None:
        operation.documents = [obj]
